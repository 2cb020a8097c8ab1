"""Parameters and saved models of the version before, in the form of this one."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError, FormerArgumentWarning
from bci_dann.persistence import ModelState

__all__ = [
    "check_former",
    "present_ensemble_members",
    "present_ensemble_state",
    "present_network_arguments",
    "present_weighting",
    "warn_former",
]

# Parameters of the domain adversary, by their names of the version before.
_ADVERSARY = {
    "adversary_weight": "weight",
    "domain_hidden": "hidden",
    "gamma": "gamma",
    "domain_smoothing": "smoothing",
}
# The weight of the adversary in the version before, where it was not given.
_ADVERSARY_WEIGHT = 0.1
_WEIGHTING = ("classifier", "clip")
# The ensemble of the version before, with its defaults.
_FORMER_MEMBERS: list[tuple[dict[str, Any], float]] = [
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
# Methods that are networks, and parameters of the ensemble that were not for its networks.
_NETWORKS = ("DANNClassifier", "NetworkClassifier", "ReweightedClassifier", "SourceOnlyClassifier")
_NOT_OF_NETWORKS = ("backbone_params", "network_weight", "tangent_terms")

# Parameters of EnsembleClassifier in the version before.
FORMER_ENSEMBLE_PARAMETERS = (
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


def check_former(owner: Any, given: Mapping[str, Any]) -> None:
    """Raise on a keyword that neither this version nor the one before knows.

    Parameters
    ----------
    owner : type
        The class; its ``former_parameters`` are those of the version before.
    given : mapping of str to object
        Keywords that are no parameters of this version.

    Raises
    ------
    TypeError
        As Python does for an unexpected keyword.
    """
    known = [*owner._get_param_names(), *owner.former_parameters]
    for name in given:
        if name not in owner.former_parameters:
            raise TypeError(
                f"{owner.__name__} got an unexpected keyword argument {name!r}."
                f"{did_you_mean(name, known)}"
            )


def warn_former(owner: str, given: Iterable[str], new_form: Mapping[str, Any]) -> None:
    """Warn that arguments have moved, and show how they are given now.

    Parameters
    ----------
    owner : str
        The class.
    given : iterable of str
        The arguments of the version before.
    new_form : mapping of str to object
        The parameters that stand for them.
    """
    shown = ", ".join(f"{name}={_shown(value)}" for name, value in new_form.items())
    warning = FormerArgumentWarning(
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


def present_network_arguments(
    owner: str, backbone: Any, terms: Any, former: Mapping[str, Any]
) -> tuple[Any, Any]:
    """Return the backbone and the terms that parameters of the version before stand for.

    Parameters
    ----------
    owner : str
        The class, for the warning.
    backbone, terms : object
        As they were given.
    former : mapping of str to object
        Parameters of the version before.

    Returns
    -------
    backbone, terms : object
        In the form of this version.

    Raises
    ------
    ConfigError
        When new and former parameters contradict each other.
    """
    new: dict[str, Any] = {}
    if former.get("backbone_params"):
        new["backbone"] = {**_named("backbone", backbone), **former["backbone_params"]}
    adversary = {_ADVERSARY[name]: former[name] for name in former if name in _ADVERSARY}
    if adversary:
        if not isinstance(terms or {}, Mapping) or "domain_adversary" in (terms or {}):
            raise ConfigError(
                f"{owner}: {', '.join(n for n in former if n in _ADVERSARY)} belong to the term "
                "'domain_adversary', which `terms` gives already. Give them there alone."
            )
        adversary.setdefault("weight", _ADVERSARY_WEIGHT)
        setting = adversary if len(adversary) > 1 else adversary["weight"]
        new["terms"] = {"domain_adversary": setting, **(terms or {})}
    if new:
        warn_former(owner, former, new)
    return new.get("backbone", backbone), new.get("terms", terms)


def present_weighting(owner: str, weighting: Any, former: Mapping[str, Any]) -> Any:
    """Return the weighting that parameters of the version before stand for.

    Parameters
    ----------
    owner : str
        The class, for the warning.
    weighting : object
        As it was given.
    former : mapping of str to object
        ``classifier`` and ``clip`` of the version before.

    Returns
    -------
    str or dict
        In the form of this version.
    """
    given = {name: former[name] for name in _WEIGHTING if name in former}
    if not given:
        return weighting
    spec = _named("weighting", given.get("classifier", weighting))
    takes_clip = spec["name"] in ("logistic", "forest", "boosting")
    if "clip" in given and takes_clip:
        spec["clip"] = given["clip"]
    new = spec if len(spec) > 1 else spec["name"]
    warn_former(owner, given, {"weighting": new})
    return new


def present_ensemble_members(
    owner: str, members: Sequence[Any] | None, former: Mapping[str, Any]
) -> list[Any]:
    """Return the members of an ensemble that parameters of the version before stand for.

    Parameters
    ----------
    owner : str
        The class, for the warning.
    members : sequence of (method, float), or None
        As they were given: the networks among them get the parameters. ``None`` is the ensemble
        of the version before, of a Riemannian decoder and networks.
    former : mapping of str to object
        Parameters of the version before.

    Returns
    -------
    list of (dict, float)
        In the form of this version.
    """
    if members is None:
        members = _FORMER_MEMBERS
    changed = [_changed_member(method, weight, former) for method, weight in members]
    warn_former(owner, former, {"members": changed})
    return changed


def _changed_member(method: Any, weight: float, former: Mapping[str, Any]) -> tuple[Any, float]:
    """Return a member with those former parameters that were meant for its kind."""
    from bci_dann.estimators.methods import describe_method

    described = describe_method(method)
    if described["name"] == "RiemannianClassifier":
        names = {"tangent_terms": "terms", "guard": "guard"}
        given = {new: former[old] for old, new in names.items() if old in former}
        return {**described, **given}, weight
    if described["name"] not in _NETWORKS:
        return method, weight
    plain = {k: v for k, v in former.items() if k not in (*_ADVERSARY, *_NOT_OF_NETWORKS)}
    terms = plain.get("terms", described.get("terms")) or {}
    present = {**described, **plain}
    if "backbone_params" in former:
        backbone = _named("backbone", present.get("backbone", "EEGNet"))
        present["backbone"] = {**backbone, **(former["backbone_params"] or {})}
    if "terms" in former or any(name in former for name in _ADVERSARY):
        before = (described.get("terms") or {}).get("domain_adversary", _ADVERSARY_WEIGHT)
        others = {name: setting for name, setting in terms.items() if name != "domain_adversary"}
        present["terms"] = {"domain_adversary": _adversary(before, former), **others}
    return present, float(former.get("network_weight", weight))


def _adversary(before: Any, former: Mapping[str, Any]) -> Any:
    """Return the settings of the domain adversary; a number is its weight alone."""
    settings = dict(before) if isinstance(before, Mapping) else {"weight": before}
    settings |= {_ADVERSARY[name]: former[name] for name in _ADVERSARY if name in former}
    return settings if len(settings) > 1 else settings["weight"]


def present_ensemble_state(state: ModelState) -> ModelState:
    """Return the state of an ensemble of the version before in the form of this one.

    Parameters
    ----------
    state : ModelState
        As it was read.

    Returns
    -------
    ModelState
        Unchanged where it has the form of this version.
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
