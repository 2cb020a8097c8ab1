"""Live decoding over the Lab Streaming Layer on this machine."""

from __future__ import annotations

import io
import json
import threading
import time
import urllib.request

import mne
import numpy as np
import pytest

from bci_dann.exceptions import ConfigError, DataError
from bci_dann.serving import PageAddress, decode_stream
from bci_dann.serving.live.lsl_stream import microvolt_factors, split_at_jumps
from bci_dann.serving.online.causal_filter import CausalFilter

SFREQ = 128.0


class Running:
    """`decode_stream` in a thread, with its lines and what it reported."""

    def __init__(self, model, name, **options):
        self.lines, self.told, self.stop, self.error = io.StringIO(), [], threading.Event(), None
        options = {"step": 0.1, "wait_s": 20.0, "jitter_s": 0.2, **options}
        options |= {"stop": self.stop, "lines": self.lines, "report": self.told.append}

        def run():
            try:
                self.summary = decode_stream(model, name, **options)
            except Exception as error:
                self.error = error

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        self.wait_for(lambda: self.told or self.error)

    @property
    def decisions(self):
        return [json.loads(line) for line in self.lines.getvalue().splitlines()]

    def wait_for(self, condition, seconds=15.0):
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end and self.thread.is_alive():
            time.sleep(0.02)
        assert condition(), "; ".join([*self.told, repr(self.error)])

    def end(self):
        self.stop.set()
        self.thread.join(timeout=10.0)
        assert not self.thread.is_alive()
        return self.decisions


@pytest.fixture
def start(short_model, name):
    """Start `decode_stream` in a thread that ends with the test."""
    begun = []

    def start(**options):
        begun.append(Running(short_model, name, **options))
        return begun[-1]

    yield start
    for one in begun:
        one.stop.set()
        one.thread.join(timeout=20.0)


def sliding_probabilities(model, raw, n_samples=6000):
    """Probabilities of the window that ends with each sample of a recording."""
    filtered = CausalFilter(SFREQ, model.recipe.preprocessing).filtered(
        raw.get_data(units="uV")[:, :n_samples]
    )
    windows = np.lib.stride_tricks.sliding_window_view(filtered, model.n_times, axis=1)
    return model.estimator.predict_proba(windows.swapaxes(0, 1).astype(np.float32))[:, 0]


def test_decisions_for_a_played_stream_equal_those_for_the_recording(
    lsl, start, short_model, new_subject, name, tmp_path
):
    from mne_lsl.player import PlayerLSL

    raw = new_subject.copy().set_annotations(mne.Annotations([], [], []))
    with PlayerLSL(raw, chunk_size=16, name=name, source_id=name, annotations=False):
        running = start(seconds=3.0, save=tmp_path / "end", outlet=f"{name}-p")
        running.thread.join(timeout=20)
        decisions = running.end()
    assert running.error is None
    assert running.summary.n_ok == len(decisions) >= 10
    times = np.array([one["time"] for one in decisions])
    np.testing.assert_allclose(np.diff(times), 13 / SFREQ, atol=0.03)  # none lost, none doubled
    # the player was at some sample of the recording when the first decision fell
    expected = sliding_probabilities(short_model, raw)
    online = np.array([one["probabilities"]["left_hand"] for one in decisions])[8:]
    starts = np.arange(len(expected) - 13 * len(online))
    paths = expected[starts[:, None] + 13 * np.arange(len(online))]
    assert np.abs(paths - online).max(axis=1).min() < 1e-3  # streams are float32
    assert any("128 Hz, 15 of 15 channels" in text for text in running.told)
    assert (tmp_path / "end" / "recipe.json").is_file()


def test_a_source_that_stops_is_found_again_when_it_returns(lsl, start, outlet, signal, name):
    source = outlet(source_id=name)
    running = start()
    source.wait_for_consumers(5.0)
    source.push_chunk(signal[:256])
    running.wait_for(lambda: any(one["ok"] for one in running.decisions))
    del source
    running.wait_for(lambda: running.decisions[-1]["reason"] == "no signal")
    assert running.decisions[-1]["probabilities"] is None
    again = outlet(source_id=name)
    running.wait_for(lambda: again.has_consumers)
    again.push_chunk(signal[:400], timestamp=lsl.local_clock() + 5.0)
    running.wait_for(lambda: running.decisions[-1]["ok"])
    reasons = [one["reason"] for one in running.end()]
    assert "gap" in reasons[reasons.index("no signal") :]
    assert any("(no signal): no samples arrive" in text for text in running.told)
    assert any("(gap): samples were lost" in text for text in running.told)


