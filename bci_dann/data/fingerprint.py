"""Fingerprints that distinguish datasets in the keys of the cache."""

from __future__ import annotations

import uuid
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

__all__ = ["dataset_fingerprint", "describes_itself"]


def dataset_fingerprint(dataset: BaseDataset) -> dict[str, Any]:
    """Return what determines the signals of a dataset, in terms that JSON can hold.

    A dataset may define a method ``fingerprint()`` that returns its state, and an attribute
    ``fingerprint_class`` that names its class wherever its module moves. Of others the path of
    the class and a hash of all attributes are taken; see `SourceFiles` for the files of these.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        Any dataset, also one defined outside MOABB.

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
    """Return whether a dataset has a method that tells its state, files included.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        Any dataset.

    Returns
    -------
    bool
        Whether it has.
    """
    return callable(getattr(dataset, "fingerprint", None))


def _class_name(dataset_class: type[BaseDataset]) -> str:
    """Return the declared name of a class, which its subclasses do not inherit, or its path."""
    path = f"{dataset_class.__module__}.{dataset_class.__qualname__}"
    return str(vars(dataset_class).get("fingerprint_class", path))


def _hash_of_attributes(dataset: BaseDataset) -> str:
    """Hash all attributes but those that are computed from the others on first use."""
    import joblib

    state = {
        name: value
        for name, value in vars(dataset).items()
        if not isinstance(getattr(type(dataset), name, None), cached_property)
    }
    try:
        return str(joblib.hash(state))
    except Exception:  # whatever an attribute raises on pickling
        return uuid.uuid4().hex  # what cannot be compared is never taken for the same
