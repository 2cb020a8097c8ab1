"""Methods by name: classes of this package, user-defined classes, and pipeline files."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from numbers import Number
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from sklearn.base import clone

from bci_dann._class_paths import import_class, is_class_path
from bci_dann._resources import pipelines_folder
from bci_dann._validation import did_you_mean
from bci_dann.components import split_spec
from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    from bci_dann.estimators.base import TransferClassifier

__all__ = [
    "BY_OPTIONS",
    "INPUT_ATTRIBUTES",
    "METHODS",
    "build_method",
    "copy_input_attributes",
    "default_members",
    "depends_on_seed",
    "describe_method",
    "find_method",
    "weighted_methods",
]

# The classes of this package and their modules, which are imported on use.
METHODS = {
    "CalibratedClassifier": "bci_dann.estimators.calibration.calibrated",
    "DANNClassifier": "bci_dann.estimators.dann",
    "EnsembleClassifier": "bci_dann.estimators.ensemble",
    "NetworkClassifier": "bci_dann.estimators.network",
    "ProcrustesClassifier": "bci_dann.estimators.procrustes",
    "ReweightedClassifier": "bci_dann.estimators.reweighted",
    "RiemannianClassifier": "bci_dann.estimators.riemannian_decoder",
    "ShallowClassifier": "bci_dann.estimators.shallow",
    "SourceOnlyClassifier": "bci_dann.estimators.source_only",
    "TTimeClassifier": "bci_dann.estimators.new_subject.ttime",
}
# Fitted attributes that describe the trials a method was fitted to. They are copied by estimators
# that wrap a fitted method, or train another one on the same trials.
INPUT_ATTRIBUTES = (
    *("classes_", "n_features_in_", "n_times_", "ch_names_", "sfreq_"),
    "has_seen_target_",
)
# Values of the parameter ``by`` of estimators that wrap a method: whether the method uses the
# unlabelled trials of a new subject in `adapt` or in `fit`.
BY_OPTIONS = ("adapt", "fit")
# The pipeline file that lists the members of the default recipe.
DEFAULT_RECIPE_FILE = "bci_dann.yml"


def find_method(name: str) -> type[TransferClassifier]:
    """Return the class of a method.

    Parameters
    ----------
    name : str
        One of :data:`METHODS`, or ``"module:Class"``.

    Returns
    -------
    type of TransferClassifier
        The class itself.

    Raises
    ------
    ConfigError
        When it does not exist, or is not a subclass of :class:`TransferClassifier`.
    """
    from bci_dann.estimators.base import TransferClassifier

    if name in METHODS:
        method = getattr(importlib.import_module(METHODS[name]), name)
    elif is_class_path(name):
        method = import_class("method", name)
    else:
        raise ConfigError(
            f"there is no method {name!r}.{did_you_mean(name, METHODS)} Expected one of "
            f"{', '.join(METHODS)}, or the path of a class of your own, 'module:Class'."
        )
    if not (isinstance(method, type) and issubclass(method, TransferClassifier)):
        raise ConfigError(
            f"method {name!r} must be a subclass of bci_dann.estimators.TransferClassifier; got "
            f"{method!r}."
        )
    return method


def copy_input_attributes(fitted: TransferClassifier, to: TransferClassifier) -> None:
    """Copy the description of the trials that a method was fitted to, in place.

    Parameters
    ----------
    fitted : TransferClassifier
        The fitted method.
    to : TransferClassifier
        The estimator that gets :data:`INPUT_ATTRIBUTES`, and the names of the features where the
        method was fitted to a table.
    """
    for name in INPUT_ATTRIBUTES:
        setattr(to, name, getattr(fitted, name))
    to.__dict__.pop("feature_names_in_", None)  # of an earlier fit
    if hasattr(fitted, "feature_names_in_"):
        to.feature_names_in_ = fitted.feature_names_in_


def build_method(spec: Any) -> TransferClassifier:
    """Return an unfitted method.

    Parameters
    ----------
    spec : str, mapping or TransferClassifier
        The name of a pipeline file, in ``pipelines`` of the working folder or of the package, or
        its path; a mapping ``{name: ..., parameter: value}`` with a class as for
        :func:`find_method`; or an estimator, of which an unfitted copy is returned.

    Returns
    -------
    TransferClassifier
        Unfitted; its parameters are checked in ``fit``.

    Raises
    ------
    ConfigError
        When there is no such pipeline or class, or it does not accept these parameters.

    See Also
    --------
    EnsembleClassifier : Accepts its members in these forms.
    bci_dann.resolve : The same for the components of a method.

    Examples
    --------
    >>> from bci_dann.estimators import build_method
    >>> build_method("csp_lda").features
    'csp'
    >>> build_method({"name": "DANNClassifier", "max_epochs": 20}).max_epochs
    20
    """
    from bci_dann.estimators.base import TransferClassifier

    if isinstance(spec, TransferClassifier):
        copied: TransferClassifier = clone(spec)
        return copied
    if not isinstance(spec, str | Mapping):
        raise ConfigError(
            "method: expected the name of a pipeline or of a class, a mapping {name: ..., "
            f"parameter: value}}, or an estimator; got {spec!r}."
        )
    if isinstance(spec, str) and not is_class_path(spec) and spec not in METHODS:
        return _from_pipeline(spec)
    name, parameters = split_spec("method", spec)
    try:
        return find_method(name)(**parameters)
    except TypeError as error:
        raise ConfigError(f"method {name!r} cannot be built: {error}.") from error


def describe_method(spec: Any) -> Any:
    """Return a description of a method that can be written to a file.

    Parameters
    ----------
    spec : str, mapping or TransferClassifier
        See :func:`build_method`.

    Returns
    -------
    str or dict
        A mapping of plain values is returned unchanged. A pipeline name is replaced by the method's
        class and parameters, since another machine may not have the pipeline file.

    Raises
    ------
    ConfigError
        When a parameter cannot be described.
    """
    if isinstance(spec, Mapping) and _is_plain(spec):
        return dict(spec)
    method = build_method(spec)
    owner = type(method)
    built_in = owner.__module__.partition(".")[0] == "bci_dann"
    name = owner.__name__ if built_in else f"{owner.__module__}:{owner.__qualname__}"
    return {"name": name, **method.plain_parameters()}


def default_members() -> list[Any]:
    """Return the members of the default recipe, as its pipeline file lists them.

    Returns
    -------
    list of [dict, float]
        Descriptions of methods, and weights.
    """
    content = yaml.safe_load((pipelines_folder() / DEFAULT_RECIPE_FILE).read_text(encoding="utf-8"))
    members: list[Any] = content["pipeline"][0]["parameters"]["members"]
    return members


def _is_plain(value: Any) -> bool:
    """Whether a value consists of text, numbers, lists and mappings only."""
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | Number)


def _from_pipeline(name: str) -> TransferClassifier:
    path = _pipeline_path(name)
    try:
        (step,) = yaml.safe_load(path.read_text(encoding="utf-8"))["pipeline"]
        kind = (
            step["name"]
            if step["from"] == "bci_dann.estimators"
            else f"{step['from']}:{step['name']}"
        )
        return find_method(kind)(**step.get("parameters", {}))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"the pipeline {name!r} ({path}) cannot be a member: it must consist of one method. "
            f"{error}"
        ) from error


def _pipeline_path(name: str) -> Path:
    if name.endswith((".yml", ".yaml")):
        return Path(name)
    for folder in (Path("pipelines"), pipelines_folder()):
        if (folder / f"{name}.yml").is_file():
            return folder / f"{name}.yml"
    known = [path.stem for path in pipelines_folder().glob("*.yml")]
    raise ConfigError(
        f"there is no pipeline or method {name!r}.{did_you_mean(name, [*known, *METHODS])} "
        f"Pipelines: {', '.join(sorted(known))}."
    )


def weighted_methods(members: Sequence[Any]) -> list[tuple[Any, float]]:
    """Return the methods of an ensemble and their weights.

    Parameters
    ----------
    members : sequence of (method, float)
        See :class:`EnsembleClassifier`.

    Returns
    -------
    list of (method, float)
        At least one pair.

    Raises
    ------
    ConfigError
        When ``members`` is not such a sequence.
    """
    pairs = [
        tuple(one) if isinstance(one, list | tuple) and len(one) == 2 else None for one in members
    ]
    if not pairs or None in pairs:
        raise ConfigError(
            "members must list methods with their weights, as [('rts_im', 1.0), (estimator, "
            f"0.25)]; got {members!r}."
        )
    return pairs  # type: ignore[return-value]


def depends_on_seed(member: TransferClassifier) -> bool:
    """Return whether the fitted method depends on its seed.

    Parameters
    ----------
    member : TransferClassifier
        The method.

    Returns
    -------
    bool
        True for networks, and where source trials are weighted.
    """
    return member.trains_network or getattr(member, "weighting", None) is not None
