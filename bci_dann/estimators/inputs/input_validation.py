"""Reading and validation of trials by an estimator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data

from bci_dann.data.signal_checks import check_signals, silent_trials
from bci_dann.estimators.inputs.array_checks import (
    MAX_LISTED,
    check_any_trials,
    check_finite_samples,
    check_fitted_axes,
    check_order_of_axes,
)
from bci_dann.estimators.inputs.labels import check_labels
from bci_dann.estimators.inputs.signals import (
    Signals,
    check_same_channels,
    check_same_kind,
    check_sfreq,
    in_channel_order,
    read_signals,
)
from bci_dann.exceptions import DataError

__all__ = ["read_for_learning", "read_for_prediction"]

# Minimum number of trials for checks of the unit and of flat channels. In fewer trials an artefact
# may look like a wrong unit or a flat channel.
MIN_TRIALS_FOR_SIGNAL_CHECKS = 10

# scikit-learn's value of ``y`` for input without labels.
WITHOUT_LABELS = "no_validation"


def read_for_prediction(
    model: Any, X: Any, y: Any = WITHOUT_LABELS, subjects: Any = None, *, reset: bool = False
) -> Signals:
    """Read trials, and check them against the trials that a model was fitted to.

    Parameters
    ----------
    model : TransferClassifier
        The estimator; with ``reset`` the kind of trials is stored in its attributes.
    X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
        Trials (µV); or plain vectors ``(n_samples, n_features)``.
    y : array-like, shape (n_trials,), optional
        Labels; their number is checked.
    subjects : array-like, shape (n_trials,), optional
        The subject of each trial.
    reset : bool
        Whether these trials define the kind of trials, as those of the sources do.

    Returns
    -------
    Signals
        With ``X`` as float32.

    Raises
    ------
    DataError
        With what does not match.
    """
    signals = read_signals(X, subjects)
    if not reset:
        signals = in_channel_order(signals, model.ch_names_)
    _check_before_conversion(model, signals, y, reset)
    array = _as_float32(model, signals.X, y, reset)
    signals = replace(signals, X=array)
    n_times = array.shape[2] if array.ndim == 3 else None
    if array.ndim > 3:
        raise DataError(
            "X must have shape (n_trials, n_chans, n_times), or (n_samples, n_features) for plain "
            f"vectors; got shape {array.shape}."
        )
    check_finite_samples(array, signals.ch_names)
    if array.ndim == 3 and len(array) >= MIN_TRIALS_FOR_SIGNAL_CHECKS:
        check_signals(array, signals.ch_names or [str(i) for i in range(array.shape[1])])
    if reset:
        model.n_times_, model.ch_names_, model.sfreq_ = n_times, signals.ch_names, signals.sfreq
        check_sfreq(getattr(model, "sfreq", None), signals.sfreq)
    check_same_kind(n_times, signals, model.n_times_, model.ch_names_, model.sfreq_)
    return signals


def _as_float32(model: Any, X: Any, y: Any, reset: bool) -> NDArray[np.float32]:
    """Return trials in single precision, after scikit-learn's checks of them and of labels."""
    has_labels = not (isinstance(y, str) and y == WITHOUT_LABELS)
    is_plain = type(X) is np.ndarray and X.ndim == 3 and X.dtype.kind == "f"
    if is_plain and not has_labels and not reset:
        # nothing is left to check, and of one trial the checks would take a tenth of its prediction
        return X.astype(np.float32, copy=False)
    checked = validate_data(
        model,
        X,
        y,
        reset=reset,
        dtype=np.float32,
        allow_nd=True,
        ensure_all_finite=False,
        ensure_min_samples=2 if reset else 1,
    )
    return checked[0] if has_labels else checked


def _check_before_conversion(model: Any, signals: Signals, y: Any, reset: bool) -> None:
    """Raise errors in terms of trials, where scikit-learn would speak of samples and features."""
    shape = getattr(signals.X, "shape", ())
    check_any_trials(shape)
    if not reset:
        check_same_channels(signals, model.ch_names_)
        check_fitted_axes(shape, model.n_features_in_, model.n_times_)
        return
    if y is not None:
        check_labels(y)
    if signals.ch_names is None:
        n_labels = None if y is None else np.asarray(y, dtype=object).size
        check_order_of_axes(shape, n_labels)


def read_for_learning(
    model: Any, X: Any, y: Any = WITHOUT_LABELS, subjects: Any = None, *, reset: bool = False
) -> Signals:
    """Read trials to learn from; each of them must have a signal.

    Parameters
    ----------
    model : TransferClassifier
        See :func:`read_for_prediction`.
    X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
        See :func:`read_for_prediction`.
    y : array-like, shape (n_trials,), optional
        See :func:`read_for_prediction`.
    subjects : array-like, shape (n_trials,), optional
        See :func:`read_for_prediction`.
    reset : bool
        See :func:`read_for_prediction`.

    Returns
    -------
    Signals
        With ``X`` as float32.

    Raises
    ------
    DataError
        See :func:`read_for_prediction`; also when all channels of a trial are constant.
    """
    signals = read_for_prediction(model, X, y, subjects, reset=reset)
    silent = np.flatnonzero(silent_trials(signals.X))
    if len(silent):
        raise DataError(
            f"{len(silent)} of {len(signals.X)} trials hold no signal, every channel being "
            f"constant; the first at {silent[:MAX_LISTED].tolist()}. Leave them out."
        )
    return signals
