"""The components of a method, built in or user-defined.

A method is composed of parts that a user can replace without changing the package: an alignment, a
backbone, the terms of the training objective, their schedules, and a weighting of the source
trials. The function :func:`resolve` turns the description of a part, in Python or YAML, into the
part itself.
"""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Number
from typing import Any

from bci_dann._class_paths import class_path, import_class, is_class_path
from bci_dann._validation import check_option, did_you_mean
from bci_dann.exceptions import ConfigError

__all__ = ["KINDS", "built_in_names", "describe", "resolve", "split_spec"]


@dataclass(frozen=True)
class Kind:
    """A kind of component.

    Parameters
    ----------
    contract : str
        Interface of this kind of part, as text for messages.
    built_in : mapping of str to str
        Built-in parts: name and path of the class or factory.
    base : str or None
        Path of the required base class; ``None`` for callables.
    """

    contract: str
    built_in: Mapping[str, str]
    base: str | None = None


_BACKBONES = "bci_dann.models.backbones"
_WEIGHTINGS = "bci_dann.reweighting.builtin_weightings"

# The kinds of parts, with their interfaces and built-in parts.
KINDS: Mapping[str, Kind] = {
    "alignment": Kind(
        "a subclass of bci_dann.alignment.Alignment, with fit, extend, transform, to_arrays and "
        "from_arrays",
        {
            "euclidean": "bci_dann.alignment.euclidean:EuclideanAlignment",
            "riemannian": "bci_dann.alignment.riemannian:RiemannianAlignment",
            "covariance": "bci_dann.features.covariance_alignment:CovarianceAlignment",
        },
        "bci_dann.alignment.interface:Alignment",
    ),
    "backbone": Kind(
        "called with n_chans=, n_times=, sfreq=, and giving an nn.Module that maps "
        "(batch, n_chans, n_times) to (batch, n_features)",
        {},  # all models of braindecode, "MLP" and "SPDNet": see bci_dann.models.backbones
    ),
    "term": Kind(
        "a subclass of bci_dann.objectives.Term, whose forward maps a BatchView to a scalar",
        {
            "domain_adversary": "bci_dann.objectives.adversary:DomainAdversary",
            "cdan": "bci_dann.objectives.conditional_adversary:ConditionalAdversary",
            "cdan_e": "bci_dann.objectives.conditional_adversary:EntropyWeightedAdversary",
            "mcc": "bci_dann.objectives.class_confusion:ClassConfusion",
            "entropy": "bci_dann.objectives.entropy:ConditionalEntropy",
            "information_maximisation": "bci_dann.objectives.entropy:InformationMaximisation",
            "coral": "bci_dann.objectives.coral:DeepCoral",
            "mmd": "bci_dann.objectives.mean_discrepancy:MeanDiscrepancy",
            "joint_mmd": "bci_dann.objectives.mean_discrepancy:JointDiscrepancy",
        },
        "bci_dann.objectives.term:Term",
    ),
    "schedule": Kind(
        "called with the progress of training, from 0 to 1, and giving the factor of the weight",
        {
            "constant": "bci_dann.objectives.schedules:Constant",
            "ganin": "bci_dann.objectives.schedules:Ganin",
            "linear": "bci_dann.objectives.schedules:Linear",
        },
    ),
    "weighting": Kind(
        "called with (X_source, X_target), feature arrays, and random_state=, and giving a "
        "non-negative weight of mean 1 for each source trial",
        {
            "logistic": f"{_WEIGHTINGS}:LogisticWeighting",
            "forest": f"{_WEIGHTINGS}:ForestWeighting",
            "boosting": f"{_WEIGHTINGS}:BoostingWeighting",
            "gaussian": f"{_WEIGHTINGS}:GaussianWeighting",
            "neighbours": f"{_WEIGHTINGS}:NeighboursWeighting",
            "kmm": f"{_WEIGHTINGS}:KernelMeanMatchingWeighting",
            "kliep": f"{_WEIGHTINGS}:KLIEPWeighting",
            "ulsif": f"{_WEIGHTINGS}:ULSIFWeighting",
            "rulsif": f"{_WEIGHTINGS}:RULSIFWeighting",
        },
    ),
}


def built_in_names(kind: str) -> list[str]:
    """Return the names of the built-in parts of a kind.

    Parameters
    ----------
    kind : {"alignment", "backbone", "term", "schedule", "weighting"}
        The kind of part.

    Returns
    -------
    list of str
        Accepted by :func:`resolve`.

    Raises
    ------
    ConfigError
        When there is no such kind.

    See Also
    --------
    resolve : Returns the part of a name.

    Examples
    --------
    >>> from bci_dann.components import built_in_names
    >>> built_in_names("schedule")
    ['constant', 'ganin', 'linear']
    """
    check_option("the kind of a component", kind, KINDS)
    if kind == "backbone":
        names: list[str] = import_class(kind, f"{_BACKBONES}:backbone_names")()
        return names
    return list(KINDS[kind].built_in)


