"""Fingerprints of datasets for the keys of the cache."""

from __future__ import annotations

import uuid
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

__all__ = ["dataset_fingerprint", "describes_itself"]


def dataset_fingerprint(dataset: BaseDataset) -> dict[str, Any]:
    """Return everything that determines the signals of a dataset, as values that JSON supports.

    A dataset may define a method ``fingerprint()`` that returns its state, and an attribute
    ``fingerprint_class``, a name of its class that does not depend on the path of its module. For
    other datasets, the path of the class and a hash of all attributes are used; `SourceFiles`
    checks their files.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        Any dataset, including those defined outside MOABB.

    Returns
    -------
    dict
        The keys ``class``, ``code`` and ``state``.
    """
    return {
        "class": _class_name(type(dataset)),
        "code": dataset.code,
        "state": dataset.fingerprint()
        if describes_itself(dataset)
        else _hash_of_attributes(dataset),
    }


def describes_itself(dataset: BaseDataset) -> bool:
    """Return whether a dataset has a method ``fingerprint()`` for its state, including its files.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        Any dataset.

    Returns
    -------
    bool
        Whether it has the method.
    """
    return callable(getattr(dataset, "fingerprint", None))


def _class_name(dataset_class: type[BaseDataset]) -> str:
    """Return ``fingerprint_class`` of a class, which subclasses do not inherit, or its path."""
    path = f"{dataset_class.__module__}.{dataset_class.__qualname__}"
    return str(vars(dataset_class).get("fingerprint_class", path))


def _hash_of_attributes(dataset: BaseDataset) -> str:
    """Hash all attributes except cached properties, which are computed from the others."""
    import joblib

    state = {
        name: value
        for name, value in vars(dataset).items()
        if not isinstance(getattr(type(dataset), name, None), cached_property)
    }
    try:
        return str(joblib.hash(state))
    except Exception:  # pickling may raise any error
        return uuid.uuid4().hex  # states that cannot be compared are never equal