def test_samples_are_converted_from_the_unit_of_the_stream(lsl, start, outlet, signal, name):
    source = outlet(units="volts")
    running = start()
    source.wait_for_consumers(5.0)
    source.push_chunk(signal[:256] * np.float32(1e-6))
    running.wait_for(lambda: running.decisions)
    assert all(one["ok"] for one in running.end())


class FullDisk(io.StringIO):
    def flush(self):
        raise OSError(28, "No space left on device")


def test_a_file_on_a_full_disk_does_not_cost_the_model(lsl, short_model, outlet, name, tmp_path):
    _source, told = outlet(), []  # a stream without samples
    options = {"wait_s": 20.0, "seconds": 1.5, "report": told.append, "save": tmp_path / "end"}
    summary = decode_stream(short_model, name, lines=FullDisk(), **options)
    assert summary.n_decisions > 1
    assert sum("No space left on device" in text for text in told) == 2
    assert (tmp_path / "end" / "recipe.json").is_file()


def test_a_missing_and_an_ambiguous_stream_name_are_refused(lsl, short_model, outlet, name):
    kept = [outlet(source_id=f"{name}-{k}") for k in range(2)]
    end = time.monotonic() + 20.0
    while sum(one.name == name for one in lsl.resolve_streams(1.0)) < 2 and time.monotonic() < end:
        pass
    with pytest.raises(DataError, match=rf"2 LSL streams are named '{name}'.*--source-id"):
        decode_stream(short_model, name, wait_s=2.0, seconds=1.0)
    with pytest.raises(DataError, match=rf"no LSL stream named '{name}x'.*Did you mean '{name}'"):
        decode_stream(short_model, f"{name}x", wait_s=1.0)
    done = decode_stream(
        short_model, name, source_id=f"{name}-1", wait_s=5.0, seconds=0.1, report=lambda _: None
    )
    assert done.n_decisions == 0
    del kept


def test_a_stream_with_other_channels_is_refused(lsl, short_model, outlet, name):
    kept = outlet(ch_names=["Fp1", "Fp2"])
    with pytest.raises(DataError, match="the stream lacks the channels"):
        decode_stream(short_model, name, wait_s=5.0, seconds=1.0, report=lambda _: None)
    del kept


def test_the_page_shows_the_decisions_of_the_stream(lsl, start, outlet, signal, name):
    source = outlet()
    running = start(page=PageAddress())
    running.wait_for(lambda: any("in a browser" in text for text in running.told))
    url = next(text for text in running.told if "in a browser" in text).split(" ")[1]
    with urllib.request.urlopen(url + "events", timeout=10) as events:
        source.push_chunk(signal[:256])
        line = next(line for line in events if line.startswith(b"data: "))
    assert json.loads(line[6:]) in running.end()


def test_output_files_are_checked_before_the_search_for_the_stream(lsl, short_model, tmp_path):
    with pytest.raises(ConfigError):
        decode_stream(short_model, "none", lines=tmp_path / "no" / "x.jsonl", wait_s=60.0)


def test_units_and_jumps():
    factors, known = microvolt_factors(["uV", "mV", "-9"], None)
    assert factors.tolist() == [1.0, 1e3, 1e-3]
    assert known
    assert microvolt_factors([None], None)[1] is False
    assert microvolt_factors(["volts"], 1e-6)[0].tolist() == [1.0]
    with pytest.raises(ConfigError, match="unit_scale"):
        microvolt_factors(["uV"], -1.0)
    times = np.array([0.0, 0.1, 0.2, 0.9, 1.0])
    first, second = split_at_jumps(np.arange(10.0).reshape(2, 5), times, 10.0)
    assert (first.time, second.time) == (0.0, 0.9)
    assert second.signals.tolist() == [[3.0, 4.0], [8.0, 9.0]]
