"""Domain references from rest windows between trials, which do not depend on class shares.

The mean over the trials of a domain moves towards the more frequent class; the mean over windows in
which the subject has no task does not. Zanini et al. (2018), "Transfer learning: a
Riemannian geometry framework with applications to brain-computer interfaces", IEEE Trans. Biomed.
Eng. 65(5), 1107-1116, take the mean of the resting state as the reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._compat import pyriemann_module
from bci_dann._validation import check_between, check_option
from bci_dann.exceptions import ConfigError

__all__ = ["blended_reference", "rest_weight"]

REFERENCES = ("trials", "rest")


def rest_weight(reference: Any) -> float:
    """Return the weight of the rest windows in the reference of a domain.

    Parameters
    ----------
    reference : str or mapping
        ``"trials"``, ``"rest"``, or ``{"name": "rest", "weight": 0.5}``.

    Returns
    -------
    float
        From 0, the mean of the trials, to 1, the mean of the rest windows.

    Raises
    ------
    ConfigError
        When ``reference`` is anything else.
    """
    if not isinstance(reference, Mapping):
        check_option("reference", reference, REFERENCES)
        return float(reference == "rest")
    if reference.get("name") != "rest" or not set(reference) <= {"name", "weight"}:
        raise ConfigError(
            "reference must be 'trials', 'rest', or {'name': 'rest', 'weight': 0.5}; got "
            f"{dict(reference)!r}."
        )
    weight = reference.get("weight", 1.0)
    if weight != 1:
        check_between("the weight of reference", weight, 0.0, 1.0)
    return float(weight)


def blended_reference(
    of_trials: NDArray[np.float64], of_rest: NDArray[np.float64], weight: float, mean: str
) -> NDArray[np.float64]:
    """Return a point between two references.

    Parameters
    ----------
    of_trials, of_rest : ndarray, shape (n_chans, n_chans)
        The means of the trials and of the rest windows.
    weight : float
        Position between them, from 0 (``of_trials``) to 1 (``of_rest``).
    mean : {"riemannian", "euclidean"}
        Along the geodesic of the affine-invariant metric, or along a straight line.

    Returns
    -------
    ndarray, shape (n_chans, n_chans)
        Symmetric and positive definite.
    """
    if weight == 1:
        return of_rest
    metric = {"riemannian": "riemann", "euclidean": "euclid"}[mean]
    geodesics = pyriemann_module("geometry.geodesic")
    between: NDArray[np.float64] = geodesics.geodesic(of_trials, of_rest, weight, metric=metric)
    return between
