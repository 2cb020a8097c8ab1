"""Parameters and saved models of the version before, in the form of this one."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError, FormerArgumentWarning
from bci_dann.persistence import ModelState

__all__ = [
    "check_former",
    "present_ensemble_state",
    "present_members",
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
# Parameters of the networks of the default recipe of the version before, with their defaults.
_NETWORK_DEFAULTS: dict[str, Any] = {
    "backbone": "EEGNet",
    "backbone_params": None,
    "alignment": "euclidean",
    "terms": None,
    "adversary_weight": _ADVERSARY_WEIGHT,
    "domains": "subject",
    "n_members": 3,
    "batch_norm": "pooled",
    "augmentation": None,
    "guard": True,
    "max_epochs": 100,
    "batch_size": 64,
    "lr": 1e-3,
    "weight_decay": 0.0,
    "device": "auto",
}
_NETWORK_WEIGHT = 0.25


def check_former(owner: str, given: Mapping[str, Any], former: Iterable[str]) -> None:
    """Raise on a keyword that neither this version nor the one before knows.

    Parameters
    ----------
    owner : str
        The class.
    given : mapping of str to object
        Keywords that are no parameters of this version.
    former : iterable of str
        Parameters of the version before.

    Raises
    ------
    TypeError
        As Python does for an unexpected keyword.
    """
    known = list(former)
    for name in given:
        if name not in known:
            raise TypeError(
                f"{owner} got an unexpected keyword argument {name!r}.{did_you_mean(name, known)}"
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


def present_members(former: Mapping[str, Any]) -> list[tuple[dict[str, Any], float]]:
    """Return the members of an ensemble of the version before.

    Parameters
    ----------
    former : mapping of str to object
        Its parameters.

    Returns
    -------
    list of (dict, float)
        The Riemannian decoder and the networks, with their weights.
    """
    network = {**_NETWORK_DEFAULTS, **{k: v for k, v in former.items() if k in _NETWORK_DEFAULTS}}
    backbone, params = network.pop("backbone"), network.pop("backbone_params")
    weight, terms = network.pop("adversary_weight"), network.pop("terms")
    guard = network["guard"]
    riemannian = {
        "name": "RiemannianClassifier",
        "terms": former.get("tangent_terms"),
        "guard": guard,
    }
    networks = {
        "name": "DANNClassifier",
        "backbone": {**_named("backbone", backbone), **params} if params else backbone,
        "terms": {"domain_adversary": weight, **(terms or {})},
        **network,
    }
    return [(riemannian, 1.0), (networks, float(former.get("network_weight", _NETWORK_WEIGHT)))]


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
