"""A causal filter of a stream, which goes on from chunk to chunk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bci_dann.data.filtering.signal_filters import causal_sections
from bci_dann.data.preprocessing import Preprocessing

__all__ = ["CausalFilter", "group_delay_s"]

# Hz between the frequencies at which the phase is differentiated.
SMALL_STEP = 1e-3


class CausalFilter:
    """The notch and band of preprocessing steps as second-order sections with a state a channel.

    Whatever the sizes of the chunks, the output is that of one pass over all of them. It starts
    as if the first sample had been there forever, so that an offset of the amplifier gives no
    transient.

    Parameters
    ----------
    sfreq : float
        Sampling frequency (Hz).
    preprocessing : Preprocessing
        The keys ``notch`` and ``band``.
    """

    def __init__(self, sfreq: float, preprocessing: Preprocessing) -> None:
        self._sections = causal_sections(sfreq, preprocessing)
        self._state: NDArray[np.float64] | None = None

    def reset(self) -> None:
        """Forget the samples before, as after a gap."""
        self._state = None

    def filtered(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Filter the next samples.

        Parameters
        ----------
        samples : ndarray, shape (n_chans, n_samples)
            Finite.

        Returns
        -------
        ndarray, shape (n_chans, n_samples)
            Filtered.
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
    """Return by how much causal filters delay the middle of the band.

    Parameters
    ----------
    sfreq : float
        Sampling frequency (Hz).
    preprocessing : Preprocessing
        The keys ``notch`` and ``band``.

    Returns
    -------
    float
        Group delay at the geometric mean of the ends of the band (s); 0 without a band.
    """
    from scipy.signal import sosfreqz

    if preprocessing.band is None:
        return 0.0
    centre = float(np.sqrt(np.prod(preprocessing.band)))
    around = [centre - SMALL_STEP / 2, centre + SMALL_STEP / 2]
    _, response = sosfreqz(causal_sections(sfreq, preprocessing), worN=around, fs=sfreq)
    phase = np.unwrap(np.angle(response))
    return float(-(phase[1] - phase[0]) / (2 * np.pi * SMALL_STEP))
