"""Input of estimators: arrays, ``mne.Epochs`` and ``EEGTrials`` in a common form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bci_dann.data.trials import EEGTrials
from bci_dann.estimators.inputs.array_checks import MAX_LISTED
from bci_dann.estimators.inputs.labels import missing_labels
from bci_dann.exceptions import DataError

__all__ = [
    "Signals",
    "check_same_channels",
    "check_same_kind",
    "check_sfreq",
    "copy_trials",
    "in_channel_order",
    "in_memory",
    "read_signals",
]


@dataclass(frozen=True)
class Signals:
    """Trials or feature vectors, with subjects, domains and channels where known.

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
    rest : array-like, shape (n_trials, n_chans, n_rest_times), or None
        Rest windows, where the trials have some; see :class:`bci_dann.EEGTrials`. Not yet read into
        memory.
    """

    X: Any
    subjects: NDArray[np.str_] | None
    domains: NDArray[np.str_] | None
    ch_names: list[str] | None = None
    sfreq: float | None = None
    rest: Any = None


def read_signals(X: Any, subjects: ArrayLike | None = None) -> Signals:
    """Read the input of an estimator.

    Parameters
    ----------
    X : array-like, mne.Epochs or EEGTrials
        Arrays are in microvolt; epochs are converted to it, and their metadata gives the domains.
    subjects : array-like, shape (n_trials,), optional
        The subject of each trial, for arrays, and for epochs without subjects in their metadata.

    Returns
    -------
    Signals
        With domains where they are known.

    Raises
    ------
    DataError
        When ``subjects`` does not match the trials.
    """
    named = isinstance(X, EEGTrials)
    if parts := _epochs_in(X):
        named = _have_subjects(parts)
        X = _trials_of(parts)
    names = None if subjects is None else _names(subjects, len(X))
    if not isinstance(X, EEGTrials):
        return Signals(X, names, names)
    if not named:
        return Signals(np.asarray(X.X), names, names, X.ch_names, X.sfreq, X.rest)
    if names is not None and not np.array_equal(names, X.subjects):
        raise DataError(
            "subjects differ from the subjects in the trials' own metadata; leave `subjects` out."
        )
    return Signals(np.asarray(X.X), X.subjects, X.domains, X.ch_names, X.sfreq, X.rest)


def in_channel_order(signals: Signals, ch_names: list[str] | None) -> Signals:
    """Reorder channels to the order in a fitted model.

    Parameters
    ----------
    signals : Signals
        The trials.
    ch_names : list of str or None
        The channels of the model; ``None`` where their names are unknown.

    Returns
    -------
    Signals
        Unchanged where names are unknown, already in order, or different: :func:`check_same_kind`
        rejects different names later.
    """
    given = signals.ch_names
    if given is None or ch_names is None or given == ch_names or sorted(given) != sorted(ch_names):
        return signals
    order = [given.index(name) for name in ch_names]
    X, rest = (None if of is None else np.asarray(of)[:, order] for of in (signals.X, signals.rest))
    return replace(signals, X=X, rest=rest, ch_names=list(ch_names))


def in_memory(X: Any) -> Any:
    """Return epochs in memory: the number of others, and their indices, are not yet known.

    Parameters
    ----------
    X : array-like, mne.Epochs or EEGTrials
        The trials.

    Returns
    -------
    array-like, mne.Epochs or EEGTrials
        A loaded copy of epochs that are not in memory; otherwise ``X`` itself.
    """
    return X if getattr(X, "preload", True) else X.copy().load_data()


def copy_trials(X: Any, subjects: ArrayLike | None = None) -> NDArray[Any] | EEGTrials:
    """Return a copy of trials without labels, independent of the input.

    Parameters
    ----------
    X : array-like, mne.Epochs or EEGTrials
        The trials.
    subjects : array-like, shape (n_trials,), optional
        The subject of each trial, for epochs without subjects in their metadata.

    Returns
    -------
    ndarray or EEGTrials
        A copy of the type of ``X``; epochs become EEGTrials.
    """
    named = True
    if parts := _epochs_in(X):
        named = _have_subjects(parts)
        X = _trials_of(parts)
    if not isinstance(X, EEGTrials):
        return np.array(X)
    metadata = X.metadata.copy()
    if subjects is not None and not named:
        metadata["subject"] = _names(subjects, len(X))
    rest = None if X.rest is None else np.array(X.rest)
    return EEGTrials.trusted(np.array(X.X), None, metadata, X.info, rest=rest)


def check_same_kind(
    n_times: int | None,
    signals: Signals,
    fitted_n_times: int | None,
    fitted_ch_names: list[str] | None,
    fitted_sfreq: float | None,
) -> None:
    """Raise where trials differ in samples, rate or channels from those of a fitted model.

    Parameters
    ----------
    n_times : int or None
        Number of samples in a trial.
    signals : Signals
        The trials.
    fitted_n_times : int or None
        Number of samples in the model; ``None`` for plain vectors.
    fitted_ch_names : list of str or None
        Channel names of the model.
    fitted_sfreq : float or None
        Sampling frequency of the model (Hz).

    Raises
    ------
    DataError
        With what differs.
    """
    if n_times != fitted_n_times:
        raise DataError(
            f"trials have {n_times} samples; the model was fitted with {fitted_n_times}. "
            "Cut the same window at the same sampling frequency."
        )
    if _differ(signals.sfreq, fitted_sfreq):
        raise DataError(
            f"trials are sampled at {signals.sfreq} Hz; the model was fitted at "
            f"{fitted_sfreq} Hz. Resample them."
        )
    check_same_channels(signals, fitted_ch_names)


def check_same_channels(signals: Signals, fitted_ch_names: list[str] | None) -> None:
    """Raise where the names of channels differ from those of a fitted model.

    Parameters
    ----------
    signals : Signals
        The trials.
    fitted_ch_names : list of str or None
        Channel names of the model; ``None`` where they are unknown.

    Raises
    ------
    DataError
        With the channels that are missing or unknown.
    """
    if None not in (signals.ch_names, fitted_ch_names) and signals.ch_names != fitted_ch_names:
        raise DataError(
            _channels_message(list(signals.ch_names or ()), list(fitted_ch_names or ()))
        )


def check_sfreq(given: float | None, of_trials: float | None) -> None:
    """Raise where the sampling frequency of the trials differs from a parameter.

    Parameters
    ----------
    given, of_trials : float or None
        The parameter, and the sampling frequency of the trials (Hz).

    Raises
    ------
    DataError
        When both are known and differ by more than rounding.
    """
    if _differ(given, of_trials):
        raise DataError(
            f"sfreq is {given:g} Hz, but the trials have {of_trials:g} Hz: leave `sfreq` "
            "out, which is only for arrays."
        )


def _differ(first: float | None, second: float | None) -> bool:
    """Return whether two sampling frequencies are known and differ by more than rounding."""
    if first is None or second is None or first == second:
        return False
    from bci_dann.data.segmentation import same_sfreq  # imports MNE

    return not same_sfreq(first, second)


def _channels_message(given: list[str], fitted: list[str]) -> str:
    """Return the message on missing and unknown channels."""
    missing = [name for name in fitted if name not in given]
    unknown = [name for name in given if name not in fitted]
    parts = []
    if missing:
        parts.append(f"lack the channels {missing}")
    if unknown:
        parts.append(f"have the channels {unknown}, which the model does not know")
    return (
        f"trials {' and '.join(parts)}; the model was fitted with {fitted}. Pick and rename the "
        "channels, in any order."
    )


def _names(subjects: ArrayLike, n_trials: int) -> NDArray[np.str_]:
    names = np.asarray(subjects).astype(str)
    if names.shape != (n_trials,):
        raise DataError(
            f"subjects must have shape ({n_trials},); got {names.shape}. Give the name of the "
            "subject of each trial."
        )
    missing = np.flatnonzero(missing_labels(subjects))
    if len(missing):
        raise DataError(
            f"{len(missing)} of {n_trials} subjects are missing (NaN, None or empty), the first "
            f"at {missing[:MAX_LISTED].tolist()}: each trial needs the name of its subject."
        )
    return names


def _epochs_in(X: Any) -> list[Any]:
    """Return the given epochs as a list, which is empty for other input.

    scikit-learn's cross-validation, which MOABB uses for prediction trial by trial, takes single
    epochs out of ``mne.Epochs``, and passes them on as a list.
    """
    parts = X if isinstance(X, list | tuple) else [X]
    return list(parts) if len(parts) and all(map(_is_epochs, parts)) else []


def _have_subjects(parts: list[Any]) -> bool:
    return all(one.metadata is not None and "subject" in one.metadata for one in parts)


def _trials_of(parts: list[Any]) -> EEGTrials:
    trials = [EEGTrials.from_epochs(one, labelled=False) for one in parts]
    return trials[0] if len(trials) == 1 else EEGTrials.concatenate(trials)


def _is_epochs(X: Any) -> bool:
    """Return whether ``X`` is ``mne.Epochs``, without importing MNE for plain arrays."""
    return any(base.__name__ == "BaseEpochs" for base in type(X).__mro__)