def resolve(kind: str, spec: Any) -> Any:
    """Return the part of a method from its description.

    Parameters
    ----------
    kind : {"alignment", "backbone", "term", "schedule", "weighting"}
        The kind of part.
    spec : str, mapping, object or None
        A built-in name; ``"module:Class"`` for a user-defined class; a mapping ``{"name": ...}``
        with either, whose other keys are parameters; or an instance, of which a copy is returned.
        For ``None`` the result is ``None``.

    Returns
    -------
    object
        An unfitted :class:`~bci_dann.alignment.Alignment`, a
        :class:`~bci_dann.objectives.Term`, or, for the other kinds, a callable.

    Raises
    ------
    ConfigError
        When the part does not exist, is of another kind, or does not accept these parameters. The
        message names the kind, what was expected, and what came.

    See Also
    --------
    built_in_names : The built-in names of each kind.
    bci_dann.estimators.build_method : The same for whole methods.

    Examples
    --------
    >>> from bci_dann import resolve
    >>> resolve("alignment", "euclidean")
    EuclideanAlignment()
    >>> resolve("term", {"name": "mcc", "temperature": 2.0}).temperature
    2.0
    """
    check_option("the kind of a component", kind, KINDS)
    if spec is None:
        return None
    if not isinstance(spec, str | Mapping):
        return _checked_instance(kind, spec)
    name, parameters = split_spec(kind, spec)
    if kind == "backbone":
        return _backbone(_import(kind, name) if is_class_path(name) else name, parameters)
    return _build(kind, name, parameters)


def split_spec(kind: str, spec: Any) -> tuple[str, dict[str, Any]]:
    """Return the name and the parameters from the description of a part.

    Parameters
    ----------
    kind : str
        The kind of part, for messages.
    spec : str or mapping
        As for :func:`resolve`.

    Returns
    -------
    name : str
        A built-in name, or the path of a class.
    parameters : dict of str to object
        Empty for a name alone.

    Raises
    ------
    ConfigError
        When a mapping has no name, or the description is neither text nor mapping.

    See Also
    --------
    resolve : Returns the part of a description.

    Examples
    --------
    >>> from bci_dann.components import split_spec
    >>> split_spec("term", {"name": "mcc", "temperature": 2.0})
    ('mcc', {'temperature': 2.0})
    """
    if isinstance(spec, str):
        return spec, {}
    if isinstance(spec, Mapping):
        name = spec.get("name")
        if not isinstance(name, str):
            raise ConfigError(
                f"{kind}: a mapping needs the key 'name', as in {{name: ..., parameter: value}}; "
                f"got {dict(spec)!r}."
            )
        return name, {str(key): value for key, value in spec.items() if key != "name"}
    raise ConfigError(f"{kind}: expected {_accepted(kind)}; got {spec!r}.")


def describe(kind: str, spec: Any) -> Any:
    """Return a description of a part that can be written to a file.

    Parameters
    ----------
    kind : str
        The kind of part, for messages.
    spec : object
        As for :func:`resolve`.

    Returns
    -------
    str, dict or None
        Text and mappings are returned unchanged. A class or function becomes ``"module:Class"``. An
        instance becomes ``{"name": "module:Class", ...}`` with the parameters of its constructor,
        which must be attributes of the same names, as in scikit-learn's estimators.

    Raises
    ------
    ConfigError
        When it cannot be imported by its path, or an instance does not store its parameters.

    See Also
    --------
    resolve : The inverse.

    Examples
    --------
    >>> from bci_dann.alignment import RiemannianAlignment
    >>> from bci_dann.components import describe
    >>> describe("alignment", RiemannianAlignment())
    {'name': 'bci_dann.alignment.riemannian:RiemannianAlignment', 'robust': False}
    """
    if spec is None or isinstance(spec, str | Mapping | Number):
        return spec
    is_factory = inspect.isclass(spec) or inspect.isfunction(spec)
    path = class_path(spec if is_factory else type(spec))
    if is_factory and _is_importable(path):
        return path
    kept, missing = ({}, []) if is_factory else _kept_parameters(kind, spec)
    if missing or not _is_importable(path):
        raise ConfigError(
            f"{kind}: {path if is_factory else f'an instance of {path}'} cannot be saved, since it "
            f"does not keep {', '.join(missing) or 'a name that can be imported'}. Give it as "
            "'module:Class' or {name: 'module:Class', ...}, or keep each parameter of the "
            "constructor as an attribute of the same name."
        )
    return {"name": path, **kept}


