"""Background search for an LSL stream by its name."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from typing import Any

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import DataError

__all__ = ["StreamMissingError", "StreamSearch"]

# Duration of a search (s), in which all streams answer, and time limit for opening a stream (s).
SEARCH_S, OPENING_S = 1.0, 10.0
# Time limit for comparing the clocks of both machines (s), which must precede reading samples.
CLOCKS_S = 5.0
# Time of silence (s) after which a stream that still exists is opened again, because LSL does not
# report every broken connection.
REOPENED_S = 15.0


class StreamMissingError(DataError):
    """There is no stream with the given name."""


class StreamSearch:
    """Searches for a stream until it is found, and opens it, in a background thread.

    Each search lists all existing streams. A stream of the given name is opened when it is first
    seen. It is accepted when a second search finds it again, and no other stream of this name; a
    stream from the preferred source is accepted immediately.

    Parameters
    ----------
    lsl : module
        The library for LSL streams.
    name : str
        Name of the stream.
    source_id : str or None
        Identifier of the source, if several streams have the same name.
    preferred : str
        Source of the previously open stream; another source is used if it does not exist.
    opened : str
        Unique identifier (uid) of the stream that is open but silent. It is not reopened for some
        time, so that no samples of it are lost.
    """

    def __init__(
        self, lsl: Any, name: str, source_id: str | None, preferred: str = "", opened: str = ""
    ) -> None:
        self._lsl, self._name, self._source_id = lsl, name, source_id
        self._preferred, self._opened = preferred, opened
        self._others: list[str] = []
        self._inlet: Any = None
        self._found: tuple[Any, Any] | None = None
        self._error: Exception | None = None
        self._begun, self._seen = time.monotonic(), ""
        self._stopped, self._listed, self._done = (threading.Event() for _ in range(3))
        self._thread = threading.Thread(target=self._run, daemon=True, name="stream-search")
        self._thread.start()

    def result(self) -> tuple[Any, Any] | None:
        """Return the stream if it has been found.

        Returns
        -------
        tuple of (StreamInlet, StreamInfo) or None
            The open stream and its metadata.

        Raises
        ------
        DataError
            When several streams have the name.
        """
        if self._done.is_set() and self._error is not None:
            raise self._error
        return self._found if self._done.is_set() else None

    def wait(self, wait_s: float) -> tuple[Any, Any]:
        """Wait for the stream.

        Parameters
        ----------
        wait_s : float
            Longest time since the search started (s); a stream that has been seen is waited for.

        Returns
        -------
        tuple of (StreamInlet, StreamInfo)
            See :meth:`result`.

        Raises
        ------
        StreamMissingError
            When there is no such stream.
        DataError
            When several streams have the name.
        """
        self._listed.wait()
        while (found := self.result()) is None:
            if time.monotonic() - self._begun > wait_s and not self._seen:
                raise StreamMissingError(self._missing_message(wait_s))
            self._done.wait(0.05)
        return found

    def stop(self, wait_s: float = 0.0) -> None:
        """End the search, and close a stream that it opened but did not return.

        Parameters
        ----------
        wait_s : float
            How long to wait for the end of the thread (s).
        """
        self._stopped.set()
        if self._done.is_set():
            self._close_inlet()
        self._thread.join(timeout=wait_s)

    def _run(self) -> None:
        try:
            while not self._stopped.is_set() and self._found is None:
                self._search_once()
        except Exception as error:  # raised by result()
            self._error = error
        self._done.set()
        self._listed.set()
        if self._stopped.is_set() or self._error is not None:
            self._close_inlet()

    def _search_once(self) -> None:
        listed = self._lsl.resolve_streams(timeout=SEARCH_S)
        names = [stream.name for stream in listed if stream.name != self._name]
        self._others = names or self._others
        matching = self._matching(listed)
        if len(matching) > 1:
            raise DataError(_several_message(self._name, matching))
        is_again = [stream.uid for stream in matching] == [self._seen]
        if not is_again:  # opening the stream starts buffering its samples
            self._close_inlet()
            self._inlet = self._opened_inlet(matching[0]) if matching else None
        self._seen = matching[0].uid if self._inlet is not None else ""
        self._listed.set()
        if self._inlet is not None and (is_again or self._is_preferred(matching[0])):
            self._found = self._ready_stream()

    def _matching(self, listed: Sequence[Any]) -> list[Any]:
        named = [stream for stream in listed if stream.name == self._name]
        if self._source_id is not None:
            named = [stream for stream in named if stream.source_id == self._source_id]
        if time.monotonic() - self._begun < REOPENED_S:
            named = [stream for stream in named if stream.uid != self._opened]
        return [stream for stream in named if self._is_preferred(stream)] or named

    def _is_preferred(self, info: Any) -> bool:
        return bool(self._preferred) and info.source_id == self._preferred

    def _opened_inlet(self, info: Any) -> Any:
        try:
            inlet = self._lsl.StreamInlet(info, recover=False, processing_flags=["clocksync"])
            inlet.open_stream(timeout=OPENING_S)
        except Exception:  # liblsl reports a source that has just gone by various errors
            return None
        with contextlib.suppress(Exception):  # clocks are compared again after the next search
            inlet.time_correction(timeout=0.01)
        return inlet

    def _ready_stream(self) -> tuple[Any, Any] | None:
        try:
            self._inlet.time_correction(timeout=CLOCKS_S)
            return self._inlet, self._inlet.get_sinfo(timeout=OPENING_S)
        except Exception:  # the stream is gone
            self._close_inlet()
            self._seen = ""
            return None

    def _close_inlet(self) -> None:
        inlet, self._inlet = self._inlet, None
        if inlet is not None:
            with contextlib.suppress(Exception):  # the stream is gone
                inlet.close_stream()

    def _missing_message(self, wait_s: float) -> str:
        names = sorted(set(self._others))
        of_source = "" if self._source_id is None else f" from the source {self._source_id!r}"
        return (
            f"there is no LSL stream named {self._name!r}{of_source}; searched for {wait_s:g} s."
            f"{did_you_mean(self._name, names)} Existing streams: {', '.join(names) or 'none'}. "
            "Start the amplifier's program, and check that both programs are in the same network."
        )


def _several_message(name: str, found: Sequence[Any]) -> str:
    listed = "; ".join(
        f"source {stream.source_id!r} on {stream.hostname}, {stream.n_channels} channels at "
        f"{stream.sfreq:g} Hz"
        for stream in found
    )
    return (
        f"{len(found)} LSL streams are named {name!r}: {listed}. Choose one with --source-id (or "
        "source_id= in Python)."
    )
