"""Causal filter of a stream with a state, so that chunks are filtered as one signal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bci_dann.data.filtering.signal_filters import causal_sections
from bci_dann.data.preprocessing import Preprocessing

__all__ = ["CausalFilter", "group_delay_s"]

# Frequency difference (Hz) for the numerical derivative of the phase.
SMALL_STEP = 1e-3


class CausalFilter:
    """Notch and band-pass filter with a state for each channel, as second-order sections.

    The output does not depend on the sizes of the chunks. The initial state is that of a constant
    signal equal to the first sample, so that an offset of the amplifier causes no transient.

    Parameters
    ----------
    sfreq : float
        Sampling frequency (Hz).
    preprocessing : Preprocessing
        Preprocessing with the keys ``notch`` and ``band``.
    """

    def __init__(self, sfreq: float, preprocessing: Preprocessing) -> None:
        self._sections = causal_sections(sfreq, preprocessing)
        self._state: NDArray[np.float64] | None = None

    def reset(self) -> None:
        """Reset the state, as needed after a gap."""
        self._state = None

    def filtered(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Filter the next samples.

        Parameters
        ----------
        samples : ndarray, shape (n_chans, n_samples)
            The next samples; all values must be finite.

        Returns
        -------
        ndarray, shape (n_chans, n_samples)
            The filtered samples.
        """
        from scipy.signal import sosfilt, sosfilt_zi

        if not len(self._sections) or not samples.shape[1]:
            return samples
        if self._state is None:
            at_rest = sosfilt_zi(self._sections)
            self._state = at_rest[:, None, :] * samples[None, :, :1]
        result, self._state = sosfilt(self._sections, samples, axis=1, zi=self._state)
        return np.asarray(result)


def group_delay_s(sfreq: float, preprocessing: Preprocessing) -> float:
    """Return the delay of the causal filters in the middle of the band.

    Parameters
    ----------
    sfreq : float
        Sampling frequency (Hz).
    preprocessing : Preprocessing
        Preprocessing with the keys ``notch`` and ``band``.

    Returns
    -------
    float
        Group delay at the geometric mean of the band edges (s); 0 without a band.
    """
    from scipy.signal import sosfreqz

    if preprocessing.band is None:
        return 0.0
    centre = float(np.sqrt(np.prod(preprocessing.band)))
    around = [centre - SMALL_STEP / 2, centre + SMALL_STEP / 2]
    _, response = sosfreqz(causal_sections(sfreq, preprocessing), worN=around, fs=sfreq)
    phase = np.unwrap(np.angle(response))
    return float(-(phase[1] - phase[0]) / (2 * np.pi * SMALL_STEP))
