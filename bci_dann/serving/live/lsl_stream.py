"""EEG streams of the Lab Streaming Layer: found by name, read in chunks of microvolt."""

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

# Samples that are read at a time at most.
MOST_SAMPLES = 4096

# Microvolt per unit, by the names and the powers of ten that streams bring.
UNITS = {
    **dict.fromkeys(("microvolts", "microvolt", "uv", "µv", "μv", "-6"), 1.0),
    **dict.fromkeys(("millivolts", "millivolt", "mv", "-3"), 1e3),
    **dict.fromkeys(("volts", "volt", "v", "0"), 1e6),
    **dict.fromkeys(("nanovolts", "nanovolt", "nv", "-9"), 1e-3),
}


class StreamLostError(Exception):
    """The source of a stream has gone, and the stream must be found again."""


@dataclass(frozen=True)
class StreamChunk:
    """Samples that follow each other.

    Parameters
    ----------
    signals : ndarray, shape (n_chans, n_samples)
        In microvolt.
    time : float
        Time of the first sample on the clock of this machine (s).
    """

    signals: NDArray[np.float64]
    time: float


def load_lsl() -> Any:
    """Import the library of streams.

    Returns
    -------
    module
        ``mne_lsl.lsl``.

    Raises
    ------
    InstallationError
        When it is not installed.
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
    """A stream that is found by its name, and found again when its source was started anew.

    Parameters
    ----------
    name : str
        The stream's name.
    source_id : str or None
        Its source, where several streams have the name.
    unit_scale : float or None
        Volt per unit of the numbers, as for recordings: 1e-6 for microvolt. By default the unit
        that the stream tells, and microvolt where it tells none.

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
        self.tells_unit = False

    def seek(self) -> StreamSearch:
        """Begin to look for the stream, in the background; other work need not wait for it.

        Returns
        -------
        StreamSearch
            The one that goes on.
        """
        if self._search is None:
            opened = "" if self._is_lost else self._uid
            self._search = StreamSearch(
                self._lsl, self.name, self._source_id, self._found_source, opened
            )
        return self._search

    def connect(self, wait_s: float) -> None:
        """Wait until the stream is open.

        Parameters
        ----------
        wait_s : float
            How long to look for it, since the search began (s).

        Raises
        ------
        DataError
            When there is none, or more than one, with a list of those that there are; or when it is
            irregular, holds text, or does not name its channels.
        """
        try:
            self._adopt(*self.seek().wait(wait_s))
        except BaseException:
            self._end_search()
            raise

    def reconnect(self) -> bool:
        """Look for a stream that was lost or is silent, without waiting, and open it when found.

        Returns
        -------
        bool
            Whether it is open again.

        Raises
        ------
        DataError
            When it has other channels or another rate, or when several streams have its name.
        """
        found = self.seek().result()
        if found is not None:
            self._adopt(*found)
        return found is not None

    def pull(self, wait_s: float) -> list[StreamChunk]:
        """Read what has arrived.

        Parameters
        ----------
        wait_s : float
            How long to wait where nothing has (s).

        Returns
        -------
        list of StreamChunk
            In the order of time; a new one where times jump. Empty where nothing came.

        Raises
        ------
        StreamLostError
            When the source has gone for good.
        """
        try:
            samples, times = self._inlet.pull_chunk(timeout=0.0, max_samples=MOST_SAMPLES)
            if not len(times):
                # one sample ends the waiting; what came with it is read next
                samples, times = self._inlet.pull_chunk(timeout=wait_s, max_samples=1)
        except Exception as error:  # liblsl tells a lost source as one error of many
            self._is_lost = True
            raise StreamLostError(str(error)) from error
        if not len(times):
            return []
        self._end_search()  # the stream was silent only
        signals = samples.T.astype(np.float64) * self._factors[:, None]
        return split_at_jumps(signals, np.array(times), self.sfreq)

    def close(self) -> None:
        """Leave the stream."""
        self._end_search(wait_s=2 * SEARCH_S)  # a thread within liblsl would outlive the program
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
                f"the LSL stream {self.name!r} is no signal: it has the rate {info.sfreq:g} Hz and "
                f"holds {info.dtype}. Take the stream of the EEG."
            )
        if not names or any(name is None for name in names):
            raise DataError(
                f"the LSL stream {self.name!r} does not name its {info.n_channels} channels, so "
                "that it is not known which electrode is which. Set channel labels in the "
                "amplifier's program."
            )
        if self._inlet is not None:
            changed = (float(info.sfreq), list(names)) != (self.sfreq, self.ch_names)
            if changed:
                raise DataError(
                    f"the LSL stream {self.name!r} came back with other channels or another rate: "
                    f"{info.sfreq:g} Hz, {', '.join(names)}. Start again."
                )
        units = info.get_channel_units() or [None] * len(names)
        self._factors, self.tells_unit = microvolt_factors(units, self._unit_scale)
        self._inlet, self.sfreq, self.ch_names = inlet, float(info.sfreq), list(names)
        self.ch_types = [str(kind) for kind in info.get_channel_types() or [None] * len(names)]
        self._uid, self._found_source, self._is_lost = info.uid, info.source_id, False


def microvolt_factors(
    units: Sequence[str | None], unit_scale: float | None
) -> tuple[NDArray[np.float64], bool]:
    """Return by what the numbers of each channel are multiplied to be microvolt.

    Parameters
    ----------
    units : sequence of str or None
        What the stream says.
    unit_scale : float or None
        Volt per unit, where the user says it.

    Returns
    -------
    tuple of (ndarray, bool)
        The factors, and whether the unit of all channels is known; microvolt is assumed where not.

    Examples
    --------
    >>> microvolt_factors(["microvolts", "V", None], None)
    (array([1.e+00, 1.e+06, 1.e+00]), False)
    """
    if unit_scale is not None:
        if not unit_scale > 0:
            raise ConfigError(f"unit_scale must be above 0; got {unit_scale!r}.")
        return np.full(len(units), unit_scale * 1e6), True
    known = [UNITS.get(str(unit).strip().lower()) for unit in units]
    factors = np.array([1.0 if factor is None else factor for factor in known])
    return factors, None not in known


def split_at_jumps(
    signals: NDArray[np.float64], times: NDArray[np.float64], sfreq: float
) -> list[StreamChunk]:
    """Split samples where their times jump.

    Parameters
    ----------
    signals : ndarray, shape (n_chans, n_samples)
        In microvolt.
    times : ndarray, shape (n_samples,)
        Of each sample (s).
    sfreq : float
        Nominal sampling frequency (Hz).

    Returns
    -------
    list of StreamChunk
        Each without a jump of more than one sample.
    """
    jumps = np.flatnonzero(np.abs(np.diff(times) - 1 / sfreq) > 1 / sfreq) + 1
    starts = [0, *jumps.tolist()]
    parts = np.split(signals, jumps, axis=1)
    return [StreamChunk(part, float(times[k])) for part, k in zip(parts, starts, strict=True)]
