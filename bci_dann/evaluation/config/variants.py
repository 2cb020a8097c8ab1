"""Variants of a pipeline: settings of parameters that are compared as pipelines of their own."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from bci_dann._validation import check_option
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.config.pipeline_parameters import with_parameters
from bci_dann.exceptions import ConfigError

__all__ = ["VariantSettings", "Variants", "expand_variants"]

# By pipeline: values by parameter, of which each combination is a variant; or a list of variants,
# each with its parameters.
Variants = Mapping[str, Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]]]

# The same for one pipeline, as checked in a configuration.
Combinations = Annotated[dict[str, Annotated[list[Any], Field(min_length=1)]], Field(min_length=1)]
Listed = Annotated[list[dict[str, Any]], Field(min_length=1)]
VariantSettings = Annotated[
    Annotated[Combinations, Tag("<combinations>")] | Annotated[Listed, Tag("<list>")],
    Discriminator(lambda content: "<list>" if isinstance(content, list) else "<combinations>"),
]


def expand_variants(
    specs: Sequence[PipelineSpec], variants: Variants, *, set_by: str = ""
) -> list[PipelineSpec]:
    """Replace each pipeline that has variants by its variants.

    Parameters
    ----------
    specs : sequence of PipelineSpec
        The pipelines of a run; not changed.
    variants : mapping of str to mapping of str to sequence, or to sequence of mapping
        By pipeline, either values of parameters, where each combination is a variant and the last
        parameter varies fastest; or the parameters of each variant. A variant without parameters
        is the pipeline itself, with its name.
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
    spec: PipelineSpec,
    settings: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]],
    set_by: str,
) -> list[PipelineSpec]:
    if isinstance(settings, Mapping):
        combinations = itertools.product(*settings.values())
        settings = [dict(zip(settings, values, strict=True)) for values in combinations]
    return [
        replace(with_parameters(spec, setting, set_by=set_by), name=_variant_name(spec, setting))
        if setting
        else spec
        for setting in settings
    ]


def _variant_name(spec: PipelineSpec, setting: Mapping[str, Any]) -> str:
    return f"{spec.name}[{','.join(f'{key}={_as_text(setting[key])}' for key in setting)}]"


def _as_text(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, default=str)
