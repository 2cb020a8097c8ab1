"""Sliding window of a stream: from incoming samples to the input of a model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bci_dann.data.filtering.signal_filters import check_frequencies
from bci_dann.serving.model_recipe import ModelRecipe
from bci_dann.serving.online.artefact_gate import ArtefactGate
from bci_dann.serving.online.causal_filter import CausalFilter, group_delay_s
from bci_dann.serving.online.sample_ring import SampleRing
from bci_dann.serving.online.stream_channels import StreamChannels
from bci_dann.serving.online.stream_resampler import StreamResampler

__all__ = ["SignalWindow"]

MISSING = "missing samples"

# Larger values (µV) are invalid and counted as missing, because they would persist in the filters.
IMPOSSIBLE_UV = 1e9


class SignalWindow:
    """Applies reference, filters and resampling to a stream, and checks the latest window.

    Parameters
    ----------
    recipe : ModelRecipe
        Recipe with the preprocessing of training.
    channels : StreamChannels
        Channels of the stream.
    sfreq : float
        Sampling frequency of the stream (Hz).
    n_times : int
        Length of a window in samples of the model.

    Raises
    ------
    ConfigError
        When the sampling frequency does not fit the filters, or cannot be resampled.
    """

    def __init__(
        self, recipe: ModelRecipe, channels: StreamChannels, sfreq: float, n_times: int
    ) -> None:
        check_frequencies(sfreq, recipe.preprocessing)
        self._channels = channels
        self._filter = CausalFilter(sfreq, recipe.preprocessing)
        self._resampler = StreamResampler(sfreq, recipe.sfreq)
        self._gate = ArtefactGate(recipe, channels.names, sfreq)
        self.n_samples = self._resampler.inputs_for(n_times)
        self.delay_s = group_delay_s(sfreq, recipe.preprocessing) + self._resampler.delay_s
        self._filtered = SampleRing(len(channels.names), n_times)
        self._recorded = SampleRing(len(channels.names), self.n_samples)
        self.reset()

    def reset(self) -> None:
        """Discard the signal and all states, for another recording."""
        self._gate.reset()
        self.interrupt("filling")

    def interrupt(self, reason: str, missing: list[str] | None = None) -> None:
        """Discard the signal after an interruption.

        Parameters
        ----------
        reason : str
            Reason of decisions until the window is complete again.
        missing : list of str, optional
            Channels with missing samples.
        """
        self._filter.reset()
        self._resampler.reset()
        self._filtered.clear()
        self._recorded.clear()
        self._waiting = (reason, dict.fromkeys(missing or [], MISSING))

    def take(self, samples: NDArray[np.float64]) -> None:
        """Add samples to the window.

        Parameters
        ----------
        samples : ndarray, shape (n_stream_chans, n_samples)
            At least one sample of all channels of the stream (µV). Values that are not finite in a
            channel of the model interrupt the signal.
        """
        picked = self._channels.picked(samples)
        is_finite = np.asarray(_is_possible(picked).all(axis=0))
        edges = np.flatnonzero(np.diff(is_finite)) + 1
        parts = np.split(picked, edges, axis=1)
        for part, finite in zip(parts, is_finite[[0, *edges]], strict=True):
            if finite:
                self._add(part)
            else:
                self.interrupt(MISSING, self._missing_in(part))

    def judged(self) -> tuple[str, dict[str, str]]:
        """Return whether the window can be used, with the reason if it cannot.

        Returns
        -------
        tuple of (str, dict of str to str)
            The reason, empty for a usable window, and the faults of channels.
        """
        if not self._filtered.is_full:
            return self._waiting
        faults = self._gate.faults(self._recorded.last(), self.last())
        return ("artefact" if faults else ""), faults

    def last(self) -> NDArray[np.float64]:
        """Return the latest window.

        Returns
        -------
        ndarray, shape (n_chans, n_times)
            The input of the model (µV); a view, valid until the next samples are added.
        """
        return self._filtered.last()

    def _add(self, picked: NDArray[np.float64]) -> None:
        filtered = self._filter.filtered(self._channels.referenced(picked))
        self._filtered.extend(self._resampler.resampled(filtered))
        recorded = picked[: len(self._channels.names)]
        self._recorded.extend(recorded)
        self._gate.watch(recorded)

    def _missing_in(self, picked: NDArray[np.float64]) -> list[str]:
        names = self._channels.picked_names
        is_missing = np.asarray(~_is_possible(picked).all(axis=1))
        # a stretch of missing samples may continue from the previous chunk
        before = self._waiting[1] if not self._recorded.n_filled else {}
        return [name for name, one in zip(names, is_missing, strict=True) if one or name in before]


def _is_possible(samples: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which samples are valid; NaN, infinite and extreme values are not."""
    return np.asarray(np.abs(samples) < IMPOSSIBLE_UV)
