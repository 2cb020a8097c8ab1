"""Source weightings: their interface, the built-in names, and the check of their results.

This module does not import scikit-learn or SciPy, so that names can be checked quickly.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bci_dann._random import stream
from bci_dann.components import KINDS
from bci_dann.exceptions import DataError

__all__ = [
    "WEIGHTINGS",
    "SourceWeighting",
    "apply_weighting",
    "check_weights",
    "weighting_name",
]

Array = NDArray[np.float64]

# Built-in weightings: "module:Class" by the names that pipelines use.
WEIGHTINGS = KINDS["weighting"].built_in
# Largest deviation of the mean weight from 1. Empirical: far above rounding errors, far below those
# of weights that have not been scaled.
MEAN_TOLERANCE = 1e-3


@runtime_checkable
class SourceWeighting(Protocol):
    """Interface of source weightings: any callable with this signature.

    From features, without labels, it computes a weight for each source trial, so that the weighted
    sources resemble the target. It can be a function; ``random_state`` is only passed if the
    signature has it. An instance is saved by its class and parameters, which must be attributes of
    the same names.

    See Also
    --------
    weigh_with : Computes weights with diagnostics.
    check_weights : Checks the result.
    bci_dann.reweighting.WEIGHTINGS : The built-in weightings.

    Examples
    --------
    Weight 1 for each source trial within the range of the target, and 0 for the others:

    >>> from bci_dann.reweighting import SourceWeighting
    >>> def within_range(X_source, X_target):
    ...     inside = (X_source >= X_target.min(0)) & (X_source <= X_target.max(0))
    ...     weights = inside.all(1).astype(float)
    ...     return weights / weights.mean()
    >>> isinstance(within_range, SourceWeighting)
    True
    """

    def __call__(self, X_source: Array, X_target: Array, random_state: Any = None) -> ArrayLike:
        """Return the weights of the source trials.

        Parameters
        ----------
        X_source : ndarray, shape (n_source, n_features)
            Features of the source trials, in double precision.
        X_target : ndarray, shape (n_target, n_features)
            The same features of the target trials.
        random_state : int or None
            Seed. Built-in weightings also accept numpy's random generators.

        Returns
        -------
        array-like, shape (n_source,)
            Weights of mean 1, finite and not negative.
        """
        ...


def apply_weighting(
    weighting: SourceWeighting | Callable[..., ArrayLike],
    X_source: Array,
    X_target: Array,
    random_state: Any = None,
) -> Array:
    """Call a weighting, which may be user-defined, and check its result.

    Parameters
    ----------
    weighting : SourceWeighting
        A callable ``(X_source, X_target)``, with or without ``random_state``.
    X_source : ndarray, shape (n_source, n_features)
        Features of the source trials.
    X_target : ndarray, shape (n_target, n_features)
        Features of the target trials.
    random_state : None, int or numpy random generator
        The weighting is passed an int that is derived from it.

    Returns
    -------
    ndarray, shape (n_source,)
        Weights of mean 1, finite and not negative.

    Raises
    ------
    DataError
        When the result is invalid; see :func:`check_weights`.
    """
    arguments: dict[str, Any] = {}
    if _takes_random_state(weighting):
        seed = stream(random_state, "weighting").generate_state(1)[0]
        arguments["random_state"] = int(seed)
    weights = weighting(X_source, X_target, **arguments)
    return check_weights(weights, len(X_source), weighting_name(weighting))


def check_weights(weights: ArrayLike, n_source: int, name: str) -> Array:
    """Check the result of a weighting, and return it as an array.

    Parameters
    ----------
    weights : array-like, shape (n_source,)
        The result of a weighting.
    n_source : int
        Number of source trials.
    name : str
        Name of the weighting, for messages.

    Returns
    -------
    ndarray, shape (n_source,)
        The weights in double precision.

    Raises
    ------
    DataError
        When there is not one number for each source trial, or numbers are not finite, negative, or
        not of mean 1. The message names the weighting, what was expected, and what came.

    See Also
    --------
    SourceWeighting : The interface.

    Examples
    --------
    >>> from bci_dann.reweighting import check_weights
    >>> check_weights([0.5, 1.5], n_source=2, name="mine")
    array([0.5, 1.5])
    >>> try:
    ...     check_weights([1.0, 3.0], n_source=2, name="mine")
    ... except ValueError as error:
    ...     print(str(error).partition("; ")[2])
    got mean 2. Divide them by their mean.
    """
    expected = f"weighting {name!r}: expected one weight of mean 1 for each source trial"
    try:
        w = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{expected}; got {type(weights).__name__}: {weights!r:.80}.") from None
    if w.shape != (n_source,):
        raise DataError(f"{expected}, shape ({n_source},); got shape {w.shape}.")
    if not np.isfinite(w).all():
        raise DataError(f"{expected}; got {int((~np.isfinite(w)).sum())} that are not finite.")
    if (w < 0).any():
        raise DataError(f"{expected}, none below 0; got {int((w < 0).sum())} below 0.")
    if abs(w.mean() - 1.0) > MEAN_TOLERANCE:
        raise DataError(f"{expected}; got mean {w.mean():.4g}. Divide them by their mean.")
    return w


def weighting_name(weighting: object) -> str:
    """Return the name of a weighting, for messages.

    Parameters
    ----------
    weighting : object
        A function, or an instance of a class.

    Returns
    -------
    str
        The name of the function or of the class.
    """
    return str(getattr(weighting, "__name__", type(weighting).__name__))


def _takes_random_state(weighting: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(weighting).parameters
    except (TypeError, ValueError):  # compiled functions may have no signature
        return False
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return takes_any or "random_state" in parameters
