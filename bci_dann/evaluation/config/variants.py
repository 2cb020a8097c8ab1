"""Settings of one pipeline to be compared, each a pipeline of its own."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bci_dann._validation import check_option
from bci_dann.evaluation.config.pipeline_builder import with_parameters
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.exceptions import ConfigError

__all__ = ["Variants", "expanded"]

# pipeline -> parameter -> values to compare
Variants = Mapping[str, Mapping[str, Sequence[Any]]]


def expanded(specs: Sequence[PipelineSpec], variants: Variants) -> list[PipelineSpec]:
    """Return the pipelines with each one that has variants replaced by them.

    Parameters
    ----------
    specs : sequence of PipelineSpec
        The pipelines of a run; they are left as they are.
    variants : mapping of str to mapping of str to sequence
        For a pipeline's name the values of its parameters; every combination is a variant,
        the last parameter varying fastest.

    Returns
    -------
    list of PipelineSpec
        In the order of ``specs``. Variants are named like
        ``reweight_ts[classifier=kmm,alignment=none]``.

    Raises
    ------
    ConfigError
        When a pipeline is not among ``specs``, a parameter is unknown, or a variant comes
        twice.
    """
    names = [spec.name for spec in specs]
    for name in variants:
        check_option("each key of variants, which expands one of the pipelines,", name, names)
    found = [one for spec in specs for one in _variants(spec, variants.get(spec.name, {}))]
    for name, count in Counter(one.name for one in found).items():
        if count > 1:
            raise ConfigError(f"variants: {name} comes {count} times. List each value once.")
    return found


def _variants(spec: PipelineSpec, values: Mapping[str, Sequence[Any]]) -> list[PipelineSpec]:
    if not values:
        return [spec]
    settings = [
        dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())
    ]
    changed = [(with_parameters(spec, setting), setting) for setting in settings]
    return [PipelineSpec(_name(spec.name, how), one.definition) for one, how in changed]


def _name(name: str, setting: Mapping[str, Any]) -> str:
    return f"{name}[{','.join(f'{key}={_written(value)}' for key, value in setting.items())}]"


def _written(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, default=str)
