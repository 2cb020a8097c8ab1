"""Resampling of a stream to the sampling frequency of a model, chunk by chunk."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bci_dann.data.segmentation import same_sfreq
from bci_dann.exceptions import ConfigError

__all__ = ["StreamResampler"]

# Denominators for the search of a simple ratio of sampling frequencies, such as 128/1000 = 16/125.
LARGEST_DENOMINATORS = (8, 64, 512)

# Length of the anti-aliasing filter (zero crossings on either side) and its Kaiser window, as in
# `scipy.signal.resample_poly`.
HALF_LENGTH, KAISER_BETA = 10, 5.0


class StreamResampler:
    """Polyphase resampling with a state, so that the output does not depend on chunk sizes.

    Sample ``k`` of the output is the signal ``k / to`` seconds after the first sample of the input,
    delayed by :attr:`delay_s`.

    Parameters
    ----------
    sfreq : float
        Sampling frequency of the stream (Hz).
    to : float
        Sampling frequency of the model (Hz).

    Raises
    ------
    ConfigError
        When the ratio is not a simple fraction, such as 64/125 for 250 Hz to 128 Hz.
    """

    def __init__(self, sfreq: float, to: float) -> None:
        ratio = Fraction(1) if same_sfreq(sfreq, to) else _ratio(sfreq, to)
        self._up, self._down = ratio.numerator, ratio.denominator
        self.delay_s = 0.0
        self._taps = np.ones((1, 1))
        if ratio != 1:
            self._taps = _polyphase(self._up, self._down)
            self.delay_s = HALF_LENGTH * max(self._up, self._down) / (self._up * sfreq)
        self.reset()

    def reset(self) -> None:
        """Reset the state, for a new signal."""
        self._n_read, self._n_written = 0, 0
        self._tail: NDArray[np.float64] | None = None

    def inputs_for(self, n_outputs: int) -> int:
        """Return how many samples of the stream are needed for a number of output samples.

        Parameters
        ----------
        n_outputs : int
            Number of samples at the frequency of the model.

        Returns
        -------
        int
            Number of samples of the stream, from the start of a signal.
        """
        return (n_outputs - 1) * self._down // self._up + 1

    def resampled(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Resample the next samples.

        Parameters
        ----------
        samples : ndarray, shape (n_chans, n_samples)
            Samples of the stream.

        Returns
        -------
        ndarray, shape (n_chans, n_outputs)
            The completed samples at the frequency of the model; may be empty.
        """
        if self._up == self._down == 1 or not samples.shape[1]:
            return samples
        n_taps = self._taps.shape[1]
        if self._tail is None:  # as for a constant signal before the first sample
            self._tail = np.repeat(samples[:, :1], n_taps - 1, axis=1)
        joined = np.concatenate([self._tail, samples], axis=1)
        n_read_before, self._n_read = self._n_read, self._n_read + samples.shape[1]
        stop = (self._n_read * self._up - 1) // self._down + 1
        # times of the output samples in units of the upsampled signal, and for each the index in
        # `samples` of the last input sample that is not later
        positions = np.arange(self._n_written, stop) * self._down
        latest = positions // self._up - n_read_before
        windows = np.lib.stride_tricks.sliding_window_view(joined, n_taps, axis=1)[:, latest]
        result = np.einsum("cnt,nt->cn", windows, self._taps[positions % self._up])
        self._n_written, self._tail = stop, joined[:, joined.shape[1] - (n_taps - 1) :]
        return np.asarray(result)


def _ratio(sfreq: float, to: float) -> Fraction:
    """Return the simplest ratio that equals that of the frequencies up to rounding."""
    for most in LARGEST_DENOMINATORS:
        ratio = Fraction(to / sfreq).limit_denominator(most)
        if ratio > 0 and same_sfreq(sfreq * float(ratio), to):
            return ratio
    raise ConfigError(
        f"a stream at {sfreq:g} Hz cannot be resampled to the {to:g} Hz of the model: the ratio is "
        f"not a fraction with a denominator up to {LARGEST_DENOMINATORS[-1]}. Choose another rate "
        "of the amplifier, or train with preprocessing `resample` at a simple fraction of it."
    )


def _polyphase(up: int, down: int) -> NDArray[np.float64]:
    """Return the filter taps of each phase, ordered for samples from oldest to latest."""
    from scipy.signal import firwin

    longest = max(up, down)
    half = HALF_LENGTH * longest
    taps = firwin(2 * half + 1, 1.0 / longest, window=("kaiser", KAISER_BETA)) * up
    n_taps = -(-len(taps) // up)
    padded = np.zeros(n_taps * up)
    padded[: len(taps)] = taps
    phases = padded.reshape(n_taps, up).T  # row p: taps p, p + up, ... for the latest sample first
    return np.ascontiguousarray(phases[:, ::-1])
