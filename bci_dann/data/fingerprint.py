"""What tells one dataset from another, for the keys of the cache."""

from __future__ import annotations

import uuid
from functools import cached_property
from typing import TYPE_CHECKING, Any

import joblib

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

__all__ = ["dataset_fingerprint"]


def dataset_fingerprint(dataset: BaseDataset) -> dict[str, Any]:
    """Return what determines the signals of a dataset, in terms that JSON can hold.

    A dataset may say so itself in a method ``fingerprint()``; of others the class and all
    attributes are taken.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        Any dataset, also one defined outside MOABB.

    Returns
    -------
    dict
    """
    kind = type(dataset)
    own = getattr(dataset, "fingerprint", None)
    return {
        "class": f"{kind.__module__}.{kind.__qualname__}",
        "code": dataset.code,
        "state": own() if callable(own) else _state_digest(dataset),
    }


def _state_digest(dataset: BaseDataset) -> str:
    """Hash all attributes but those that are computed from the others on first use."""
    state = {
        name: value
        for name, value in vars(dataset).items()
        if not isinstance(getattr(type(dataset), name, None), cached_property)
    }
    try:
        return str(joblib.hash(state))
    except Exception:  # whatever an attribute raises on pickling
        # what cannot be compared is never taken for the same
        return uuid.uuid4().hex
