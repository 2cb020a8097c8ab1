"""Variants of a pipeline: combinations of parameter values that are compared as pipelines."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bci_dann._validation import check_option
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.config.pipeline_parameters import with_parameters
from bci_dann.exceptions import ConfigError

__all__ = ["Variants", "expand_variants"]

# pipeline -> parameter -> values to compare
Variants = Mapping[str, Mapping[str, Sequence[Any]]]


def expand_variants(
    specs: Sequence[PipelineSpec], variants: Variants, *, set_by: str = ""
) -> list[PipelineSpec]:
    """Replace each pipeline that has variants by its variants.

    Parameters
    ----------
    specs : sequence of PipelineSpec
        The pipelines of a run; not changed.
    variants : mapping of str to mapping of str to sequence
        Values of parameters, by pipeline; each combination is a variant, and
        the last parameter varies fastest.
    set_by : str
        Origin of the variants, for messages.

    Returns
    -------
    list of PipelineSpec
        Pipelines in the order of ``specs``. Variants have names such as
        ``reweight_ts[classifier=kmm,alignment=none]``.

    Raises
    ------
    ConfigError
        When a pipeline is not among ``specs``, a parameter is unknown, or two variants are the
        same.
    """
    names = [spec.name for spec in specs]
    for name in variants:
        check_option("each key of variants, which expands one of the pipelines,", name, names)
    expanded = [
        variant
        for spec in specs
        for variant in _variants_of(spec, variants.get(spec.name, {}), set_by)
    ]
    for name, count in Counter(variant.name for variant in expanded).items():
        if count > 1:
            raise ConfigError(f"variants: {name} comes {count} times. List each value once.")
    return expanded


def _variants_of(
    spec: PipelineSpec, values: Mapping[str, Sequence[Any]], set_by: str
) -> list[PipelineSpec]:
    if not values:
        return [spec]
    combinations = itertools.product(*values.values())
    settings = [dict(zip(values, combination, strict=True)) for combination in combinations]
    return [
        replace(with_parameters(spec, setting, set_by=set_by), name=_variant_name(spec, setting))
        for setting in settings
    ]


def _variant_name(spec: PipelineSpec, setting: Mapping[str, Any]) -> str:
    return f"{spec.name}[{','.join(f'{key}={_as_text(setting[key])}' for key in setting)}]"


def _as_text(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, default=str)
