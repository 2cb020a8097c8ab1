"""Execution of a cued session: shows cues at their times while the stream is recorded."""

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

# Time that is recorded after the last trial (s), as a margin for filters and for samples that
# arrive late.
TAIL_S = 2.0
# Longest wait for samples at a time (s), which is the temporal resolution of the display.
POLL_S = 0.02
# Difference between the local clock and the times of a stream (s) above which the stream must be
# using another clock.
OTHER_CLOCK_S = 10.0
# Longest time to read samples that arrived before the session began (s).
CATCHING_UP_S = 5.0


@dataclass
class ShownCue:
    """A cue that was shown to the subject.

    Parameters
    ----------
    label : str
        Class of the cue.
    time : float
        When it was shown, on the clock of the stream (s).
    is_complete : bool
        Whether the task was completed without loss of the stream.
    """

    label: str
    time: float
    is_complete: bool = False


class CuedSession:
    """Presents the trials of a session, and records the stream meanwhile.

    Parameters
    ----------
    source : SignalSource
        An open stream.
    recorder : SignalRecorder
        Stores the samples.
    protocol : CueProtocol
        The order and timing of the trials.
    display : CueDisplay
        Shows the cues.
    clock : callable
        Returns the current time on the clock of the stream (s).
    report : callable
        Called with a message when the stream is lost or found again.
    first_pause_s : float
        Pause before the first cue (s).
    lost_s : float
        How long to wait for a lost stream before the session ends (s).
    sleep : callable
        Waits for a number of seconds.
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
        self._last_samples_at, self._is_lost, self._has_begun = clock(), False, False
        self.cues: list[ShownCue] = []

    def run(self) -> None:
        """Present all trials; a trial in which the stream is lost is repeated.

        Raises
        ------
        StreamLostError
            When the stream does not return in time.
        DataError
            When the stream returns with other channels, or its times are on another clock.
        """
        trials, self._has_begun = self.protocol.trials(), True
        self._await_first_samples()
        while True:
            try:
                if (n_done := self._n_complete()) == len(trials):
                    self._pause("end", TAIL_S, "recording the last seconds")
                    return
                self._present(trials[n_done], f"trial {n_done + 1} of {len(trials)}")
            except StreamLostError as error:
                self._mark_last_trial_incomplete()
                if self._n_complete() == len(trials):
                    return  # all trials are recorded
                self._await_return(error)

    def _n_complete(self) -> int:
        return sum(cue.is_complete for cue in self.cues)

    def drain(self) -> None:
        """Record samples that have arrived, before the recording is written."""
        if self._has_begun and not self._is_lost:
            try:
                self._pull(POLL_S)
            except StreamLostError:
                return

    def _present(self, trial: CuedTrial, note: str) -> None:
        task_s, cue_s = self.protocol.task_s, self.protocol.cue_s
        self._pause("relax", trial.pause_s if self.cues else self._first_pause_s, note)
        self.display.show("cue", trial.label, note)
        cue = ShownCue(trial.label, self.clock())
        self.cues.append(cue)
        if cue_s is not None and cue_s < task_s:
            self._record_until(cue.time + cue_s)
            self.display.show("task", "+", note)
        self._record_until(cue.time + task_s)
        cue.is_complete = True

    def _mark_last_trial_incomplete(self) -> None:
        """Mark a trial during which the stream was lost, if this was noticed only after it.

        The trial is then repeated.
        """
        if self.cues and self.cues[-1].time + self.protocol.task_s > self._last_samples_at:
            self.cues[-1].is_complete = False

    def _pause(self, text: str, seconds: float, note: str) -> None:
        self.display.show("pause", text, note)
        self._record_until(self.clock() + seconds)

    def _record_until(self, end: float) -> None:
        while (left := end - self.clock()) > 0:
            self._pull(min(left, POLL_S))

    def _pull(self, wait_s: float) -> bool:
        """Record samples that have arrived; return whether there were any."""
        try:
            chunks = self._source.pull(wait_s)
        except StreamLostError:
            self._is_lost = True
            raise
        for chunk in chunks:
            self.recorder.add(chunk)
        if chunks:
            self._last_samples_at = self.clock()
        elif self.clock() - self._last_samples_at > SILENT_S:
            raise StreamLostError(f"no samples for {SILENT_S:g} s")
        return bool(chunks)

    def _await_first_samples(self) -> None:
        try:
            while not self._pull(POLL_S):
                pass
        except StreamLostError as error:
            self._await_return(error)
        end = self.clock() + CATCHING_UP_S  # samples from before the session are read first
        while abs(difference := self.recorder.end_time - self.clock()) > OTHER_CLOCK_S:
            if self.clock() < end:
                self._pull(POLL_S)
                continue
            raise DataError(
                f"the times of the stream differ by {difference:.0f} s from the clock of LSL, so "
                "cues cannot be placed in the recording. Set the amplifier's program to time "
                "samples with the clock of LSL (local_clock), which is the default of LSL."
            )

    def _await_return(self, error: StreamLostError) -> None:
        """Wait for a lost or silent stream; samples are recorded as soon as it returns."""
        self._report(f"The stream is lost, searching for it ({error})")
        self.display.show("lost", "no signal", "the trial is repeated when the stream returns")
        end = self.clock() + self._lost_s
        while self.clock() < end:
            if self._source.reconnect():
                self._is_lost, self._last_samples_at = False, self.clock()
            if self._is_lost:
                self._sleep(0.1)
            elif self._has_samples():
                self._report("The stream has been found again")
                return
        raise StreamLostError(f"it did not return within {self._lost_s:g} s")

    def _has_samples(self) -> bool:
        self._last_samples_at = self.clock()  # the stream is already known to be silent
        try:
            return self._pull(0.1)
        except StreamLostError:
            return False
