"""Artefact detection in windows of a stream: flat, clipped and implausibly scaled channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bci_dann.data.screening.trial_faults import RAILED_SHARE, railed_share
from bci_dann.data.signal_checks import FLAT_UV, PLAUSIBLE_UV
from bci_dann.serving.model_recipe import ModelRecipe

__all__ = ["ArtefactGate"]

# Largest plausible ratio of a channel's amplitude in a window to the highest median of a training
# subject, or of the lowest median to the amplitude. Empirical: in nine subjects of MI-OpenBCI, no
# channel of a trial is more than 2.1 times larger than the highest median, or 1.9 times smaller
# than the lowest; these two differ 3.5-fold.
MAX_RATIO = 8.0

# A channel that repeats one value for this time (s) is considered flat, whatever its amplitude.
FLAT_S = 0.2


class ArtefactGate:
    """Detects faults of each channel of a window, before and after the filters.

    Parameters
    ----------
    recipe : ModelRecipe
        Recipe with the amplitudes of training, and the limit ``reject_uv``, if any.
    ch_names : sequence of str
        Channels of the model.
    sfreq : float
        Sampling frequency of the stream (Hz).
    """

    def __init__(self, recipe: ModelRecipe, ch_names: Sequence[str], sfreq: float) -> None:
        self._names = list(ch_names)
        self._limits_uv = _amplitude_limits(recipe)
        self._reject_uv = recipe.preprocessing.reject_uv or np.inf
        self._n_flat = max(2, round(FLAT_S * sfreq))
        self.reset()

    def reset(self) -> None:
        """Forget the range of the channels, which is needed to detect clipping."""
        shape = (len(self._names), 1)
        self._low, self._high = np.full(shape, np.inf), np.full(shape, -np.inf)

    def watch(self, recorded: NDArray[np.float64]) -> None:
        """Update the range of the channels.

        Parameters
        ----------
        recorded : ndarray, shape (n_chans, n_samples)
            The next samples (µV).
        """
        if recorded.shape[1]:
            self._low = np.minimum(self._low, recorded.min(axis=1, keepdims=True))
            self._high = np.maximum(self._high, recorded.max(axis=1, keepdims=True))

    def faults(
        self, recorded: NDArray[np.float64], filtered: NDArray[np.float64]
    ) -> dict[str, str]:
        """Return the faults of the channels of a window.

        Parameters
        ----------
        recorded : ndarray, shape (n_chans, n_stream_times)
            The window before re-referencing and filters, which would hide a flat channel (µV).
        filtered : ndarray, shape (n_chans, n_times)
            The window as input of the model (µV).

        Returns
        -------
        dict of str to str
            By channel: ``"railed"`` (clipped), ``"flat"``, ``"too large"`` or ``"too small"``.
        """
        deviation, span = filtered.std(axis=1), np.ptp(filtered, axis=1)
        low, high = self._limits_uv
        # if several tests are true for a channel, the last one determines its fault
        tests = {
            "too small": deviation < low,
            "too large": (deviation > high) | (span > self._reject_uv),
            "flat": self._is_flat(recorded),
            "railed": self._is_railed(recorded),
        }
        found = {
            name: fault
            for fault, is_so in tests.items()
            for name, true in zip(self._names, is_so, strict=True)
            if true
        }
        return {name: found[name] for name in self._names if name in found}

    def _is_flat(self, recorded: NDArray[np.float64]) -> NDArray[np.bool_]:
        is_flat = np.asarray(recorded.std(axis=1) < FLAT_UV)
        repeats = recorded[:, 1:] == recorded[:, :-1]
        if np.count_nonzero(repeats) < self._n_flat:
            return is_flat
        counts = np.cumsum(np.pad(repeats, ((0, 0), (1, 0))), axis=1)
        longest = counts[:, self._n_flat :] - counts[:, : -self._n_flat] == self._n_flat
        return np.asarray(is_flat | longest.any(axis=1))

    def _is_railed(self, recorded: NDArray[np.float64]) -> NDArray[np.bool_]:
        has_range = (self._high > self._low)[:, 0]
        return has_range & (railed_share(recorded, self._low, self._high) >= RAILED_SHARE)


def _amplitude_limits(recipe: ModelRecipe) -> tuple[float, float]:
    """Return the lowest and highest plausible standard deviation of a channel in a window (µV)."""
    typical = recipe.typical_range_uv
    if typical is None:
        if recipe.typical_uv is None:
            return PLAUSIBLE_UV
        typical = (recipe.typical_uv, recipe.typical_uv)
    return typical[0] / MAX_RATIO, typical[1] * MAX_RATIO
