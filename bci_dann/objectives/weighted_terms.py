"""The parameter ``terms`` of methods: terms with weights and schedules."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import nn

from bci_dann._random import isolated_torch_seed, stream
from bci_dann._validation import check_between
from bci_dann.components import describe, resolve
from bci_dann.exceptions import ConfigError
from bci_dann.objectives.objective import CLASSIFICATION, Objective
from bci_dann.objectives.schedules import Schedule
from bci_dann.objectives.term import Sizes, Term

__all__ = [
    "Terms",
    "WeightedTerm",
    "build_objective",
    "check_terms",
    "describe_terms",
    "read_terms",
    "with_default_terms",
]

logger = logging.getLogger(__name__)

# Type of the parameter `terms`: names with weights or settings, or a list of terms.
Terms = Mapping[str, Any] | Sequence[Any]


@dataclass(frozen=True)
class WeightedTerm:
    """A term of the objective with its weight and schedule.

    Parameters
    ----------
    label : str
        Name of the term in the training history.
    term : Term
        The term, before :meth:`Term.build`.
    weight : float
        Its weight in the objective, at least 0.
    schedule : callable
        The factor of the weight as a function of progress; see
        :class:`~bci_dann.objectives.schedules.Schedule`.

    See Also
    --------
    read_terms : Reads the parameter ``terms``.
    build_objective : Builds the objective.

    Examples
    --------
    >>> from bci_dann.objectives import read_terms
    >>> (term,) = read_terms({"mcc": 1.0})
    >>> term.label, term.scaled(0.5).weight
    ('mcc', 0.5)
    """

    label: str
    term: Term
    weight: float
    schedule: Schedule

    def scaled(self, factor: float) -> WeightedTerm:
        """Return the term with its weight multiplied by a factor.

        Parameters
        ----------
        factor : float
            At least 0.

        Returns
        -------
        WeightedTerm
            A copy.
        """
        return replace(self, weight=factor * self.weight)

    def has_layers(self) -> bool:
        """Return whether the term has trainable layers, which take part in training the features.

        Returns
        -------
        bool
            False for a term without parameters.
        """
        with isolated_torch_seed(stream(0, "discarded")):
            return bool(list(_built(self, Sizes(1, 2, 2, has_target=True)).parameters()))


def read_terms(terms: Terms | None) -> list[WeightedTerm]:
    """Read the parameter ``terms`` of a method.

    Parameters
    ----------
    terms : mapping, sequence or None
        A mapping from names to weights, ``{"mcc": 1.0}``, or to settings, ``{"mcc": {"weight":
        1.0, "schedule": "ganin", "temperature": 2.0}}``, in which all keys other than ``weight``
        and ``schedule`` are parameters of the term. A name is a built-in one or
        ``"module:Class"``; any other name is a label, whose value must be an instance or a mapping
        with ``name``. Or a sequence of names, mappings with ``name``, and instances. The default
        weight is 1, and the default schedule constant.

    Returns
    -------
    list of WeightedTerm
        In the given order, including terms of weight 0.

    Raises
    ------
    ConfigError
        With the accepted forms.

    See Also
    --------
    check_terms : The same without effect on random generators.
    Term : The base class of user-defined terms.

    Examples
    --------
    >>> from bci_dann.objectives import read_terms
    >>> terms = {"domain_adversary": 0.1, "mcc": {"weight": 1.0, "schedule": "ganin"}}
    >>> [(one.label, one.weight, one.schedule) for one in read_terms(terms)]
    [('domain_adversary', 0.1, Constant()), ('mcc', 1.0, Ganin(gamma=10.0))]
    """
    read = [_read(name, setting) for name, setting in _pairs(terms)]
    labels = [one.label for one in read]
    for label in labels:
        if labels.count(label) > 1:
            raise ConfigError(f"terms: {label!r} is given more than once.")
        if label == CLASSIFICATION or hasattr(nn.ModuleDict(), label):
            raise ConfigError(
                f"terms: the name {label!r} is reserved. Give the term another name, as in "
                f"{{'my_term': {{'name': 'module:Class'}}}}."
            )
    return read


def check_terms(terms: Terms | None) -> list[WeightedTerm]:
    """Read terms for a check, without effect on torch's random generator.

    Parameters
    ----------
    terms : mapping, sequence or None
        As for :func:`read_terms`.

    Returns
    -------
    list of WeightedTerm
        As :func:`read_terms`.

    Raises
    ------
    ConfigError
        As :func:`read_terms`.

    See Also
    --------
    read_terms : All forms of ``terms``.

    Examples
    --------
    >>> from bci_dann.objectives import check_terms
    >>> try:
    ...     check_terms({"mmc": 1.0})
    ... except ValueError as error:
    ...     print(str(error).partition(" Expected")[0])
    there is no term 'mmc'. Did you mean 'mmd'?
    """
    with isolated_torch_seed(stream(0, "discarded")):
        return read_terms(terms)


def with_default_terms(defaults: Mapping[str, Any], terms: Terms | None) -> Terms:
    """Return the terms of a user, preceded by the default terms of a preset.

    Parameters
    ----------
    defaults : mapping of str to object
        Default terms and weights, by names of the package. Those that the user gives are left
        out, also where the user gives them as an instance or by a path.
    terms : mapping, sequence or None
        As for :func:`read_terms`.

    Returns
    -------
    mapping or sequence
        In the form of ``terms``.

    See Also
    --------
    read_terms : All forms of ``terms``.
    bci_dann.DANNClassifier : A preset with a default term.

    Examples
    --------
    >>> from bci_dann.objectives import with_default_terms
    >>> with_default_terms({"domain_adversary": 0.1}, {"mcc": 1.0})
    {'domain_adversary': 0.1, 'mcc': 1.0}
    """
    given = check_terms(terms)
    labels, classes = {one.label for one in given}, {type(one.term) for one in given}
    added = {
        one.label: defaults[one.label]
        for one in check_terms(defaults)
        if one.label not in labels and type(one.term) not in classes
    }
    if terms is None or isinstance(terms, Mapping):
        return {**added, **(terms or {})}
    return [*({"name": name, "weight": weight} for name, weight in added.items()), *terms]


def describe_terms(terms: Terms | None) -> Any:
    """Return terms in a form that can be saved, with descriptions instead of instances.

    Parameters
    ----------
    terms : mapping, sequence or None
        As for :func:`read_terms`.

    Returns
    -------
    dict, list or None
        Accepted by :func:`read_terms`.

    Raises
    ------
    ConfigError
        When an instance does not store its parameters as attributes.

    See Also
    --------
    read_terms : The inverse.
    bci_dann.components.describe : The same for other components of a method.

    Examples
    --------
    >>> from bci_dann.objectives import describe_terms
    >>> from bci_dann.objectives.class_confusion import ClassConfusion
    >>> describe_terms([ClassConfusion(temperature=2.0)])[0]["name"]
    'bci_dann.objectives.class_confusion:ClassConfusion'
    """
    if terms is None:
        return None
    if isinstance(terms, Mapping):
        return {name: _described(setting) for name, setting in terms.items()}
    return [_described(one) for one in terms]


def build_objective(terms: Iterable[WeightedTerm], sizes: Sizes) -> Objective:
    """Return the training objective of a network and its data.

    Parameters
    ----------
    terms : iterable of WeightedTerm
        Terms of weight 0 are left out. So are terms that need a target (``needs_target``) or
        several domains (``needs_domains``) where there are none; the log then names them.
    sizes : Sizes
        Sizes of the network and the data.

    Returns
    -------
    Objective
        With newly created layers.

    Raises
    ------
    ConfigError
        When ``build`` of a term does not return a module.

    See Also
    --------
    read_terms : Reads the terms.
    Objective : The sum of the label loss and the terms.

    Examples
    --------
    >>> from bci_dann.objectives import Sizes, build_objective, read_terms
    >>> sizes = Sizes(n_features=16, n_classes=2, n_domains=4, has_target=False)
    >>> build_objective(read_terms({"domain_adversary": 0.1, "mcc": 1.0}), sizes).names
    ['classification', 'domain_adversary']
    """
    used = []
    for one in terms:
        if one.weight == 0:
            continue
        without_target = one.term.needs_target and not sizes.has_target
        if without_target or (one.term.needs_domains and sizes.n_domains < 2):
            logger.info("the term %s is left out: there is no domain to adapt to", one.label)
        else:
            used.append(replace(one, term=_built(one, sizes)))
    return Objective(
        {one.label: one.term for one in used},
        {one.label: one.weight for one in used},
        {one.label: one.schedule for one in used},
    )


def _built(one: WeightedTerm, sizes: Sizes) -> Term:
    built = one.term.build(sizes)
    if not isinstance(built, nn.Module):
        raise ConfigError(
            f"term {one.label!r}: expected `build` to return the term; got {built!r}. End it with "
            "`return self`."
        )
    return built


def _described(setting: Any) -> Any:
    if isinstance(setting, Mapping) and "schedule" in setting:
        return {**setting, "schedule": describe("schedule", setting["schedule"])}
    return describe("term", setting)


def _pairs(terms: Terms | None) -> Iterator[tuple[str | None, Any]]:
    """Yield the name of each term, None in a list, and its setting."""
    if terms is None:
        return
    if isinstance(terms, Mapping):
        yield from terms.items()
    elif isinstance(terms, Sequence) and not isinstance(terms, str):
        yield from ((None, one) for one in terms)
    else:
        raise ConfigError(
            f"terms must map names to weights, as {{'mcc': 1.0}}, or list terms; got {terms!r}."
        )


def _read(name: str | None, setting: Any) -> WeightedTerm:
    """Return the term of an entry, from its name (None in a list) and its setting."""
    spec: Any = setting  # the description of the term itself
    weighting: dict[str, Any] = {}  # its weight and schedule, as far as they are given
    is_number = isinstance(setting, int | float | np.number) and not isinstance(setting, bool)
    if name is not None and is_number:
        spec, weighting = name, {"weight": setting}
    elif isinstance(setting, Mapping):
        weighting = {key: setting[key] for key in ("weight", "schedule") if key in setting}
        spec = {"name": name, **{k: v for k, v in setting.items() if k not in weighting}}
    elif setting is None or (name is not None and isinstance(setting, str | bool)):
        owner = "each entry of the list" if name is None else repr(name)
        raise ConfigError(f"terms: {owner} needs a weight, settings or a term; got {setting!r}.")
    label = _label(name, spec)
    weight = weighting.get("weight", 1.0)
    check_between(f"the weight of {label}", weight, 0.0, math.inf, inclusive=True)
    schedule = resolve("schedule", weighting.get("schedule", "constant"))
    term = resolve("term", spec)
    _check_term(label, term)
    return WeightedTerm(label, term, float(weight), schedule)


def _check_term(label: str, term: Term) -> None:
    if "_parameters" not in vars(term):
        raise ConfigError(
            f"term {label!r}: its __init__ must call super().__init__(), as that of every "
            "torch.nn.Module."
        )
    if type(term).forward is Term.forward:
        raise ConfigError(f"term {label!r} does not implement forward.")


def _label(name: str | None, spec: Any) -> str:
    """Return the name in the training history; for a class path, that of the class."""
    if name is None:
        if isinstance(spec, str):
            name = spec
        elif isinstance(spec, Mapping):
            name = str(spec.get("name"))
        else:
            name = (spec if isinstance(spec, type) else type(spec)).__name__
    return name.rpartition(":")[2].replace(".", "_")