def _is_importable(path: str) -> bool:
    """Return whether other processes can import a class: it is not in a script or function."""
    return is_class_path(path) and not path.startswith("__main__:")


def _kept_parameters(kind: str, spec: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the parameters that an instance keeps, and the names of those that it does not."""
    try:
        accepted = inspect.signature(type(spec)).parameters.values()
    except ValueError:  # some classes written in C have none
        return {}, ["its parameters"]
    from_trials = ("n_chans", "n_times", "sfreq") if kind == "backbone" else ()
    kept, missing = dict[str, Any](), list[str]()
    for p in accepted:
        value = getattr(spec, p.name, p.empty)
        if p.kind is p.VAR_POSITIONAL:  # cannot be given by name
            missing.append(f"*{p.name}")
        elif p.kind is p.VAR_KEYWORD and isinstance(value, Mapping):
            kept.update({name: one for name, one in value.items() if name not in from_trials})
        elif p.kind is p.VAR_KEYWORD:  # in backbones, usually for what the trials determine
            missing.extend([] if from_trials else [f"**{p.name}"])
        elif p.name not in from_trials and value is p.empty:
            missing.append(p.name)
        elif p.name not in from_trials:
            kept[p.name] = value
    return kept, missing


def _import(kind: str, name: str) -> Any:
    """Return the class or factory of a part from its name."""
    built_in = KINDS[kind].built_in
    if name not in built_in and not is_class_path(name):
        raise ConfigError(
            f"there is no {kind} {name!r}.{did_you_mean(name, built_in)} "
            f"Expected {_accepted(kind)}."
        )
    return import_class(kind, built_in.get(name, name))


def _build(kind: str, name: str, parameters: Mapping[str, Any]) -> Any:
    return _build_of(kind, name, _import(kind, name), parameters)


def _build_of(kind: str, name: str, factory: Any, parameters: Mapping[str, Any]) -> Any:
    _check_kind(kind, name, factory)
    if not isinstance(factory, type):  # a function is the part itself
        return factory if not parameters else _bind_parameters(kind, name, factory, parameters)
    try:
        built = factory(**parameters)
    except ConfigError:
        raise
    except (AttributeError, TypeError, ValueError) as error:
        advice = " Call super().__init__() first." if "Module.__init__()" in str(error) else ""
        raise ConfigError(
            f"{kind} {name!r} cannot be built with {parameters}: {error}.{advice}"
        ) from error
    if not callable(built) and KINDS[kind].base is None:
        raise _wrong_kind(kind, name, built)
    return built


def _backbone(factory: Any, parameters: Mapping[str, Any]) -> Any:
    import_class("backbone", f"{_BACKBONES}:check_backbone")(factory, parameters)
    build = import_class("backbone", f"{_BACKBONES}:build_backbone")
    return functools.partial(build, factory, dict(parameters))


def _bind_parameters(kind: str, name: str, function: Any, parameters: Mapping[str, Any]) -> Any:
    accepted = inspect.signature(function).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in accepted.values())
    for key in parameters:
        if not takes_any:
            check_option(f"each parameter of the {kind} {name!r}", key, accepted)
    return functools.partial(function, **parameters)


def _check_kind(kind: str, name: str, factory: Any) -> None:
    """Raise unless a class or function is of the requested kind."""
    base = KINDS[kind].base
    if base is None:
        if not callable(factory):
            raise _wrong_kind(kind, name, factory)
        return
    if not (isinstance(factory, type) and issubclass(factory, import_class(kind, base))):
        raise _wrong_kind(kind, name, factory)
    missing = sorted(getattr(factory, "__abstractmethods__", ()))
    if missing:
        raise ConfigError(f"{kind} {name!r} does not implement {', '.join(missing)}.")


def _checked_instance(kind: str, instance: Any) -> Any:
    base = KINDS[kind].base
    if kind == "backbone":
        return _backbone(instance, {})
    if isinstance(instance, type):  # a class instead of its path
        return _build_of(kind, instance.__name__, instance, {})
    valid = callable(instance) if base is None else isinstance(instance, import_class(kind, base))
    if not valid:
        raise _wrong_kind(kind, type(instance).__name__, instance)
    return copy.deepcopy(instance)


def _wrong_kind(kind: str, name: str, got: Any) -> ConfigError:
    return ConfigError(
        f"{kind}: {name!r} must be {KINDS[kind].contract}; got "
        f"{got if isinstance(got, type) else type(got)}."
    )


def _accepted(kind: str) -> str:
    names = ", ".join(KINDS[kind].built_in) or "a model of braindecode, 'MLP' or 'SPDNet'"
    return (
        f"one of {names}; the path of a class of your own, 'module:Class'; a mapping "
        "{name: ..., parameter: value}; or an instance"
    )
