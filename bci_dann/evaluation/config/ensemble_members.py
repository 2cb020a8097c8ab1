"""Members of ensembles given by the name of a pipeline: replaced by class and parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bci_dann.evaluation.config.module_source import definition_of
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.exceptions import ConfigError

__all__ = ["with_members"]

# Names of parameters that are a list of methods, and a single method.
MEMBERS, METHOD = "members", "method"
ESTIMATORS_MODULE = "bci_dann.estimators"

Load = Callable[[str], PipelineSpec]


def with_members(spec: PipelineSpec, load: Load) -> PipelineSpec:
    """Return a pipeline in which names of member pipelines are replaced by their definitions.

    The key of a record then changes with the pipeline file of a member, and these files are not
    needed to build the ensemble.

    Parameters
    ----------
    spec : PipelineSpec
        A pipeline; not changed. Its methods of this package may have a parameter
        ``members``, a list of methods or of pairs of a method and its weight, or ``method``.
    load : callable
        Returns the content of the pipeline file of a name.

    Returns
    -------
    PipelineSpec
        The pipeline, in which the name of a pipeline becomes ``{name: CLASS, **parameters}``.

    Raises
    ------
    ConfigError
        When there is no such pipeline, or it does not consist of one method.
    """
    definition = tuple(_with_members(step, spec.name, load) for step in spec.definition)
    return spec if definition == spec.definition else replace(spec, definition=definition)


def _with_members(step: Mapping[str, Any], pipeline: str, load: Load) -> dict[str, Any]:
    parameters = dict(step["parameters"])
    if step["from"] != ESTIMATORS_MODULE:
        return dict(step)
    if isinstance(parameters.get(MEMBERS), list | tuple):
        parameters[MEMBERS] = [
            _entry_definition(one, pipeline, load) for one in parameters[MEMBERS]
        ]
    if METHOD in parameters:
        parameters[METHOD] = _member_definition(parameters[METHOD], pipeline, load)
    return {**step, "parameters": parameters}


def _entry_definition(entry: Any, pipeline: str, load: Load) -> Any:
    if isinstance(entry, list | tuple) and entry:
        return [_member_definition(entry[0], pipeline, load), *entry[1:]]
    return _member_definition(entry, pipeline, load)


def _member_definition(member: Any, pipeline: str, load: Load) -> Any:
    """Return class and parameters of a member that is the name of a pipeline."""
    is_name = isinstance(member, str) and ":" not in member
    if not is_name or definition_of(ESTIMATORS_MODULE, member) is not None:
        return member
    spec = with_members(load(member), load)
    if len(spec.definition) != 1:
        raise ConfigError(
            f"pipeline {pipeline}: the member {member!r} consists of {len(spec.definition)} steps; "
            f"a member is one method. Its file is {spec.source}."
        )
    (step,) = spec.definition
    name = step["name"] if step["from"] == ESTIMATORS_MODULE else f"{step['from']}:{step['name']}"
    return {"name": name, **step["parameters"]}
