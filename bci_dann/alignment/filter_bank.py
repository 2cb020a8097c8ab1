"""A bank of band-pass filters; each band is aligned separately.

Ang, Chin, Wang, Guan and Zhang (2012), "Filter bank common spatial pattern algorithm on BCI
competition IV datasets 2a and 2b", Front. Neurosci. 6:39: bands 4 Hz wide.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from bci_dann.alignment.interface import Alignment
from bci_dann.exceptions import ConfigError

__all__ = ["BANDS", "FilterBank", "band_passed", "check_bands"]

# Edges (Hz): the bands of Ang et al. (2012) from the mu to the beta rhythm.
BANDS = ((8.0, 12.0), (12.0, 16.0), (16.0, 20.0), (20.0, 24.0), (24.0, 28.0))
# Order of the Butterworth filters: neighbouring bands of 4 Hz then overlap little.
ORDER = 4


def check_bands(bands: Sequence[tuple[float, float]], sfreq: float) -> None:
    """Raise unless all bands lie below half the sampling frequency.

    Parameters
    ----------
    bands : sequence of (float, float)
        Lower and upper edge of each band (Hz).
    sfreq : float
        Sampling frequency (Hz).

    Raises
    ------
    ConfigError
        Naming the band.
    """
    for low, high in bands:
        if not 0 < low < high < sfreq / 2:
            raise ConfigError(
                f"the band {low:g}-{high:g} Hz must lie between 0 and half the sampling "
                f"frequency, {sfreq / 2:g} Hz: resample less, or take other bands."
            )


def band_passed(X: NDArray[Any], low: float, high: float, sfreq: float) -> NDArray[np.float64]:
    """Return band-pass filtered trials (zero-phase Butterworth filter).

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials.
    low, high : float
        Edges of the band (Hz).
    sfreq : float
        Sampling frequency (Hz).

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_times)
        In the unit of ``X``.
    """
    from scipy.signal import butter, sosfiltfilt

    # trials are too short for the FIR filters that are applied to recordings
    sections = butter(ORDER, [low, high], "bandpass", fs=sfreq, output="sos")
    filtered: NDArray[np.float64] = sosfiltfilt(sections, np.asarray(X, dtype=np.float64))
    return filtered


class FilterBank(Alignment, BaseEstimator):
    """Filter trials into several bands, and align each band; the bands are a new axis.

    The default bands are 4 Hz wide, from 8 to 28 Hz, as in [1]_.

    Parameters
    ----------
    alignments : list of Alignment or None
        An unfitted alignment for each band; ``None`` leaves the band as it is.
    sfreq : float
        Sampling frequency (Hz).
    bands : sequence of (float, float)
        Lower and upper edge of each band (Hz).

    Raises
    ------
    ConfigError
        When a band does not lie below half the sampling frequency.

    See Also
    --------
    EuclideanAlignment : An alignment for one band.
    bci_dann.ShallowClassifier : Uses it for ``features="filter_bank_csp"``.

    References
    ----------
    .. [1] Ang, K. K. et al. (2012). Filter bank common spatial pattern algorithm on BCI competition
       IV datasets 2a and 2b. Frontiers in Neuroscience 6:39. doi:10.3389/fnins.2012.00039.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.alignment import EuclideanAlignment, FilterBank
    >>> X = np.random.default_rng(0).normal(0, 10, (20, 3, 256))
    >>> bands = [(8, 12), (12, 16)]
    >>> bank = FilterBank([EuclideanAlignment() for _ in bands], sfreq=128.0, bands=bands)
    >>> bank.fit(X).transform(X).shape
    (20, 2, 3, 256)
    """

    def __init__(
        self,
        alignments: list[Alignment | None],
        sfreq: float,
        bands: tuple[tuple[float, float], ...] = BANDS,
    ) -> None:
        check_bands(bands, sfreq)
        self.alignments = alignments
        self.sfreq = sfreq
        self.bands = bands

    def fit(self, X: NDArray[Any], domains: ArrayLike | None = None) -> Self:
        """Compute the references of the source domains in each band; see :class:`Recentring`."""
        for alignment, filtered in self._filtered(X):
            if alignment is not None:
                alignment.fit(filtered, domains)
        return self

    def extend(self, X: NDArray[Any], domains: ArrayLike | None = None) -> Self:
        """Add the references of further domains; see :meth:`Recentring.extend`."""
        for alignment, filtered in self._filtered(X):
            if alignment is not None:
                alignment.extend(filtered, domains)
        return self

    @property
    def is_incremental(self) -> bool:
        """Whether the alignments of all bands can be updated; see :meth:`Alignment.update`."""
        return all(alignment is None or alignment.is_incremental for alignment in self.alignments)

    def update(self, X: NDArray[Any], domain: str) -> Self:
        """Move the references of each band by one trial; see :meth:`Alignment.update`."""
        moved = [alignment and copy.copy(alignment) for alignment in self.alignments]
        for alignment, (low, high) in zip(moved, self.bands, strict=True):
            if alignment is not None:
                alignment.update(band_passed(X, low, high, self.sfreq), domain)
        self.alignments = moved
        return self

    def transform(self, X: NDArray[Any], domains: ArrayLike | None = None) -> NDArray[Any]:
        """Return the aligned trials of each band.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial; unseen domains get the fallback.

        Returns
        -------
        ndarray, shape (n_trials, n_bands, n_chans, n_times)
            Float32; without unit where a band is aligned, else in µV.
        """
        bank = np.empty((len(X), *self.shape_of(X.shape[1:])), dtype=np.float32)
        self.transform_into(X, domains, bank)
        return bank

    def transform_into(self, X: NDArray[Any], domains: ArrayLike | None, out: NDArray[Any]) -> None:
        """Write the aligned trials of each band into ``out``; see :meth:`transform`."""
        for band, (alignment, filtered) in enumerate(self._filtered(X)):
            if alignment is None:
                out[:, band] = filtered
            else:
                alignment.transform_into(filtered, domains, out[:, band])

    def shape_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return ``(n_bands, n_chans, n_times)``; see :class:`Alignment`."""
        return (len(self.bands), *shape)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the references of every band; see :meth:`Alignment.to_arrays`."""
        return {
            f"{band}.{name}": array
            for band, alignment in enumerate(self.alignments)
            if alignment is not None
            for name, array in alignment.to_arrays().items()
        }

    def from_arrays(self, domains: list[str], arrays: dict[str, NDArray[Any]]) -> Self:
        """Restore the references of every band; see :meth:`Alignment.from_arrays`."""
        for band, alignment in enumerate(self.alignments):
            if alignment is not None:
                prefix = f"{band}."
                of_band = {
                    k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)
                }
                alignment.from_arrays(domains, of_band)
        return self

    def _filtered(self, X: NDArray[Any]) -> Iterator[tuple[Alignment | None, NDArray[Any]]]:
        for alignment, (low, high) in zip(self.alignments, self.bands, strict=True):
            if alignment is not None:
                alignment.cache = self.cache
            yield alignment, band_passed(X, low, high, self.sfreq)
