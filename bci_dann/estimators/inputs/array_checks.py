"""Checks of arrays: the order of axes, samples that are not finite, and probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._arrays import chunks
from bci_dann.exceptions import ConfigError, DataError

__all__ = [
    "MAX_LISTED",
    "check_any_trials",
    "check_finite_samples",
    "check_fitted_axes",
    "check_order_of_axes",
    "checked_probabilities",
]

# Above this ratio of channels to samples the axes are probably swapped: caps have up to 256
# electrodes, and one second at 128 Hz, shorter than any window of motor imagery, has 128 samples.
MAX_CHANNELS_PER_SAMPLE = 2
# Maximum number of trials or channels that a message lists.
MAX_LISTED = 10


def check_order_of_axes(shape: Sequence[int], n_labels: int | None) -> None:
    """Raise where an array of trials is not ordered as trials, channels, samples.

    Parameters
    ----------
    shape : sequence of int
        Shape of the array, of any number of axes.
    n_labels : int or None
        Number of labels; ``None`` without labels.

    Raises
    ------
    DataError
        Where another axis has the length of the labels, or there are far more channels than
        samples. The message shows how to transpose.
    """
    if len(shape) != 3:
        return
    if n_labels is not None and n_labels != shape[0] and n_labels in shape[1:]:
        trials = list(shape).index(n_labels, 1)
        channels, samples = sorted({0, 1, 2} - {trials}, key=lambda axis: shape[axis])
        raise DataError(
            f"X has shape {tuple(shape)}, and y has {n_labels} labels: axes must be (n_trials, "
            f"n_chans, n_times). Give X.transpose({trials}, {channels}, {samples})."
        )
    if shape[1] > MAX_CHANNELS_PER_SAMPLE * shape[2]:
        raise DataError(
            f"X has shape {tuple(shape)}, that is {shape[1]} channels of {shape[2]} samples: axes "
            "must be (n_trials, n_chans, n_times). Give X.transpose(0, 2, 1); where the order is "
            "right, give mne.Epochs or EEGTrials, which name the channels."
        )


def check_any_trials(shape: Sequence[int]) -> None:
    """Raise where an array of trials has none.

    Parameters
    ----------
    shape : sequence of int
        Shape of the array, of any number of axes.

    Raises
    ------
    DataError
        The message names the usual cause, a comparison of a subject's name with a number.
    """
    if len(shape) == 3 and shape[0] == 0:
        raise DataError(
            f"X has no trials: its shape is {tuple(shape)}. If they were selected by subject, "
            "session or run, compare with text, for example trials.subjects == '4'."
        )


def check_fitted_axes(shape: Sequence[int], n_chans: int, n_times: int | None) -> None:
    """Raise where the axes of trials are not those of a model.

    Parameters
    ----------
    shape : sequence of int
        Shape of the array, of any number of axes.
    n_chans : int
        Channels of the model.
    n_times : int or None
        Samples of the model; ``None`` for plain vectors.

    Raises
    ------
    DataError
        Where the axes of channels and samples are swapped, there is a single trial without the
        axis of trials, or the number of channels is another. The message says what to give.
    """
    if n_times is None:
        return
    if tuple(shape) == (n_chans, n_times):
        raise DataError(
            f"X has shape {tuple(shape)}, that of one trial: give X[None], since the first axis is "
            "that of trials."
        )
    if n_chans != n_times and tuple(shape[1:]) == (n_times, n_chans):
        raise DataError(
            f"X has shape {tuple(shape)}; the model was fitted with {n_chans} channels of "
            f"{n_times} samples. Give X.transpose(0, 2, 1)."
        )
    if len(shape) == 3 and shape[1] != n_chans:
        raise DataError(
            f"trials have {shape[1]} channels; the model was fitted with {n_chans}. Give the same "
            "channels in the same order, or EEGTrials or mne.Epochs, whose channels have names."
        )


def check_finite_samples(X: NDArray[np.floating[Any]], ch_names: Sequence[str] | None) -> None:
    """Raise where a sample is NaN or infinite.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features)
        Trials or feature vectors.
    ch_names : sequence of str or None
        Channel names; without names channels are numbered from 0.

    Raises
    ------
    DataError
        With the trials and channels.
    """
    broken = np.zeros(X.shape[:2], dtype=bool)
    for part in chunks(len(X)):
        finite = np.isfinite(X[part])
        broken[part] = ~finite.reshape(*finite.shape[:2], -1).all(axis=2)
    if not broken.any():
        return
    rows, columns = np.flatnonzero(broken.any(axis=1)), np.flatnonzero(broken.any(axis=0))
    row, column = ("trials", "channels") if X.ndim > 2 else ("rows", "features")
    named = columns.tolist() if ch_names is None else [ch_names[i] for i in columns.tolist()]
    raise DataError(
        f"{len(rows)} of {len(X)} {row} hold samples that are NaN or inf: {row} "
        f"{_first(rows.tolist())}, {column} {_first(named)}. Leave these {row} out, or repair "
        f"the {column}."
    )


def _first(values: list[Any]) -> str:
    """Return the first values of a list as text."""
    more = f" and {len(values) - MAX_LISTED} more" if len(values) > MAX_LISTED else ""
    return f"{values[:MAX_LISTED]}{more}"


def checked_probabilities(values: Any, shape: tuple[int, int], owner: str) -> NDArray[np.float64]:
    """Return the class probabilities of a method, after a check of their shape and values.

    Parameters
    ----------
    values : array-like
        What the method has returned for some trials.
    shape : tuple of int
        Number of trials, and number of classes.
    owner : str
        Name of the method, for the message.

    Returns
    -------
    ndarray, shape (n_trials, n_classes)
        Finite.

    Raises
    ------
    ConfigError
        When the shape is another one, or a value is not finite.
    """
    probabilities: NDArray[np.float64] = np.asarray(values)
    expected = f"{owner}: predict_proba_aligned must return an array of shape (n_trials, n_classes)"
    if probabilities.shape != shape:
        raise ConfigError(f"{expected}, here {shape}; got shape {probabilities.shape}.")
    n_bad = int((~np.isfinite(probabilities)).any(axis=1).sum())
    if n_bad:
        raise ConfigError(
            f"{expected} with finite values; {n_bad} of {shape[0]} trials have NaN or infinity."
        )
    return probabilities
