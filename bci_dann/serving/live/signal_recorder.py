"""Storage of the samples of a stream in memory, and conversion to a recording with gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bci_dann.exceptions import DataError
from bci_dann.serving.live.lsl_stream import StreamChunk
from bci_dann.serving.online.sample_clock import SampleClock

if TYPE_CHECKING:
    import mne

__all__ = ["SignalRecorder"]

# Channel types in LSL streams with a counterpart in MNE, and types that are not potentials. Other
# channels are recorded as EEG; readers of the recording also consider channel names.
POTENTIALS = ("eeg", "eog", "emg", "ecg")
NOT_POTENTIALS = (
    *("misc", "stim", "trigger", "triggers", "marker", "markers", "aux", "counter", "battery"),
    *("acc", "accelerometer", "gyro", "gyroscope", "temperature", "quality"),
)
# Duration of a stretch (s) above which its actual sampling frequency is estimated.
MIN_RATE_STRETCH_S = 5.0
# Longest gap that is filled with zeros (s); larger jumps mean that the source's clock was reset.
LONGEST_GAP_S = 600.0


@dataclass
class _Stretch:
    """Uninterrupted samples: index in the file and time of the first sample of each chunk."""

    samples: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


class SignalRecorder:
    """Stores chunks, and converts between times and sample numbers of the recording.

    Parameters
    ----------
    sfreq : float
        Nominal sampling frequency (Hz).
    ch_names : sequence of str
        Channel names of the stream.
    ch_types : sequence of str
        Channel types in the metadata of the stream.
    jitter_s : float
        Tolerance for the time stamps of chunks; larger deviations count as lost samples (s).

    Raises
    ------
    DataError
        When two channels have the same name.
    """

    def __init__(
        self, sfreq: float, ch_names: Sequence[str], ch_types: Sequence[str], jitter_s: float
    ) -> None:
        repeated = sorted({name for name in ch_names if list(ch_names).count(name) > 1})
        if repeated:
            raise DataError(
                f"several channels of the stream have the names {', '.join(repeated)}. Give each "
                "channel its own name in the amplifier's program."
            )
        self.sfreq, self.ch_names = sfreq, list(ch_names)
        self.ch_types = [_mne_type(kind) for kind in ch_types]
        self._clock = SampleClock(sfreq, jitter_s)
        self._chunks: list[tuple[int, NDArray[np.float32]]] = []
        self._stretches: list[_Stretch] = []
        self.n_samples = 0
        self.gaps: list[tuple[int, int]] = []

    def add(self, chunk: StreamChunk) -> None:
        """Store a chunk, without samples that were already received.

        Parameters
        ----------
        chunk : StreamChunk
            Samples of all channels.
        """
        expected = self._clock.last_s + 1.0 / self.sfreq
        placement = self._clock.place(chunk.signals.shape[1], chunk.time)
        new = chunk.signals[:, placement.n_before :].astype(np.float32)
        if not new.shape[1]:
            return
        if placement.is_gap:
            missing = round(min(chunk.time - expected, LONGEST_GAP_S) * self.sfreq)
            self.gaps.append((self.n_samples, max(1, missing)))
            self.n_samples += max(1, missing)
        if placement.is_gap or not self._stretches:
            self._stretches.append(_Stretch())
        self._stretches[-1].samples.append(self.n_samples)
        self._stretches[-1].times.append(chunk.time + placement.n_before / self.sfreq)
        self._chunks.append((self.n_samples, new))
        self._clock.advance(new.shape[1])
        self.n_samples += new.shape[1]

    @property
    def start_time(self) -> float:  # numpydoc ignore=RT01
        """Time of the first sample, on the clock of the chunks (s)."""
        return self._stretches[0].times[0]

    @property
    def end_time(self) -> float:  # numpydoc ignore=RT01
        """Time of the last sample, on the clock of the chunks (s)."""
        return self._clock.last_s

    def sample_at(self, time_s: float) -> float:
        """Return the sample number that corresponds to a time.

        Within an uninterrupted stretch, a line is fitted to the times of the chunks. It follows the
        actual rate of the amplifier and averages errors of single time stamps.

        Parameters
        ----------
        time_s : float
            Time on the clock of the chunks (s).

        Returns
        -------
        float
            Sample number from 0, not rounded; outside the recording if the time is.
        """
        earlier = [stretch for stretch in self._stretches if stretch.times[0] <= time_s]
        stretch = earlier[-1] if earlier else self._stretches[0]
        samples, times = np.array(stretch.samples, float), np.array(stretch.times)
        mean_sample, mean_time = samples.mean(), times.mean()
        rate = self.sfreq
        if np.ptp(times) >= MIN_RATE_STRETCH_S:
            rate = 1.0 / np.polyfit(samples - mean_sample, times - mean_time, 1)[0]
        return float(mean_sample + (time_s - mean_time) * rate)

    def raw(self, start: datetime) -> mne.io.RawArray:
        """Return the recording as an object of MNE.

        Parameters
        ----------
        start : datetime.datetime
            Time of the first sample (UTC).

        Returns
        -------
        mne.io.RawArray
            Potentials in volt, other channels in the unit of the stream. Gaps are zeros with the
            annotation ``BAD_ACQ_SKIP``.
        """
        import mne

        from bci_dann.data.screening.interruptions import INTERRUPTION

        signals = np.zeros((len(self.ch_names), self.n_samples))
        for first, chunk in self._chunks:
            signals[:, first : first + chunk.shape[1]] = chunk
        potentials = [kind in POTENTIALS for kind in self.ch_types]
        signals[potentials] *= 1e-6
        info = mne.create_info(self.ch_names, self.sfreq, self.ch_types, verbose="error")
        raw = mne.io.RawArray(signals, info, copy="auto", verbose="error")
        raw.set_meas_date(start)
        onsets = [first / self.sfreq for first, _ in self.gaps]
        durations = [length / self.sfreq for _, length in self.gaps]
        raw.set_annotations(mne.Annotations(onsets, durations, [INTERRUPTION] * len(onsets)))
        return raw


def _mne_type(kind: str) -> str:
    kind = str(kind).strip().lower()
    if kind in POTENTIALS:
        return kind
    return "misc" if kind in NOT_POTENTIALS else "eeg"
