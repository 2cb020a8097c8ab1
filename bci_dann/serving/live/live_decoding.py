"""Loop of online decoding: reads a stream, decides, outputs decisions and status messages."""

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

# Time without samples (s) after which decisions have the reason "no signal" and the stream is
# searched for, because LSL does not always report that a source has ended. Empirical: programs of
# amplifiers send blocks of up to half a second.
SILENT_S = 1.0


class SignalSource(Protocol):
    """Interface of a stream, such as :class:`bci_dann.serving.live.lsl_stream.LSLStream`."""

    def pull(self, wait_s: float) -> list[StreamChunk]:
        """Return samples that have arrived.

        Parameters
        ----------
        wait_s : float
            How long to wait if there are none (s).
        """

    def reconnect(self) -> bool:
        """Search for the stream without waiting, open it if found, and return whether it was."""


class LiveDecoding:
    """Decodes a stream until it is stopped, and passes decisions to outputs.

    Parameters
    ----------
    source : SignalSource
        An open stream.
    decoder : OnlineDecoder
        Decoder for the channels and the sampling frequency of the stream.
    sinks : sequence of DecisionSink
        Outputs for decisions. An output that fails is not used any more.
    report : callable
        Called with a message when the state of decoding changes.
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
        """Decode until stopped.

        Parameters
        ----------
        stop : threading.Event, optional
            Event that stops decoding.
        seconds : float, optional
            Longest time to decode (s).
        """
        stop = stop or threading.Event()
        begin = last_samples = last_notice = time.monotonic()
        while not stop.is_set() and (seconds is None or time.monotonic() - begin < seconds):
            chunks = self._pulled(stop)
            now = time.monotonic()
            if chunks:
                last_samples = last_notice = now
                for chunk in chunks:
                    self._decide(chunk)
                continue
            if now - last_samples > SILENT_S and now - last_notice >= self._step:
                last_notice = now
                self._output(self._decoder.no_signal(self._last_time + now - last_samples))
            if self._is_lost or now - last_samples > SILENT_S:
                self._reconnect()

    def _pulled(self, stop: threading.Event) -> list[StreamChunk]:
        if self._is_lost:
            stop.wait(self._step / 2)
            return []
        try:
            return self._source.pull(self._step / 2)
        except StreamLostError as error:
            self._is_lost = True
            self._report_change(f"The stream is lost, searching for it ({error})")
        return []

    def _reconnect(self) -> None:
        if self._source.reconnect():
            self._is_lost = False
            self._report_change("The stream has been found again")

    def _decide(self, chunk: StreamChunk) -> None:
        for decision in self._decoder.push(chunk.signals, time=chunk.time):
            self._output(decision)
        self._last_time = chunk.time + chunk.signals.shape[1] / self._decoder.sfreq

    def _output(self, decision: Decision) -> None:
        self.n_decisions += 1
        self.n_ok += decision.ok
        self._report_state(decision)
        for sink in list(self._sinks):
            try:
                sink.take(decision)
            except (OSError, ValueError, RuntimeError) as error:
                self._sinks.remove(sink)
                self._report(f"{type(sink).__name__} failed, and gets no more decisions: {error}")

    def _report_state(self, decision: Decision) -> None:
        """Report when decisions become usable or unusable, with the reason and the faults."""
        faults = ", ".join(f"{name} {fault}" for name, fault in decision.faults.items())
        reason = "" if decision.ok else f"no decision ({decision.reason}): "
        state = f"{reason}{REASONS[decision.reason]}" if reason else "decoding"
        self._report_change(f"{state}; {faults}" if faults else state, decision.time)

    def _report_change(self, state: str, time_s: float | None = None) -> None:
        """Report a state, unless it is the one that was reported last."""
        if state != self._state:
            self._state = state
            self._report(state if time_s is None else f"{time_s:.1f} s: {state}")
