"""From the description of a pipeline to a scikit-learn estimator, checked before training."""

from __future__ import annotations

import copy
import importlib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from bci_dann._validation import did_you_mean
from bci_dann.evaluation.config.code_fingerprint import own_code
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.exceptions import ConfigError

__all__ = ["build", "wants_target", "with_defaults", "with_parameters"]

Parameters = Mapping[str, Any]


def with_parameters(
    spec: PipelineSpec, parameters: Parameters, strict: bool = True
) -> PipelineSpec:
    """Return the pipeline with other values for some of its steps' parameters.

    Parameters
    ----------
    spec : PipelineSpec
        The pipeline to start from; it is left as it is.
    parameters : mapping of str to object
        New values. Each goes to every step that has a parameter of this name.
    strict : bool
        Whether a name that no step has is an error; otherwise it is passed over.

    Returns
    -------
    PipelineSpec

    Raises
    ------
    ConfigError
        When ``strict`` and no step has a parameter of this name.
    """
    definition = copy.deepcopy(spec.definition)
    accepted = [_parameter_names(_component_class(step, spec.name)) for step in definition]
    for name, value in parameters.items():
        takers = [s for s, names in zip(definition, accepted, strict=True) if name in names]
        if strict and not takers:
            raise _unknown_parameter(spec.name, name, sorted(set().union(*accepted)))
        for step in takers:
            step["parameters"][name] = value
    return PipelineSpec(spec.name, definition)


def with_defaults(spec: PipelineSpec) -> PipelineSpec:
    """Return the pipeline with the parameters written out that its file leaves to the classes.

    A record's key thus changes with a default, and a table says what was really run. Where a
    step is of the user's own code, a digest of it is noted, so that it changes with that, too.

    Parameters
    ----------
    spec : PipelineSpec
        The pipeline; it is left as it is.

    Returns
    -------
    PipelineSpec
    """
    definition = tuple(
        {**step, "parameters": {**_plain_defaults(step, spec.name), **step["parameters"]}}
        for step in spec.definition
    )
    noted = [(step, own_code(step)) for step in definition]
    return PipelineSpec(
        spec.name, tuple({**step, "code": code} if code else step for step, code in noted)
    )


def build(spec: PipelineSpec, seed: int | None = None, overrides: Parameters | None = None) -> Any:
    """Build the estimator that a pipeline describes.

    Parameters
    ----------
    spec : PipelineSpec
        What to build.
    seed : int or None
        Becomes ``random_state`` of every step that has one, whatever the file says.
        ``None`` leaves the file's values.
    overrides : mapping of str to object, or None
        As in :func:`with_parameters`.

    Returns
    -------
    estimator
        The step itself where there is one only, else a scikit-learn pipeline.

    Raises
    ------
    ConfigError
        When a class cannot be imported, a parameter is unknown or wrong, the result gives
        no probabilities, or a step stands before an estimator that learns from the target.
    """
    from sklearn.pipeline import make_pipeline

    definition = with_parameters(spec, overrides or {}).definition
    steps = [_build_step(step, spec.name) for step in definition]
    estimator = steps[0] if len(steps) == 1 else make_pipeline(*steps)
    _check_steps(spec.name, steps, estimator)
    if seed is not None:
        _set_seed(estimator, seed)
    return estimator


def wants_target(estimator: Any) -> bool:
    """Whether ``fit`` asks for the target's unlabelled trials.

    Parameters
    ----------
    estimator : estimator
        Any scikit-learn estimator.

    Returns
    -------
    bool
        True when it requests the metadata ``X_target_unlabeled``, as MOABB's transfer
        protocols have it.
    """
    from sklearn.utils.metadata_routing import get_routing_for_object

    fit = getattr(get_routing_for_object(estimator), "fit", None)
    return fit is not None and fit.requests.get("X_target_unlabeled") is True


def trains_network(estimator: Any) -> bool:
    """Whether ``fit`` trains a network, which can be trained together with others.

    Parameters
    ----------
    estimator : estimator
        Any scikit-learn estimator.

    Returns
    -------
    bool
    """
    from bci_dann.estimators import NetworkClassifier

    return isinstance(estimator, NetworkClassifier) and estimator.trains_network


def _build_step(step: Parameters, where: str) -> Any:
    component = _component_class(step, where)
    names = _parameter_names(component)
    for name in step["parameters"]:
        if name not in names:
            raise _unknown_parameter(f"{where}: {component.__name__}", name, names)
    try:
        instance = component(**step["parameters"])
        if hasattr(instance, "_parameter_constraints"):
            instance._validate_params()  # scikit-learn's own check, else only made in fit
        if hasattr(instance, "check_parameters"):
            instance.check_parameters()  # likewise, of our own estimators
    except (TypeError, ValueError) as error:
        raise ConfigError(f"pipeline {where}: {component.__name__}: {error}") from error
    return instance


def _component_class(step: Parameters, where: str) -> Any:
    try:
        module = importlib.import_module(step["from"])
    except ImportError as error:
        raise ConfigError(
            f"pipeline {where}: the module {step['from']!r} cannot be imported: {error}. "
            "Correct `from`, or install the package."
        ) from error
    try:
        return getattr(module, step["name"])
    except AttributeError:
        hint = did_you_mean(step["name"], dir(module))
        raise ConfigError(
            f"pipeline {where}: {step['from']} has no class {step['name']!r}.{hint}"
        ) from None


class _Everything(list[str]):
    """Names of a callable that takes any keyword."""

    def __contains__(self, name: object) -> bool:
        return True


def _plain_defaults(step: Parameters, where: str) -> dict[str, Any]:
    """Return the defaults of a step's class that can be written down."""
    parameters = inspect.signature(_component_class(step, where)).parameters.values()
    plain = (type(None), bool, int, float, str)
    return {p.name: p.default for p in parameters if isinstance(p.default, plain)}


def _parameter_names(component: Any) -> list[str]:
    parameters = inspect.signature(component).parameters.values()
    names = [p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    return _Everything(names) if takes_any else names


def _unknown_parameter(where: str, name: str, names: Sequence[str]) -> ConfigError:
    return ConfigError(
        f"pipeline {where} has no parameter {name!r}.{did_you_mean(name, names)} "
        f"Known parameters: {', '.join(names) or 'none'}."
    )


def _check_steps(name: str, steps: list[Any], estimator: Any) -> None:
    for step in steps[1:]:
        if wants_target(step):
            raise ConfigError(
                f"pipeline {name}: {type(step).__name__} learns from the target, whose trials "
                "would not pass through the steps before it. Let it be the only step."
            )
    if not hasattr(estimator, "predict_proba"):
        raise ConfigError(
            f"pipeline {name}: {type(steps[-1]).__name__} gives no probabilities, which the "
            "records need. Use a classifier with predict_proba (for SVC: probability: true)."
        )


def _set_seed(estimator: Any, seed: int) -> None:
    names = estimator.get_params(deep=True)
    seeded = [n for n in names if n == "random_state" or n.endswith("__random_state")]
    estimator.set_params(**dict.fromkeys(seeded, seed))
