"""The loop of live decoding: faults of the source and of those who listen end nothing."""

from __future__ import annotations

import threading

import pytest

from bci_dann.exceptions import DataError
from bci_dann.serving import OnlineDecoder
from bci_dann.serving.live.live_decoding import LiveDecoding
from bci_dann.serving.live.lsl_stream import StreamChunk, StreamLostError


class Source:
    """Gives what a script says: chunks, nothing, or an error; then it stops the loop."""

    def __init__(self, script, stop, returns=True):
        self.script, self.stop, self.returns, self.asked = list(script), stop, returns, 0

    def pull(self, wait_s):
        if not self.script:
            self.stop.set()
            return []
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def reconnect(self):
        self.asked += 1
        if self.asked == 3 and not self.returns:
            raise DataError("the LSL stream 'x' came back with other channels or another rate")
        return self.asked == 3


class Sink:
    def __init__(self, fails=False):
        self.taken, self.fails = [], fails

    def take(self, decision):
        if self.fails:
            raise BrokenPipeError("closed")
        self.taken.append(decision)


@pytest.fixture
def run(short_model, new_subject, signal):
    def run(script, sinks, returns=True):
        decoder = OnlineDecoder(short_model, sfreq=128.0, ch_names=new_subject.ch_names)
        stop, told = threading.Event(), []
        source = Source(script, stop, returns)
        decoding = LiveDecoding(source, decoder, sinks, told.append)
        decoding.run(stop)
        return decoding, told, source

    return run


@pytest.fixture
def chunks(signal):
    return [[StreamChunk(signal[s : s + 32].T, s / 128)] for s in range(0, 512, 32)]


def test_an_output_that_fails_does_not_stop_the_others(run, chunks):
    good, bad = Sink(), Sink(fails=True)
    decoding, told, _ = run(chunks, [bad, good])
    assert decoding.n_decisions == decoding.n_ok == len(good.taken) > 10
    assert sum("Sink failed, and gets no more decisions: closed" in text for text in told) == 1


def test_a_stream_that_is_lost_is_connected_again(run, chunks):
    sink = Sink()
    _, told, source = run([*chunks[:6], StreamLostError("gone"), *chunks[10:]], [sink])
    assert source.asked == 3
    assert sum("searching for it" in text for text in told) == 1
    assert any("The stream is lost, searching for it (gone)" in text for text in told)
    assert "gap" in {one.reason for one in sink.taken}


def test_a_stream_that_comes_back_as_another_one_is_the_end(run, chunks):
    with pytest.raises(DataError, match="other channels"):
        run([*chunks[:3], StreamLostError("gone")], [Sink()], returns=False)


def test_changes_of_state_are_reported_once(run, chunks):
    broken = [[StreamChunk(c.signals.copy(), c.time)] for (c,) in chunks]
    broken[8][0].signals[2] = float("nan")
    _, told, _ = run(broken, [])
    assert [text.split(": ")[1] for text in told] == [
        "decoding",
        "no decision (missing samples)",
        "decoding",
    ]
    assert told[1].endswith("missing samples")
