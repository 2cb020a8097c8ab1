"""Parameters of a pipeline: replacement, and completion by the defaults of its classes."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bci_dann._validation import did_you_mean
from bci_dann.evaluation.config.code_fingerprint import user_code_fingerprint
from bci_dann.evaluation.config.constructor import constructor_of, defaults_of
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.exceptions import ConfigError

__all__ = [
    "accepted_parameters",
    "check_parameter_names",
    "unknown_parameter",
    "with_defaults",
    "with_parameters",
]


def with_parameters(
    spec: PipelineSpec, parameters: Mapping[str, Any], *, set_by: str = ""
) -> PipelineSpec:
    """Return the pipeline with other values of some parameters.

    Parameters
    ----------
    spec : PipelineSpec
        The original pipeline; not changed.
    parameters : mapping of str to object
        New values, which are set in all steps that have a parameter of this name.
    set_by : str
        Origin of the values for messages, for example ``"mine.yaml: variants"``.

    Returns
    -------
    PipelineSpec
        The pipeline with the new values.

    Raises
    ------
    ConfigError
        When no step has a parameter of this name.
    """
    definition = copy.deepcopy(spec.definition)
    constructors = [constructor_of(step, spec.name) for step in definition]
    for name, value in parameters.items():
        steps = [
            step
            for step, constructor in zip(definition, constructors, strict=True)
            if constructor.accepts(name)
        ]
        if not steps:
            known = sorted({known for one in constructors for known in one.names})
            raise unknown_parameter(spec.name, name, known)
        for step in steps:
            step["parameters"][name] = value
    origins = {**spec.set_by, **dict.fromkeys(parameters, set_by)}
    return replace(spec, definition=definition, set_by=origins)


def accepted_parameters(spec: PipelineSpec, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that at least one step of the pipeline has.

    Parameters
    ----------
    spec : PipelineSpec
        The pipeline.
    parameters : mapping of str to object
        Values by parameter.

    Returns
    -------
    dict of str to object
        The parameters that :func:`with_parameters` accepts for this pipeline.

    Raises
    ------
    ConfigError
        When a step's class does not exist.
    """
    constructors = [constructor_of(step, spec.name) for step in spec.definition]
    return {
        name: value
        for name, value in parameters.items()
        if any(constructor.accepts(name) for constructor in constructors)
    }


def with_defaults(spec: PipelineSpec) -> PipelineSpec:
    """Return the pipeline with the defaults of all parameters that are not in its file.

    The key of a record then changes with a default, and the results folder contains all settings.
    For user-defined code a digest is added, so that the key also changes with the code.

    Parameters
    ----------
    spec : PipelineSpec
        The pipeline; not changed.

    Returns
    -------
    PipelineSpec
        The pipeline with all defaults that YAML supports, and with ``code`` in user-defined steps.

    Raises
    ------
    ConfigError
        When a step's class does not exist.
    """
    return replace(spec, definition=tuple(_complete(step, spec.name) for step in spec.definition))


def check_parameter_names(spec: PipelineSpec) -> None:
    """Raise an error if the class of a step does not have a parameter.

    Parameters
    ----------
    spec : PipelineSpec
        The pipeline. Its classes are not imported if their parameters can be read from the source.

    Raises
    ------
    ConfigError
        When a parameter is unknown; with the pipeline, the class and the most similar parameter.
    """
    for step in spec.definition:
        constructor = constructor_of(step, spec.name)
        for name in step["parameters"]:
            if not constructor.accepts(name):
                raise unknown_parameter(f"{spec.name}: {step['name']}", name, constructor.names)


def unknown_parameter(where: str, name: str, known: Sequence[str]) -> ConfigError:
    """Return the error for an unknown parameter.

    Parameters
    ----------
    where : str
        The pipeline, or the pipeline and its class.
    name : str
        The parameter that was given.
    known : sequence of str
        The existing parameters.

    Returns
    -------
    ConfigError
        The error, to be raised by the caller.
    """
    return ConfigError(
        f"pipeline {where} has no parameter {name!r}.{did_you_mean(name, known)} "
        f"Known parameters: {', '.join(known) or 'none'}."
    )


def _complete(step: Mapping[str, Any], pipeline: str) -> dict[str, Any]:
    parameters = {**defaults_of(step, pipeline), **step["parameters"]}
    complete = {**step, "parameters": parameters}
    code = user_code_fingerprint(complete)
    return {**complete, "code": code} if code else complete
