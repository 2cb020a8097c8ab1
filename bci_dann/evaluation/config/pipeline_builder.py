"""Creation of the scikit-learn estimator of a pipeline, with checks."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bci_dann.evaluation.config.code_fingerprint import check_code_is_current
from bci_dann.evaluation.config.constructor import imported_class
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.config.pipeline_parameters import check_parameter_names, with_parameters
from bci_dann.evaluation.config.yaml_file import yaml_lines
from bci_dann.exceptions import BCIDannWarning, ConfigError

__all__ = ["BuildWarning", "build", "build_with_warnings", "trains_network", "wants_target"]

DEPRECATIONS = (DeprecationWarning, FutureWarning, PendingDeprecationWarning)


@dataclass(frozen=True)
class BuildWarning:
    """A warning raised by a class of a pipeline.

    Attributes
    ----------
    message : str
        The text of the warning.
    place : str
        The file or configuration that caused it.
    new_lines : str
        The recommended form as YAML, if the warning has an attribute ``new_form``.
    category : type of Warning
        :class:`~bci_dann.exceptions.BCIDannWarning` for warnings of this package's classes.
    """

    message: str
    place: str
    new_lines: str
    category: type[Warning]

    @property
    def text(self) -> str:
        """The message with its place and the new lines.

        Returns
        -------
        str
            The text for the user.
        """
        advice = f"\nWrite instead:\n{self.new_lines}" if self.new_lines else ""
        return f"{self.place}: {self.message}{advice}"


def build(
    spec: PipelineSpec, seed: int | None = None, overrides: Mapping[str, Any] | None = None
) -> Any:
    """Create the estimator of a pipeline.

    Parameters
    ----------
    spec : PipelineSpec
        The pipeline.
    seed : int or None
        ``random_state`` of all steps that have one, which overrides the value in the file.
        ``None`` keeps the values in the file.
    overrides : mapping of str to object, or None
        Other values for parameters of the steps.

    Returns
    -------
    estimator
        The estimator of a single step, or a scikit-learn pipeline of several steps.

    Raises
    ------
    ConfigError
        When a class cannot be imported, a parameter is unknown or wrong, the estimator has
        no ``predict_proba``, or a step precedes an estimator that uses target trials.

    See Also
    --------
    load_pipeline : Reads a pipeline file.
    bci_dann.estimators.build_method : A method by the name of its pipeline.

    Examples
    --------
    >>> from bci_dann.evaluation import PipelineSpec, build
    >>> step = {"name": "DANNClassifier", "from": "bci_dann.estimators", "parameters": {}}
    >>> model = build(PipelineSpec("mine", (step,)), seed=3, overrides={"max_epochs": 20})
    >>> model.random_state, model.max_epochs
    (3, 20)
    """
    estimator, build_warnings = build_with_warnings(with_parameters(spec, overrides or {}), seed)
    for warning in build_warnings:
        warnings.warn(warning.text, warning.category, stacklevel=2)
    return estimator


def build_with_warnings(
    spec: PipelineSpec, seed: int | None = None
) -> tuple[Any, tuple[BuildWarning, ...]]:
    """Create an estimator as in :func:`build`, and return its warnings instead of issuing them.

    Parameters
    ----------
    spec : PipelineSpec
        The pipeline.
    seed : int or None
        See :func:`build`.

    Returns
    -------
    estimator
        The estimator.
    build_warnings : tuple of BuildWarning
        Warnings without repetition.

    Raises
    ------
    ConfigError
        See :func:`build`.
    """
    from sklearn.pipeline import make_pipeline

    check_parameter_names(spec)
    build_warnings: dict[BuildWarning, None] = {}
    steps = []
    for step in spec.definition:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            steps.append(_build_step(step, spec.name))
        build_warnings |= dict.fromkeys(_build_warning(one, step, spec) for one in caught)
    estimator = steps[0] if len(steps) == 1 else make_pipeline(*steps)
    _check_steps(spec.name, steps, estimator)
    if seed is not None:
        _set_seed(estimator, seed)
    return estimator, tuple(build_warnings)


def wants_target(estimator: Any) -> bool:
    """Return whether ``fit`` requests unlabelled target trials.

    Parameters
    ----------
    estimator : estimator
        Any scikit-learn estimator.

    Returns
    -------
    bool
        True if it requests the metadata ``X_target_unlabeled`` of MOABB's transfer protocols.
    """
    from sklearn.utils.metadata_routing import get_routing_for_object

    fit = getattr(get_routing_for_object(estimator), "fit", None)
    return fit is not None and fit.requests.get("X_target_unlabeled") is True


def trains_network(estimator: Any) -> bool:
    """Return whether ``fit`` trains a network, which can be trained in a stack with others.

    Parameters
    ----------
    estimator : estimator
        Any scikit-learn estimator.

    Returns
    -------
    bool
        True only for estimators of this package that declare it.
    """
    from bci_dann.estimators import NetworkClassifier

    return isinstance(estimator, NetworkClassifier) and estimator.trains_network


def _build_step(step: Mapping[str, Any], pipeline: str) -> Any:
    component = imported_class(step, pipeline)
    try:
        instance = component(**step["parameters"])
        _check_own_method(instance)
        if hasattr(instance, "_parameter_constraints"):
            instance._validate_params()  # scikit-learn's own check, else only made in fit
        if hasattr(instance, "check_parameters"):
            instance.check_parameters()  # likewise, of our own estimators
    except (TypeError, ValueError) as error:
        raise ConfigError(f"pipeline {pipeline}: {component.__name__}: {error}") from error
    check_code_is_current(step)
    return instance


def _check_own_method(instance: Any) -> None:
    """Raise if a subclass of our base class is not complete, which only `fit` would show."""
    from bci_dann.estimators import TransferClassifier

    if not isinstance(instance, TransferClassifier):
        return
    needed = list(type(instance)._get_param_names())
    if type(instance).fit is TransferClassifier.fit:  # an ensemble has no alignment of its own
        needed.append("alignment")
    for name in needed:
        if not hasattr(instance, name):
            raise TypeError(
                f"its __init__ must have and store the parameter {name!r}, as self.{name}."
            )
    for public, own in (("fit", "fit_aligned"), ("predict_proba", "predict_proba_aligned")):
        has_own_public = getattr(type(instance), public) is not getattr(TransferClassifier, public)
        if not has_own_public and getattr(type(instance), own) is getattr(TransferClassifier, own):
            raise TypeError(f"it does not implement {own}.")


def _build_warning(
    caught: warnings.WarningMessage, step: Mapping[str, Any], spec: PipelineSpec
) -> BuildWarning:
    message, new_form = str(caught.message), getattr(caught.message, "new_form", None)
    origins = [origin for name, origin in spec.set_by.items() if re.search(rf"\b{name}\b", message)]
    place = origins[0] if origins and origins[0] else spec.source or f"pipeline {spec.name}"
    new_lines = "" if new_form is None else yaml_lines(new_form, indent=2)
    is_own = step["from"].split(".")[0] == "bci_dann"
    deprecated = is_own and issubclass(caught.category, DEPRECATIONS)
    category = BCIDannWarning if new_lines or deprecated else caught.category
    return BuildWarning(message, place, new_lines, category)


def _check_steps(pipeline: str, steps: Sequence[Any], estimator: Any) -> None:
    for step in steps[1:]:
        if wants_target(step):
            raise ConfigError(
                f"pipeline {pipeline}: {type(step).__name__} learns from the target, whose trials "
                "would not pass through the steps before it. Make it the only step."
            )
    if not hasattr(estimator, "predict_proba"):
        raise ConfigError(
            f"pipeline {pipeline}: {type(steps[-1]).__name__} gives no probabilities, which are "
            "needed for records. Use a classifier with predict_proba (for SVC: probability: true)."
        )


def _set_seed(estimator: Any, seed: int) -> None:
    names = estimator.get_params(deep=True)
    seeded = [n for n in names if n == "random_state" or n.endswith("__random_state")]
    estimator.set_params(**dict.fromkeys(seeded, seed))
