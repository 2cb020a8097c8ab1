"""The border of the estimators: arrays, mne.Epochs and EEGTrials become one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bci_dann.data.trials import EEGTrials
from bci_dann.exceptions import DataError

__all__ = ["Signals", "read_signals"]


@dataclass(frozen=True)
class Signals:
    """Trials or feature vectors, with what is known of where they come from.

    Parameters
    ----------
    X : array-like, shape (n_trials, n_chans, n_times) or (n_samples, n_features)
        Trials in microvolt, or plain feature vectors.
    subjects : ndarray of str, shape (n_trials,), or None
        The subject of each trial.
    domains : ndarray of str, shape (n_trials,), or None
        ``subject/session`` of each trial; the subject where sessions are unknown.
    ch_names : list of str or None
        Channel names.
    sfreq : float or None
        Sampling frequency (Hz).
    """

    X: Any
    subjects: NDArray[np.str_] | None
    domains: NDArray[np.str_] | None
    ch_names: list[str] | None = None
    sfreq: float | None = None


def read_signals(X: Any, subjects: ArrayLike | None = None) -> Signals:
    """Read what a user or an evaluation hands to an estimator.

    Parameters
    ----------
    X : array-like, mne.Epochs or EEGTrials
        Arrays are in microvolt; epochs are converted, and their metadata names the domains.
    subjects : array-like, shape (n_trials,), optional
        The subject of each trial of an array. Trials that carry metadata ignore it.

    Returns
    -------
    Signals

    Raises
    ------
    DataError
        When ``subjects`` does not fit the trials.
    """
    if _is_epochs(X):
        X = EEGTrials.from_epochs(X)
    if isinstance(X, EEGTrials):
        return Signals(X.X, X.subjects, X.domains, X.ch_names, X.sfreq)
    if subjects is None:
        return Signals(X, None, None)
    names = np.asarray(subjects).astype(str)
    if names.shape != (len(X),):
        raise DataError(f"subjects must have shape ({len(X)},); got {names.shape}.")
    return Signals(X, names, names)


def _is_epochs(X: Any) -> bool:
    """Tell ``mne.Epochs`` from anything else without importing MNE for plain arrays."""
    return any(base.__name__ == "BaseEpochs" for base in type(X).__mro__)
