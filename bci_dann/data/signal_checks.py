"""Checks that signals are finite, not flat, and scaled as EEG in microvolt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.exceptions import DataError

__all__ = [
    "FLAT_UV",
    "PLAUSIBLE_UV",
    "check_signals",
    "flat_channels_message",
    "selected_names",
    "silent_trials",
    "typical_amplitude",
]

# Lowest and highest plausible median standard deviation of a scalp recording (µV). Empirical:
# filtered and unfiltered EEG is between about 1 and 100 µV. The limits are wide, so that
# only a wrong unit, a factor of 1000 or more, is refused.
PLAUSIBLE_UV = (0.05, 5_000.0)

# Channels with a smaller standard deviation (µV) are constant. Empirical: for a constant of 0.1 V,
# rounding in double precision gives about 1e-11 µV; EEG in volt, read as µV by mistake, has 1e-6.
FLAT_UV = 1e-7

# Files of one folder may have different units, so that one factor for all would be wrong for some.
SMALL_UNIT_ADVICE = (
    "Multiply an array in volt by 1e6. For recordings, `unit_scale` does not fit this file: set it "
    'by file, `unit_scale: {"PATTERN OF FILES IN MICROVOLT": microvolt}`; files that match no '
    "pattern are read as volt."
)
LARGE_UNIT_ADVICE = (
    "For recordings in microvolt, set `unit_scale: microvolt`, or, if only some files need it, "
    '`unit_scale: {"PATTERN OF THE FILE": microvolt}`; the option of `adapt` and `predict` is '
    "--unit-scale microvolt."
)

# Number of trials converted to double precision at a time: 33 MB for 64 channels and 1000 samples.
CHUNK_TRIALS = 64


def check_signals(X: NDArray[np.floating[Any]], ch_names: list[str], where: str = "") -> None:
    """Raise an error if samples cannot be EEG in microvolt.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Signals (µV).
    ch_names : list of str
        Channel names, for the message.
    where : str
        The file or subject that the signals come from, for the message.

    Raises
    ------
    DataError
        When there are no trials, a sample is not finite, a channel is flat in every trial, or
        the median standard deviation is not between 0.05 and 5000 µV. The message contains
        ``where`` and the channels.

    See Also
    --------
    EEGTrials : Checks its signals with this function.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.data import check_signals
    >>> X = np.random.default_rng(0).normal(0, 10, (20, 2, 256))  # µV
    >>> check_signals(X, ["C3", "C4"])
    >>> try:
    ...     check_signals(X * 1e-6, ["C3", "C4"])  # volt
    ... except ValueError as error:
    ...     print(str(error).partition("µV. ")[2].partition(" Multiply")[0])
    The signals seem to be in volt or millivolt: convert them to microvolt.
    """
    prefix = f"{where}: " if where else ""
    if not len(X):
        raise DataError(f"{prefix}there are no trials.")
    deviation = _standard_deviations(X)
    not_finite = np.asarray(~np.isfinite(deviation).all(axis=0))
    if not_finite.any():
        names = selected_names(ch_names, not_finite)
        raise DataError(f"{prefix}samples are not finite in channels {names}.")
    flat = np.asarray((deviation < FLAT_UV).all(axis=0))
    if flat.any():
        raise DataError(prefix + flat_channels_message(selected_names(ch_names, flat)))
    _check_scale(float(np.median(deviation)), prefix)


def typical_amplitude(X: NDArray[np.floating[Any]]) -> float:
    """Return the median over trials and channels of the standard deviation over time.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Signals (µV).

    Returns
    -------
    float
        The amplitude (µV).
    """
    return float(np.median(_standard_deviations(X)))


def silent_trials(X: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Find the trials in which every channel is constant.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features)
        Signals. Feature vectors have no time axis, and are never silent.

    Returns
    -------
    ndarray of bool, shape (n_trials,)
        True if every channel is constant, for example when the amplifier lost the connection.
    """
    if X.ndim < 3:
        return np.zeros(len(X), dtype=bool)
    silent = (X[:, 0] == X[:, 0, :1]).all(axis=1)  # excludes most trials by their first channel
    candidates = X[silent]
    silent[silent] = (candidates == candidates[:, :, :1]).all(axis=(1, 2))
    return np.asarray(silent)


def flat_channels_message(ch_names: list[str]) -> str:
    """Return the error message about flat channels.

    Parameters
    ----------
    ch_names : list of str
        The flat channels.

    Returns
    -------
    str
        Two sentences: which channels are flat, and what to do.
    """
    return f"channels {ch_names} are flat. Leave them out with `channels`, or repair them."


def selected_names(ch_names: list[str], mask: NDArray[np.bool_]) -> list[str]:
    """Return the channels that a mask selects.

    Parameters
    ----------
    ch_names : list of str
        All channels.
    mask : ndarray of bool, shape (n_chans,)
        True for the selected channels.

    Returns
    -------
    list of str
        The selected channels, in order.
    """
    return [name for name, selected in zip(ch_names, mask, strict=True) if selected]


def _standard_deviations(X: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the standard deviation of each trial and channel (µV)."""
    with np.errstate(invalid="ignore"):  # infinite samples give NaN, which the caller refuses
        return np.concatenate([chunk.std(axis=2) for chunk in _double_precision_chunks(X)])


def _double_precision_chunks(X: NDArray[np.floating[Any]]) -> Iterator[NDArray[np.float64]]:
    """Convert a few trials at a time, because converting all at once would double the memory."""
    for start in range(0, len(X), CHUNK_TRIALS):
        yield X[start : start + CHUNK_TRIALS].astype(np.float64)


def _check_scale(typical: float, prefix: str) -> None:
    low, high = PLAUSIBLE_UV
    if not low <= typical <= high:
        raise DataError(
            f"{prefix}the typical standard deviation is {typical:.3g} µV, and EEG lies between "
            f"{low:g} and {high:g} µV. {_unit_advice(typical)}"
        )


def _unit_advice(typical: float) -> str:
    if typical < PLAUSIBLE_UV[0]:
        return (
            "The signals seem to be in volt or millivolt: convert them to microvolt. "
            f"{SMALL_UNIT_ADVICE}"
        )
    return f"The signals seem to be in a smaller unit than was assumed. {LARGE_UNIT_ADVICE}"
