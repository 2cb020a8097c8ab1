"""Methods inside methods that are named by their pipeline: their classes and parameters in full."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bci_dann.evaluation.config.module_source import definition_of
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.exceptions import ConfigError

__all__ = ["with_members"]

# Parameters that hold several methods, and one.
MEMBERS, METHOD = "members", "method"
OURS = "bci_dann.estimators"

Load = Callable[[str], PipelineSpec]


def with_members(spec: PipelineSpec, load: Load) -> PipelineSpec:
    """Return the pipeline with the definitions of pipelines in the place of their names.

    A record's key thus changes with the file of a member, and building the ensemble reads none.

    Parameters
    ----------
    spec : PipelineSpec
        A pipeline, which is left as it is. Its methods of this package may have a parameter
        ``members``, a list of methods, each perhaps in a pair with its weight, or ``method``.
    load : callable
        Returns the content of the pipeline file of a name.

    Returns
    -------
    PipelineSpec
        Where a member is the name of a pipeline, it becomes ``{name: CLASS, **parameters}``.

    Raises
    ------
    ConfigError
        When there is no such pipeline, or it does not consist of one method.
    """
    definition = tuple(_with_members(step, spec.name, load) for step in spec.definition)
    return spec if definition == spec.definition else replace(spec, definition=definition)


def _with_members(step: Mapping[str, Any], pipeline: str, load: Load) -> dict[str, Any]:
    parameters = dict(step["parameters"])
    if step["from"] != OURS:
        return dict(step)
    if isinstance(parameters.get(MEMBERS), list | tuple):
        parameters[MEMBERS] = [_described_entry(one, pipeline, load) for one in parameters[MEMBERS]]
    if METHOD in parameters:
        parameters[METHOD] = _described(parameters[METHOD], pipeline, load)
    return {**step, "parameters": parameters}


def _described_entry(entry: Any, pipeline: str, load: Load) -> Any:
    if isinstance(entry, list | tuple) and entry:
        return [_described(entry[0], pipeline, load), *entry[1:]]
    return _described(entry, pipeline, load)


def _described(member: Any, pipeline: str, load: Load) -> Any:
    """Return a member's class and parameters, where it is the name of a pipeline."""
    is_name = isinstance(member, str) and ":" not in member
    if not is_name or definition_of(OURS, member) is not None:
        return member
    spec = with_members(load(member), load)
    if len(spec.definition) != 1:
        raise ConfigError(
            f"pipeline {pipeline}: the member {member!r} consists of {len(spec.definition)} steps; "
            f"a member is one method. Its file is {spec.source}."
        )
    (step,) = spec.definition
    name = step["name"] if step["from"] == OURS else f"{step['from']}:{step['name']}"
    return {"name": name, **step["parameters"]}
