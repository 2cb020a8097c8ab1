"""Common spatial patterns of MNE, within the directions that hold signal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.alignment import euclidean_reference
from bci_dann.alignment.whitening import RANK_TOLERANCE

if TYPE_CHECKING:
    from mne.decoding import CSP

__all__ = ["rank_of_trials", "spatial_patterns"]


def rank_of_trials(X: NDArray[np.floating[Any]]) -> int:
    """Return the number of directions that hold signal.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV), in single or double precision.

    Returns
    -------
    int
        The number of channels, or less, as after an average reference.
    """
    values = np.linalg.eigvalsh(euclidean_reference(X))
    return max(int((values > RANK_TOLERANCE * values[-1]).sum()), 1)


def spatial_patterns(n_components: int, rank: int) -> CSP:
    """Return unfitted common spatial patterns.

    MNE estimates the rank with the tolerance of double precision. In trials in single precision, as
    estimators get them, it would take the rounding errors of a missing direction for signal, and
    filters would amplify these errors.

    Parameters
    ----------
    n_components : int
        Number of patterns, at most ``rank``.
    rank : int
        The result of :func:`rank_of_trials`.

    Returns
    -------
    mne.decoding.CSP
        Its features are logarithms of the power of each pattern.
    """
    from mne.decoding import CSP

    # without an `info`, MNE takes channels for magnetometers; it refuses integers of NumPy
    return CSP(n_components=int(min(n_components, rank)), rank={"mag": rank})
