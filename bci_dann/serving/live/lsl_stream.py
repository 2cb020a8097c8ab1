"""EEG streams of the Lab Streaming Layer (LSL): search by name, reading in microvolt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.exceptions import ConfigError, DataError, InstallationError
from bci_dann.serving.live.stream_search import SEARCH_S, StreamSearch

__all__ = [
    "LSLStream",
    "StreamChunk",
    "StreamLostError",
    "load_lsl",
    "microvolt_factors",
    "split_at_jumps",
]

# Maximum number of samples that are read at a time.
MAX_SAMPLES = 4096

# Factors to microvolt, by names of units or powers of ten in the metadata of streams.
FACTORS_OF_UNITS = {
    **dict.fromkeys(("microvolts", "microvolt", "uv", "µv", "μv", "-6"), 1.0),
    **dict.fromkeys(("millivolts", "millivolt", "mv", "-3"), 1e3),
    **dict.fromkeys(("volts", "volt", "v", "0"), 1e6),
    **dict.fromkeys(("nanovolts", "nanovolt", "nv", "-9"), 1e-3),
}


class StreamLostError(Exception):
    """The source of a stream is gone, and the stream must be searched for again."""


@dataclass(frozen=True)
class StreamChunk:
    """Consecutive samples of a stream.

    Parameters
    ----------
    signals : ndarray, shape (n_chans, n_samples)
        Samples in microvolt.
    time : float
        Time of the first sample on the local clock of LSL (s).
    """

    signals: NDArray[np.float64]
    time: float


def load_lsl() -> Any:
    """Import the library for LSL streams.

    Returns
    -------
    module
        ``mne_lsl.lsl``.

    Raises
    ------
    InstallationError
        When it cannot be imported.
    """
    try:
        import mne_lsl.lsl
    except ImportError as error:
        raise InstallationError(
            f"streams of the Lab Streaming Layer need mne-lsl, which cannot be imported: {error}. "
            "Install it with: pip install 'bci_dann[stream]'"
        ) from error
    return mne_lsl.lsl


class LSLStream:
    """An LSL stream, found by name, and again if its source was restarted.

    Parameters
    ----------
    name : str
        Name of the stream.
    source_id : str or None
        Identifier of the source, if several streams have the same name.
    unit_scale : float or None
        Factor that converts samples to volt: 1e-6 for microvolt. By default from the unit in the
        stream; if it states none, microvolt is assumed.

    Raises
    ------
    InstallationError
        When mne-lsl is not installed.
    """

    def __init__(
        self, name: str, source_id: str | None = None, unit_scale: float | None = None
    ) -> None:
        self._lsl = load_lsl()
        self.name, self._source_id, self._unit_scale = name, source_id, unit_scale
        self._inlet: Any = None
        self._search: StreamSearch | None = None
        self._uid, self._found_source, self._is_lost = "", "", False
        self.sfreq, self.ch_names, self.ch_types = 0.0, [""], [""]
        self.states_unit = False

    def seek(self) -> StreamSearch:
        """Start searching for the stream in the background.

        Returns
        -------
        StreamSearch
            The current search.
        """
        if self._search is None:
            opened = "" if self._is_lost else self._uid
            self._search = StreamSearch(
                self._lsl, self.name, self._source_id, self._found_source, opened
            )
        return self._search

    def connect(self, wait_s: float) -> None:
        """Wait until the stream is found and open it.

        Parameters
        ----------
        wait_s : float
            Longest time since the search started (s).

        Raises
        ------
        DataError
            When there is no such stream or more than one, or when it has an irregular rate,
            contains text, or does not name its channels.
        """
        try:
            self._adopt(*self.seek().wait(wait_s))
        except BaseException:
            self._end_search()
            raise

    def reconnect(self) -> bool:
        """Search for a lost or silent stream, without waiting, and open it if found.

        Returns
        -------
        bool
            Whether the stream is open again.

        Raises
        ------
        DataError
            When it has other channels or another rate, or several streams have its name.
        """
        found = self.seek().result()
        if found is not None:
            self._adopt(*found)
        return found is not None

    def pull(self, wait_s: float) -> list[StreamChunk]:
        """Read samples that have arrived.

        Parameters
        ----------
        wait_s : float
            How long to wait if there are none (s).

        Returns
        -------
        list of StreamChunk
            Chunks in temporal order, split where times jump. Empty if no samples arrived.

        Raises
        ------
        StreamLostError
            When the source is gone.
        """
        try:
            samples, times = self._inlet.pull_chunk(timeout=0.0, max_samples=MAX_SAMPLES)
            if not len(times):
                # wait for one sample; further samples are read by the next call
                samples, times = self._inlet.pull_chunk(timeout=wait_s, max_samples=1)
        except Exception as error:  # liblsl reports a lost source by various errors
            self._is_lost = True
            raise StreamLostError(str(error)) from error
        if not len(times):
            return []
        self._end_search()  # the stream was only silent
        signals = samples.T.astype(np.float64) * self._factors[:, None]
        return split_at_jumps(signals, np.array(times), self.sfreq)

    def close(self) -> None:
        """Close the stream."""
        self._end_search(wait_s=2 * SEARCH_S)  # a thread in liblsl could outlive the program
        if self._inlet is not None:
            self._inlet.close_stream()
            self._inlet = None

    def _end_search(self, wait_s: float = 0.0) -> None:
        search, self._search = self._search, None
        if search is not None:
            search.stop(wait_s)

    def _adopt(self, inlet: Any, info: Any) -> None:
        self._search = None
        names = info.get_channel_names()
        if not info.sfreq or info.dtype == "string":
            raise DataError(
                f"the LSL stream {self.name!r} is not a signal: its rate is {info.sfreq:g} Hz and "
                f"its type is {info.dtype}. Choose the stream of the EEG."
            )
        if not names or any(name is None for name in names):
            raise DataError(
                f"the LSL stream {self.name!r} does not name its {info.n_channels} channels, so "
                "their electrodes are not known. Set channel labels in the amplifier's program."
            )
        if self._inlet is not None:
            changed = (float(info.sfreq), list(names)) != (self.sfreq, self.ch_names)
            if changed:
                raise DataError(
                    f"the LSL stream {self.name!r} returned with other channels or another rate: "
                    f"{info.sfreq:g} Hz, {', '.join(names)}. Run the command again."
                )
        units = info.get_channel_units() or [None] * len(names)
        self._factors, self.states_unit = microvolt_factors(units, self._unit_scale)
        self._inlet, self.sfreq, self.ch_names = inlet, float(info.sfreq), list(names)
        self.ch_types = [str(kind) for kind in info.get_channel_types() or [None] * len(names)]
        self._uid, self._found_source, self._is_lost = info.uid, info.source_id, False


def microvolt_factors(
    units: Sequence[str | None], unit_scale: float | None
) -> tuple[NDArray[np.float64], bool]:
    """Return the factors that convert the samples of each channel to microvolt.

    Parameters
    ----------
    units : sequence of str or None
        Units of the channels in the metadata of the stream.
    unit_scale : float or None
        Factor to volt that the user has given, if any.

    Returns
    -------
    tuple of (ndarray, bool)
        The factors, and whether all units are known; microvolt is assumed for the others.

    Examples
    --------
    >>> microvolt_factors(["microvolts", "V", None], None)
    (array([1.e+00, 1.e+06, 1.e+00]), False)
    """
    if unit_scale is not None:
        if not unit_scale > 0:
            raise ConfigError(f"unit_scale must be above 0; got {unit_scale!r}.")
        return np.full(len(units), unit_scale * 1e6), True
    known = [FACTORS_OF_UNITS.get(str(unit).strip().lower()) for unit in units]
    factors = np.array([1.0 if factor is None else factor for factor in known])
    return factors, None not in known


def split_at_jumps(
    signals: NDArray[np.float64], times: NDArray[np.float64], sfreq: float
) -> list[StreamChunk]:
    """Split samples into chunks where their times jump.

    Parameters
    ----------
    signals : ndarray, shape (n_chans, n_samples)
        Samples in microvolt.
    times : ndarray, shape (n_samples,)
        Time of each sample (s).
    sfreq : float
        Nominal sampling frequency (Hz).

    Returns
    -------
    list of StreamChunk
        Chunks without a jump of more than one sample.
    """
    jumps = np.flatnonzero(np.abs(np.diff(times) - 1 / sfreq) > 1 / sfreq) + 1
    starts = [0, *jumps.tolist()]
    parts = np.split(signals, jumps, axis=1)
    return [StreamChunk(part, float(times[k])) for part, k in zip(parts, starts, strict=True)]
