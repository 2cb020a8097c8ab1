"""Deprecated parameters and saved models of the previous version, converted to the current form."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError, DeprecatedArgumentWarning
from bci_dann.persistence import ModelState

__all__ = [
    "check_deprecated",
    "upgrade_ensemble_members",
    "upgrade_ensemble_state",
    "upgrade_network_arguments",
    "upgrade_weighting",
    "warn_deprecated",
]

# Parameters of the domain adversary: deprecated name, current name.
_ADVERSARY = {
    "adversary_weight": "weight",
    "domain_hidden": "hidden",
    "gamma": "gamma",
    "domain_smoothing": "smoothing",
}
# Default weight of the adversary in the previous version.
_ADVERSARY_WEIGHT = 0.1
_WEIGHTING = ("classifier", "clip")
# Default members of the ensemble in the previous version.
_PREVIOUS_MEMBERS: list[tuple[dict[str, Any], float]] = [
    ({"name": "RiemannianClassifier", "terms": None, "guard": True}, 1.0),
    (
        {
            "name": "DANNClassifier",
            "backbone": "EEGNet",
            "alignment": "euclidean",
            "terms": {"domain_adversary": _ADVERSARY_WEIGHT},
            "domains": "subject",
            "n_members": 3,
            "guard": True,
            "max_epochs": 100,
        },
        0.25,
    ),
]
# Methods that train a network, and parameters of the ensemble that did not concern its networks.
_NETWORKS = ("DANNClassifier", "NetworkClassifier", "ReweightedClassifier", "SourceOnlyClassifier")
_NOT_OF_NETWORKS = ("backbone_params", "network_weight", "tangent_terms")

# Deprecated parameters of EnsembleClassifier.
DEPRECATED_ENSEMBLE_PARAMETERS = (
    "backbone",
    "backbone_params",
    "alignment",
    "terms",
    "adversary_weight",
    "domains",
    "n_members",
    "batch_norm",
    "augmentation",
    "guard",
    "max_epochs",
    "batch_size",
    "lr",
    "weight_decay",
    "device",
    "tangent_terms",
    "network_weight",
)


def check_deprecated(owner: Any, given: Mapping[str, Any]) -> None:
    """Raise on a keyword that is neither a current nor a deprecated parameter.

    Parameters
    ----------
    owner : type
        The class; its ``deprecated_parameters`` are the deprecated ones.
    given : mapping of str to object
        Keywords that are not current parameters.

    Raises
    ------
    TypeError
        When there is such a keyword, as in Python for unexpected keywords.
    """
    known = [*owner._get_param_names(), *owner.deprecated_parameters]
    for name in given:
        if name not in owner.deprecated_parameters:
            raise TypeError(
                f"{owner.__name__} got an unexpected keyword argument {name!r}."
                f"{did_you_mean(name, known)}"
            )


def warn_deprecated(owner: str, given: Iterable[str], new_form: Mapping[str, Any]) -> None:
    """Warn about deprecated arguments, and show what to give instead.

    Parameters
    ----------
    owner : str
        Name of the class.
    given : iterable of str
        The deprecated arguments.
    new_form : mapping of str to object
        The current parameters with the same meaning.
    """
    shown = ", ".join(f"{name}={_shown(value)}" for name, value in new_form.items())
    warning = DeprecatedArgumentWarning(
        f"{owner}: {', '.join(sorted(given))} will not be accepted by the next version; "
        f"give {shown}."
    )
    warning.new_form = dict(new_form)
    warnings.warn(warning, stacklevel=4)


def _shown(value: Any) -> str:
    try:
        return json.dumps(value)
    except TypeError:
        return repr(value)


def upgrade_network_arguments(
    owner: str, backbone: Any, terms: Any, deprecated: Mapping[str, Any]
) -> tuple[Any, Any]:
    """Return the backbone and the terms that deprecated parameters of a network describe.

    Parameters
    ----------
    owner : str
        Name of the class, for the warning.
    backbone, terms : object
        The current parameters that were given.
    deprecated : mapping of str to object
        The deprecated parameters that were given.

    Returns
    -------
    backbone, terms : object
        In the current form.

    Raises
    ------
    ConfigError
        When current and deprecated parameters contradict each other.
    """
    new: dict[str, Any] = {}
    if deprecated.get("backbone_params"):
        new["backbone"] = {**_named("backbone", backbone), **deprecated["backbone_params"]}
    adversary = {_ADVERSARY[name]: deprecated[name] for name in deprecated if name in _ADVERSARY}
    if adversary:
        given = ", ".join(name for name in deprecated if name in _ADVERSARY)
        if not isinstance(terms or {}, Mapping) or "domain_adversary" in (terms or {}):
            raise ConfigError(
                f"{owner}: {given} belong to the term "
                "'domain_adversary', which is already in `terms`. Give them only there."
            )
        adversary.setdefault("weight", _ADVERSARY_WEIGHT)
        setting = adversary if len(adversary) > 1 else adversary["weight"]
        new["terms"] = {"domain_adversary": setting, **(terms or {})}
    if new:
        warn_deprecated(owner, deprecated, new)
    return new.get("backbone", backbone), new.get("terms", terms)


def upgrade_weighting(owner: str, weighting: Any, deprecated: Mapping[str, Any]) -> Any:
    """Return the weighting that deprecated parameters describe.

    Parameters
    ----------
    owner : str
        Name of the class, for the warning.
    weighting : object
        The current parameter that was given.
    deprecated : mapping of str to object
        The deprecated ``classifier`` and ``clip``.

    Returns
    -------
    str or dict
        In the current form.
    """
    given = {name: deprecated[name] for name in _WEIGHTING if name in deprecated}
    if not given:
        return weighting
    spec = _named("weighting", given.get("classifier", weighting))
    takes_clip = spec["name"] in ("logistic", "forest", "boosting")
    if "clip" in given and takes_clip:
        spec["clip"] = given["clip"]
    new = spec if len(spec) > 1 else spec["name"]
    warn_deprecated(owner, given, {"weighting": new})
    return new


def upgrade_ensemble_members(
    owner: str, members: Sequence[Any] | None, deprecated: Mapping[str, Any]
) -> list[Any]:
    """Return the members of an ensemble that deprecated parameters describe.

    Parameters
    ----------
    owner : str
        Name of the class, for the warning.
    members : sequence of (method, float), or None
        As they were given; the parameters apply to the networks among them. ``None`` is the
        default ensemble of the previous version, a Riemannian decoder and networks.
    deprecated : mapping of str to object
        The deprecated parameters that were given.

    Returns
    -------
    list of (dict, float)
        In the current form.
    """
    if members is None:
        members = _PREVIOUS_MEMBERS
    changed = [_changed_member(method, weight, deprecated) for method, weight in members]
    warn_deprecated(owner, deprecated, {"members": changed})
    return changed


def _changed_member(method: Any, weight: float, deprecated: Mapping[str, Any]) -> tuple[Any, float]:
    """Return a member with the deprecated parameters that apply to its kind."""
    from bci_dann.estimators.methods import describe_method

    described = describe_method(method)
    if described["name"] == "RiemannianClassifier":
        names = {"tangent_terms": "terms", "guard": "guard"}
        given = {new: deprecated[old] for old, new in names.items() if old in deprecated}
        return {**described, **given}, weight
    if described["name"] not in _NETWORKS:
        return method, weight
    plain = {k: v for k, v in deprecated.items() if k not in (*_ADVERSARY, *_NOT_OF_NETWORKS)}
    terms = plain.get("terms", described.get("terms")) or {}
    current = {**described, **plain}
    if "backbone_params" in deprecated:
        backbone = _named("backbone", current.get("backbone", "EEGNet"))
        current["backbone"] = {**backbone, **(deprecated["backbone_params"] or {})}
    if "terms" in deprecated or any(name in deprecated for name in _ADVERSARY):
        before = (described.get("terms") or {}).get("domain_adversary", _ADVERSARY_WEIGHT)
        others = {name: setting for name, setting in terms.items() if name != "domain_adversary"}
        current["terms"] = {"domain_adversary": _adversary(before, deprecated), **others}
    return current, float(deprecated.get("network_weight", weight))


def _adversary(before: Any, deprecated: Mapping[str, Any]) -> Any:
    """Return the settings of the domain adversary, or its weight alone as a number."""
    settings = dict(before) if isinstance(before, Mapping) else {"weight": before}
    settings |= {_ADVERSARY[name]: deprecated[name] for name in _ADVERSARY if name in deprecated}
    return settings if len(settings) > 1 else settings["weight"]


def upgrade_ensemble_state(state: ModelState) -> ModelState:
    """Return the saved state of an ensemble of the previous version in the current form.

    Parameters
    ----------
    state : ModelState
        The state as it was read.

    Returns
    -------
    ModelState
        Unchanged where it already has the current form.
    """
    branches = state.description.get("branches")
    if branches is None:
        return state
    order = {"tangent": 0, "network": 1}
    description = {key: value for key, value in state.description.items() if key != "branches"}
    description["members"] = [branches[name] for name in order]
    network, tangent = description["spreads"]
    description["spreads"] = [tangent, network]
    arrays = {"offsets": state.arrays["offsets"]}
    for name, index in order.items():
        branch = state.part(name).items()
        arrays.update({f"members.{index}.{key}": array for key, array in branch})
    return ModelState(description, arrays)


def _named(kind: str, spec: Any) -> dict[str, Any]:
    if isinstance(spec, Mapping):
        return dict(spec)
    if isinstance(spec, str):
        return {"name": spec}
    raise ConfigError(f"{kind}: give its parameters with it, as {{'name': ..., parameter: value}}.")
