"""The loop of live decoding: read the stream, decide, hand decisions on, say what happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from bci_dann._validation import check_between
from bci_dann.serving.live.decision_sinks import DecisionSink
from bci_dann.serving.live.lsl_stream import StreamChunk, StreamLostError
from bci_dann.serving.online.decision import REASONS, Decision
from bci_dann.serving.online.online_decoder import OnlineDecoder

__all__ = ["LiveDecoding", "SignalSource"]

# Time without samples from which decisions say so, and from which the stream is looked for: a
# source that has ended is not always told as lost (s). Empirical: programs of amplifiers send
# blocks of up to half a second.
SILENT_S = 1.0


class SignalSource(Protocol):
    """A stream of samples, such as :class:`bci_dann.serving.live.lsl_stream.LSLStream`."""

    def pull(self, wait_s: float) -> list[StreamChunk]:
        """Return what has arrived.

        Parameters
        ----------
        wait_s : float
            How long to wait where nothing has (s).
        """

    def reconnect(self) -> bool:
        """Look for the stream without waiting, and open it when found; return whether it is."""


class LiveDecoding:
    """Decodes a stream until it is stopped.

    Parameters
    ----------
    source : SignalSource
        A stream that is open.
    decoder : OnlineDecoder
        Of its channels and rate.
    sinks : sequence of DecisionSink
        Where decisions go. One that fails is left out from then on.
    report : callable
        Takes a sentence whenever something changes.
    step : float
        Time between decisions while there is no signal (s).
    """

    def __init__(
        self,
        source: SignalSource,
        decoder: OnlineDecoder,
        sinks: Sequence[DecisionSink],
        report: Callable[[str], None],
        step: float = 0.2,
    ) -> None:
        check_between("step", step, 0.0, float("inf"))
        self._source, self._decoder, self._report = source, decoder, report
        self._sinks, self._step = list(sinks), step
        self._state: str | None = None
        self._last_time, self._is_lost = 0.0, False
        self.n_decisions, self.n_ok = 0, 0

    def run(self, stop: threading.Event | None = None, seconds: float | None = None) -> None:
        """Decode until told to stop.

        Parameters
        ----------
        stop : threading.Event, optional
            Set to stop.
        seconds : float, optional
            How long at most (s).
        """
        stop = stop or threading.Event()
        begin = heard = told = time.monotonic()
        while not stop.is_set() and (seconds is None or time.monotonic() - begin < seconds):
            chunks = self._pulled(stop)
            now = time.monotonic()
            if chunks:
                heard = told = now
                for chunk in chunks:
                    self._decide(chunk)
                continue
            if now - heard > SILENT_S and now - told >= self._step:
                told = now
                self._hand_on(self._decoder.no_signal(self._last_time + now - heard))
            if self._is_lost or now - heard > SILENT_S:
                self._reconnect()

    def _pulled(self, stop: threading.Event) -> list[StreamChunk]:
        if self._is_lost:
            stop.wait(self._step / 2)
            return []
        try:
            return self._source.pull(self._step / 2)
        except StreamLostError as error:
            self._is_lost = True
            self._say(f"the stream is lost and looked for ({error})")
        return []

    def _reconnect(self) -> None:
        if self._source.reconnect():
            self._is_lost = False
            self._say("the stream is found again")

    def _decide(self, chunk: StreamChunk) -> None:
        for decision in self._decoder.push(chunk.signals, time=chunk.time):
            self._hand_on(decision)
        self._last_time = chunk.time + chunk.signals.shape[1] / self._decoder.sfreq

    def _hand_on(self, decision: Decision) -> None:
        self.n_decisions += 1
        self.n_ok += decision.ok
        self._tell(decision)
        for sink in list(self._sinks):
            try:
                sink.take(decision)
            except (OSError, ValueError, RuntimeError) as error:
                self._sinks.remove(sink)
                self._report(f"{type(sink).__name__} takes no more decisions: {error}")

    def _tell(self, decision: Decision) -> None:
        """Report where decisions begin or cease to be ok, and the faults behind it."""
        faults = ", ".join(f"{name} {fault}" for name, fault in decision.faults.items())
        state = "" if decision.ok else f"{decision.reason}: {REASONS[decision.reason]}"
        state += f" ({faults})" if faults else ""
        self._say(state or "decoding", decision.time)

    def _say(self, state: str, time_s: float | None = None) -> None:
        """Report a state, unless it is the one that was reported before."""
        if state != self._state:
            self._state = state
            self._report(state if time_s is None else f"{time_s:.1f} s: {state}")
