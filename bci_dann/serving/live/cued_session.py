"""A session of cued trials: shows cues at their times while the stream is recorded."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bci_dann.exceptions import DataError
from bci_dann.serving.live.cue_display import CueDisplay
from bci_dann.serving.live.cue_protocol import CuedTrial, CueProtocol
from bci_dann.serving.live.live_decoding import SILENT_S, SignalSource
from bci_dann.serving.live.lsl_stream import StreamLostError
from bci_dann.serving.live.signal_recorder import SignalRecorder

__all__ = ["CuedSession", "ShownCue"]

# Time that is recorded after the last trial, so that filters have a margin and what is under way
# arrives (s).
TAIL_S = 2.0
# Longest wait for samples at a time (s): the resolution of what the display does.
POLL_S = 0.02
# Difference between the clock of this machine and the times of a stream, beyond which they are of
# different clocks (s).
OTHER_CLOCK_S = 10.0
# Time in which all samples are read that came before the session began (s).
CATCHING_UP_S = 5.0


@dataclass
class ShownCue:
    """A cue that the subject has seen.

    Parameters
    ----------
    label : str
        Its class.
    time : float
        When it was on the display, on the clock of the stream (s).
    is_complete : bool
        Whether the task went on to its end, with a signal.
    """

    label: str
    time: float
    is_complete: bool = False


class CuedSession:
    """Leads a subject through trials.

    Parameters
    ----------
    source : SignalSource
        A stream that is open.
    recorder : SignalRecorder
        Takes what comes.
    protocol : CueProtocol
        The trials.
    display : CueDisplay
        Shows them.
    clock : callable
        Returns the time on the clock of the stream (s).
    report : callable
        Takes a sentence whenever something happens to the stream.
    first_pause_s : float
        Pause before the first cue (s).
    lost_s : float
        How long a stream that is silent is waited for before the session ends (s).
    sleep : callable
        Waits for some seconds.
    """

    def __init__(
        self,
        source: SignalSource,
        recorder: SignalRecorder,
        protocol: CueProtocol,
        display: CueDisplay,
        clock: Callable[[], float],
        report: Callable[[str], None],
        first_pause_s: float = 0.0,
        lost_s: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source, self.recorder, self.protocol = source, recorder, protocol
        self.display, self.clock, self._report, self._sleep = display, clock, report, sleep
        self._first_pause_s, self._lost_s = first_pause_s, lost_s
        self._heard, self._is_lost, self._has_begun = clock(), False, False
        self.cues: list[ShownCue] = []

    def run(self) -> None:
        """Show all trials; one during which the stream is lost is repeated.

        Raises
        ------
        StreamLostError
            When the stream does not come back.
        DataError
            When it comes back with other channels, or its times are of another clock.
        """
        trials, self._has_begun = self.protocol.trials(), True
        self._await_first_samples()
        while True:
            try:
                if (n_done := self._n_complete()) == len(trials):
                    self._rest("end", TAIL_S, "recording the last seconds")
                    return
                self._present(trials[n_done], f"trial {n_done + 1} of {len(trials)}")
            except StreamLostError as error:
                self._give_up_silent_trial()
                if self._n_complete() == len(trials):
                    return  # the rest of the recording does not matter
                self._await_return(error)

    def _n_complete(self) -> int:
        return sum(cue.is_complete for cue in self.cues)

    def drain(self) -> None:
        """Take what has arrived by now, before the recording is written."""
        if self._has_begun and not self._is_lost:
            try:
                self._pull(POLL_S)
            except StreamLostError:
                return

    def _present(self, trial: CuedTrial, note: str) -> None:
        task_s, cue_s = self.protocol.task_s, self.protocol.cue_s
        self._rest("relax", trial.pause_s if self.cues else self._first_pause_s, note)
        self.display.show("cue", trial.label, note)
        cue = ShownCue(trial.label, self.clock())
        self.cues.append(cue)
        if cue_s is not None and cue_s < task_s:
            self._record_until(cue.time + cue_s)
            self.display.show("task", "+", note)
        self._record_until(cue.time + task_s)
        cue.is_complete = True

    def _give_up_silent_trial(self) -> None:
        """Repeat a trial that ended before the silence within it was noticed."""
        if self.cues and self.cues[-1].time + self.protocol.task_s > self._heard:
            self.cues[-1].is_complete = False

    def _rest(self, text: str, seconds: float, note: str) -> None:
        self.display.show("pause", text, note)
        self._record_until(self.clock() + seconds)

    def _record_until(self, end: float) -> None:
        while (left := end - self.clock()) > 0:
            self._pull(min(left, POLL_S))

    def _pull(self, wait_s: float) -> bool:
        """Record what has come; return whether anything has."""
        try:
            chunks = self._source.pull(wait_s)
        except StreamLostError:
            self._is_lost = True
            raise
        for chunk in chunks:
            self.recorder.add(chunk)
        if chunks:
            self._heard = self.clock()
        elif self.clock() - self._heard > SILENT_S:
            raise StreamLostError(f"nothing has come for {SILENT_S:g} s")
        return bool(chunks)

    def _await_first_samples(self) -> None:
        try:
            while not self._pull(POLL_S):
                pass
        except StreamLostError as error:
            self._await_return(error)
        end = self.clock() + CATCHING_UP_S  # what waited in the stream comes first
        while abs(difference := self.recorder.end_time - self.clock()) > OTHER_CLOCK_S:
            if self.clock() < end:
                self._pull(POLL_S)
                continue
            raise DataError(
                f"the times of the stream differ by {difference:.0f} s from the clock of LSL, so "
                "that cues cannot be placed in the recording. Let the amplifier's program stamp "
                "its samples with LSL's own clock (local_clock), which is the default of LSL."
            )

    def _await_return(self, error: StreamLostError) -> None:
        """Wait for a stream that is lost or silent; its samples are kept from the first one on."""
        self._report(f"the stream is lost and looked for ({error})")
        self.display.show("lost", "no signal", "the trial is repeated when the stream is back")
        end = self.clock() + self._lost_s
        while self.clock() < end:
            if self._source.reconnect():
                self._is_lost, self._heard = False, self.clock()
            if self._is_lost:
                self._sleep(0.1)
            elif self._has_come():
                self._report("the stream is found again")
                return
        raise StreamLostError(f"it did not come back within {self._lost_s:g} s")

    def _has_come(self) -> bool:
        self._heard = self.clock()  # silence is no news here
        try:
            return self._pull(0.1)
        except StreamLostError:
            return False
