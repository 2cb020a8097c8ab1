"""The samples of a stream in memory, with gaps filled, as a recording in volt."""

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

# Types of channels in a stream that MNE has too, and words for those that are no potentials.
# Others are taken as EEG; whoever reads the recording looks at the names as well.
POTENTIALS = ("eeg", "eog", "emg", "ecg")
NOT_POTENTIALS = (
    *("misc", "stim", "trigger", "triggers", "marker", "markers", "aux", "counter", "battery"),
    *("acc", "accelerometer", "gyro", "gyroscope", "temperature", "quality"),
)
# Length of a stretch from which its rate is measured instead of taken as the nominal one (s).
MEASURED_S = 5.0
# Longest gap that is filled (s): beyond it, the clock of the source was set anew.
LONGEST_GAP_S = 600.0


@dataclass
class _Stretch:
    """Samples without a gap: places of the first samples of chunks in the file, and their times."""

    samples: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


class SignalRecorder:
    """Keeps chunks, and knows which sample was recorded at which time.

    Parameters
    ----------
    sfreq : float
        Nominal sampling frequency (Hz).
    ch_names : sequence of str
        The channels of the stream.
    ch_types : sequence of str
        What the stream says that they are.
    jitter_s : float
        By how much the times of chunks may be wrong before samples count as lost (s).

    Raises
    ------
    DataError
        When two channels have one name.
    """

    def __init__(
        self, sfreq: float, ch_names: Sequence[str], ch_types: Sequence[str], jitter_s: float
    ) -> None:
        repeated = sorted({name for name in ch_names if list(ch_names).count(name) > 1})
        if repeated:
            raise DataError(
                f"several channels of the stream have the names {', '.join(repeated)}, so that a "
                "recording cannot tell them apart. Name them in the amplifier's program."
            )
        self.sfreq, self.ch_names = sfreq, list(ch_names)
        self.ch_types = [_mne_type(one) for one in ch_types]
        self._clock = SampleClock(sfreq, jitter_s)
        self._chunks: list[tuple[int, NDArray[np.float32]]] = []
        self._stretches: list[_Stretch] = []
        self.n_samples = 0
        self.gaps: list[tuple[int, int]] = []

    def add(self, chunk: StreamChunk) -> None:
        """Keep a chunk; samples that were there before are left out.

        Parameters
        ----------
        chunk : StreamChunk
            Of all channels.
        """
        expected = self._clock.last_s + 1.0 / self.sfreq
        placement = self._clock.place(chunk.signals.shape[1], chunk.time)
        kept = chunk.signals[:, placement.n_before :].astype(np.float32)
        if not kept.shape[1]:
            return
        if placement.is_gap:
            missing = round(min(chunk.time - expected, LONGEST_GAP_S) * self.sfreq)
            self.gaps.append((self.n_samples, max(1, missing)))
            self.n_samples += max(1, missing)
        if placement.is_gap or not self._stretches:
            self._stretches.append(_Stretch())
        self._stretches[-1].samples.append(self.n_samples)
        self._stretches[-1].times.append(chunk.time + placement.n_before / self.sfreq)
        self._chunks.append((self.n_samples, kept))
        self._clock.advance(kept.shape[1])
        self.n_samples += kept.shape[1]

    @property
    def start_time(self) -> float:  # numpydoc ignore=RT01
        """Time of the first sample on the clock of the chunks (s)."""
        return self._stretches[0].times[0]

    @property
    def end_time(self) -> float:  # numpydoc ignore=RT01
        """Time of the last sample on the clock of the chunks (s)."""
        return self._clock.last_s

    def sample_at(self, time_s: float) -> float:
        """Return the place in the recording of what was measured at a time.

        Within a stretch without a gap the times of chunks are replaced by the line through them,
        which follows the true rate of the amplifier and averages what single times are wrong by.

        Parameters
        ----------
        time_s : float
            On the clock of the chunks (s).

        Returns
        -------
        float
            In samples after the first one; beyond either end where nothing was recorded then.
        """
        begun = [one for one in self._stretches if one.times[0] <= time_s]
        stretch = begun[-1] if begun else self._stretches[0]
        samples, times = np.array(stretch.samples, float), np.array(stretch.times)
        middle, centre = samples.mean(), times.mean()
        rate = self.sfreq
        if np.ptp(times) >= MEASURED_S:
            rate = 1.0 / np.polyfit(samples - middle, times - centre, 1)[0]
        return float(middle + (time_s - centre) * rate)

    def raw(self, begun: datetime) -> mne.io.RawArray:
        """Return what was recorded.

        Parameters
        ----------
        begun : datetime.datetime
            When the first sample was recorded, in UTC.

        Returns
        -------
        mne.io.RawArray
            Potentials in volt, other channels in the unit of the stream; zero in gaps, which are
            annotated as ``BAD_ACQ_SKIP``.
        """
        import mne

        from bci_dann.data.screening.interruptions import INTERRUPTION

        signals = np.zeros((len(self.ch_names), self.n_samples))
        for start, chunk in self._chunks:
            signals[:, start : start + chunk.shape[1]] = chunk
        potentials = [kind in POTENTIALS for kind in self.ch_types]
        signals[potentials] *= 1e-6
        info = mne.create_info(self.ch_names, self.sfreq, self.ch_types, verbose="error")
        raw = mne.io.RawArray(signals, info, copy="auto", verbose="error")
        raw.set_meas_date(begun)
        onsets = [start / self.sfreq for start, _ in self.gaps]
        durations = [length / self.sfreq for _, length in self.gaps]
        raw.set_annotations(mne.Annotations(onsets, durations, [INTERRUPTION] * len(onsets)))
        return raw


def _mne_type(kind: str) -> str:
    kind = str(kind).strip().lower()
    if kind in POTENTIALS:
        return kind
    return "misc" if kind in NOT_POTENTIALS else "eeg"
