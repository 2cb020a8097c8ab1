"""Cued acquisition: what is shown and recorded is in the file, at the right time."""

from __future__ import annotations

import threading
import time

import mne
import numpy as np
import pytest

from bci_dann import serving
from bci_dann.exceptions import ConfigError, DataError, ResultsError
from bci_dann.serving.live.cue_protocol import CueProtocol
from bci_dann.serving.live.cued_session import CuedSession
from bci_dann.serving.live.lsl_stream import StreamChunk, StreamLostError
from bci_dann.serving.live.model_cues import ModelCues, check_electrodes
from bci_dann.serving.live.session_recording import check_recording_path, record_session
from bci_dann.serving.live.signal_recorder import SignalRecorder

CLASSES, CHANNELS = ("left_hand", "right_hand"), ["C3", "Cz", "C4"]
BEGIN_S = 5000.0


class Amplifier:
    """Sends blocks of eight samples; time passes while it is waited for.

    `rate` is its true sampling frequency, `lost` and `silent` are stretches of seconds from its
    start in which it has gone, or is there and sends nothing; what it would have sent is lost.
    """

    sfreq, ch_names, ch_types = 128.0, ["C3", "Cz", "C4", "Pz"], ["eeg", "eeg", "eeg", "misc"]

    def __init__(self, rate=128.0, lost=(), silent=(), ctrl_c=None, times_off_s=0.0, seconds=150):
        self.rate, self.lost, self.silent, self.ctrl_c = rate, list(lost), list(silent), ctrl_c
        self.rng = np.random.default_rng(0)
        self.signal = 10 * self.rng.standard_normal((4, int(seconds * rate)))
        self.now, self.n_sent, self.times_off_s = BEGIN_S, 0, times_off_s

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        if self.ctrl_c is not None and self.elapsed > self.ctrl_c:
            self.ctrl_c = None
            raise KeyboardInterrupt

    @property
    def elapsed(self):
        return self.now - BEGIN_S

    @property
    def sample(self):
        """Where the amplifier is, in samples."""
        return self.elapsed * self.rate

    def within(self, stretches):
        return any(start < self.elapsed < stop for start, stop in stretches)

    def pull(self, wait_s):
        self.sleep(wait_s)
        if self.within(self.lost):
            raise StreamLostError("gone")
        chunks = []
        while self.n_sent + 8 <= self.sample:
            start, self.n_sent = self.n_sent, self.n_sent + 8
            time = BEGIN_S + start / self.rate
            if not any(a < time - BEGIN_S < b for a, b in (*self.lost, *self.silent)):
                time += self.times_off_s + 0.004 * self.rng.standard_normal()
                chunks.append(StreamChunk(self.signal[:, start : start + 8].copy(), time))
        return chunks

    def reconnect(self):
        return not self.within(self.lost)


class Subject:
    """A display, and somebody in front of it who does what is asked, on `C3` or `C4`."""

    def __init__(self, amplifier):
        self.amplifier, self.shown, self.cues = amplifier, [], []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def show(self, kind, text, note):
        self.shown.append((kind, text, note))
        if kind == "cue":
            start = self.amplifier.sample
            self.cues.append((text, start))
            samples = np.arange(int(start), int(start + 2 * self.amplifier.rate))
            channel = 0 if text == "left_hand" else 2
            rhythm = 6 * np.sin(2 * np.pi * 10 * samples / self.amplifier.rate)
            self.amplifier.signal[channel, samples] += rhythm


class Session:
    """A session in which no time passes but that of the amplifier."""

    def __init__(self, path, amplifier, n_trials=6, marks=None, lost_s=5.0):
        self.marks = marks or ModelCues(CLASSES, 2.0)
        self.amplifier, self.subject, self.told = amplifier, Subject(amplifier), []
        self.path = path
        protocol = CueProtocol(CLASSES, n_trials, task_s=2.0, pause_s=1.0, jitter_s=0.5)
        of = amplifier
        self.session = CuedSession(
            *(of, SignalRecorder(of.sfreq, of.ch_names, of.ch_types, 0.1), protocol, self.subject),
            *(of.clock, self.told.append),
            first_pause_s=2.3,
            lost_s=lost_s,
            sleep=of.sleep,
        )

    def run(self):
        self.done = record_session(self.session, self.marks, self.path, self.told.append)
        self.raw = mne.io.read_raw_fif(self.done.path, preload=True, verbose="error")
        return self

    def named(self, *names):
        """Return onset (samples) and name of annotations."""
        every = zip(self.raw.annotations.onset, self.raw.annotations.description, strict=True)
        return [(onset * 128.0, str(name)) for onset, name in every if name in names]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "session_raw.fif"


def test_the_file_holds_all_samples_and_the_cues_where_they_were_shown(path):
    amplifier = Amplifier(rate=128.0 * (1 + 300e-6))
    one = Session(path, amplifier).run()
    assert one.done.ended == "finished"
    assert one.done.n_trials == {"left_hand": 6, "right_hand": 6}
    n_times = one.raw.n_times
    assert n_times == amplifier.n_sent
    expected = (amplifier.signal[:, :n_times] * [[1e-6], [1e-6], [1e-6], [1.0]]).astype(np.float32)
    np.testing.assert_allclose(one.raw.get_data(), expected, rtol=2e-7)
    assert one.raw.get_channel_types() == ["eeg", "eeg", "eeg", "misc"]
    placed = one.named(*CLASSES)
    assert [name for _, name in placed] == [name for name, _ in one.subject.cues]
    differences = np.subtract([at for at, _ in placed], [at for _, at in one.subject.cues])
    # single times are wrong by half a sample; 300 ppm alone make a sample and a half in the end
    assert np.abs(differences).max() < 0.3
    kinds = [kind for kind, _, _ in one.subject.shown]
    assert kinds == [*["pause", "cue"] * 12, "pause"]
    assert one.subject.shown[1][2] == "trial 1 of 12"
    np.testing.assert_allclose(one.raw.annotations.duration, 2.0, atol=1e-5)


def test_a_gap_is_filled_and_marked_and_time_stays_right(path):
    amplifier = Amplifier(silent=[(10.0, 10.7)])
    one = Session(path, amplifier).run()
    assert one.done.n_gaps == 1
    (gap, _), *others = one.named("BAD_ACQ_SKIP")
    length = one.raw.annotations.duration[one.raw.annotations.description == "BAD_ACQ_SKIP"][0]
    assert not others
    assert one.raw.n_times == pytest.approx(amplifier.n_sent, abs=3)
    start, stop = round(gap), round(gap + length * 128)
    data = one.raw.get_data(["C3"])[0]
    assert not data[start:stop].any()
    assert data[start - 1] == pytest.approx(1e-6 * amplifier.signal[0, start - 1])
    assert data[stop:-8].all()
    for (at, _), (_, shown) in zip(one.named(*CLASSES), one.subject.cues, strict=True):
        assert at == pytest.approx(shown, abs=1.0)


@pytest.mark.parametrize("fault", ["lost", "silent"])
def test_a_trial_with_a_lost_stream_is_repeated(path, fault):
    amplifier = Amplifier(**{fault: [(10.0, 14.0)]})
    one = Session(path, amplifier).run()
    assert one.done.ended == "finished"
    assert one.done.n_trials == {"left_hand": 6, "right_hand": 6}
    assert len(one.subject.cues) == 13
    assert len(one.named("BAD_incomplete")) == one.done.n_gaps == 1
    assert one.raw.n_times == pytest.approx(amplifier.n_sent, abs=3)
    assert [text for text in one.told if "stream" in text][-1] == "The stream has been found again"
    assert ("lost", "no signal") in [shown[:2] for shown in one.subject.shown]
    (at, _), (_, shown) = one.named(*CLASSES)[-1], one.subject.cues[-1]
    assert at == pytest.approx(shown, abs=1.0)


def test_a_session_whose_stream_does_not_return_is_saved(path):
    one = Session(path, Amplifier(lost=[(13.0, 1e9)])).run()
    assert one.done.ended == "lost"
    assert one.raw.n_times == pytest.approx(13.0 * 128, abs=16)
    assert sum(one.done.n_trials.values()) == len(one.named(*CLASSES)) == 3
    assert any("did not return within 5 s" in text for text in one.told)


@pytest.mark.parametrize("lost", [(1.0, 3.0), (40.5, 1e9)])
def test_a_stream_that_is_lost_before_and_after_the_trials_costs_none(path, lost):
    amplifier = Amplifier(lost=[lost])
    one = Session(path, amplifier).run()
    assert one.done.ended == "finished"
    assert one.done.n_trials == {"left_hand": 6, "right_hand": 6}
    assert amplifier.elapsed > 40.5


def test_ctrl_c_keeps_the_trials_that_were_complete(path, monkeypatch):
    one = Session(path, Amplifier(ctrl_c=13.0))
    write, asked = mne.io.RawArray.save, []

    def save(*arguments, **more):
        asked.append(arguments)
        if len(asked) == 1:
            raise KeyboardInterrupt  # once more, while the file is written
        return write(*arguments, **more)

    monkeypatch.setattr(mne.io.RawArray, "save", save)
    one.run()
    assert one.done.ended == "stopped"
    assert one.raw.n_times == pytest.approx(13.0 * 128, abs=16)
    assert len(one.named(*CLASSES)) == sum(one.done.n_trials.values()) == 3
    assert len(one.named("BAD_incomplete")) == len(one.subject.cues) - 3 == 1
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_ctrl_c_before_the_first_sample_and_while_the_stream_is_lost(path):
    with pytest.raises(DataError, match="nothing was recorded"):
        Session(path, Amplifier(lost=[(-1.0, 1e9)], ctrl_c=0.5)).run()
    one = Session(path, Amplifier(lost=[(13.0, 1e9)], ctrl_c=14.0)).run()
    assert (one.done.ended, sum(one.done.n_trials.values())) == ("stopped", 3)


def test_a_folder_that_fails_in_the_end_does_not_cost_the_recording(path):
    one = Session(path.parent / "removed" / path.name, Amplifier(), n_trials=1).run()
    assert one.done.path.parent != path.parent
    assert any("cannot be written" in text for text in one.told)


def test_times_of_another_clock_are_refused_and_what_has_come_is_saved(path):
    with pytest.raises(DataError, match="differ by -40 s from the clock of LSL"):
        Session(path, Amplifier(times_off_s=-40.0)).run()
    assert path.is_file()


def test_a_model_reads_the_recording_as_it_is(path, model):
    marks = ModelCues.of(model.recipe, (), rest=False, task_s=None)
    assert (marks.task_s, marks.hints) == (2.0, [])
    amplifier = Amplifier(silent=[(10.0, 10.7)])  # within the third trial, which is left out
    amplifier.ch_types = ["eeg"] * 4
    one = Session(path, amplifier, n_trials=8, marks=marks).run()
    assert {name for _, name in one.named("769", "770")} == {"769", "770"}
    adapted = serving.adapt_model(model, one.done.path)
    assert adapted.n_trials == 15
    assert serving.evaluate_model(adapted.model, one.done.path).accuracy.value > 0.8


def test_classes_and_times_of_a_session_follow_the_model(with_recipe):
    later = with_recipe(layout={"interval": (2.0, 4.0), "unit_scale": 1e-6}).recipe
    marks = ModelCues.of(later, ("right_hand", "left_hand"), rest=False, task_s=3.0)
    assert (marks.lead_s, marks.event("left_hand")) == (2.0, "769")
    assert marks.hints == ["--unit-scale volt"]
    with pytest.raises(ConfigError, match="task must be at least 2 s"):
        ModelCues.of(later, (), rest=False, task_s=1.0)
    with pytest.raises(ConfigError, match=r"a class of the session must be one of.*'rest'"):
        ModelCues.of(later, (), rest=True, task_s=None)
    by_run = with_recipe(layout={"events": {"1": {"a": "left_hand"}, "2": "right_hand"}}).recipe
    assert ModelCues.of(by_run, (), False, None).hints == ["--cue left_hand=left_hand"]
    recorder = SignalRecorder(128.0, ["Fp1", "C3", "Pz"], ["eeg"] * 3, 0.1)
    with pytest.raises(DataError, match="no signal at 2 of the model's 4 electrodes"):
        check_electrodes(later, recorder)


def test_channels_are_renamed_as_in_training_before_electrodes_are_counted(with_recipe):
    recipe = with_recipe(layout={"rename": {"X1": "Pz"}}).recipe
    names = [name for name in recipe.preprocessing.channels if name != "Pz"]
    renamed = SignalRecorder(128.0, [*names, "X1"], ["eeg"] * (len(names) + 1), 0.1)
    assert check_electrodes(recipe, renamed) == ""
    both = SignalRecorder(128.0, [*names, "Pz", "X1"], ["eeg"] * (len(names) + 2), 0.1)
    with pytest.raises(DataError, match=r"the names \['Pz'\] after renaming"):
        check_electrodes(recipe, both)


def test_the_event_of_a_model_may_come_before_the_cue(path):
    marks = ModelCues(CLASSES, 2.0, lead_s=1.5)
    one = Session(path, Amplifier(), n_trials=1, marks=marks).run()
    for (at, _), (_, shown) in zip(one.named(*CLASSES), one.subject.cues, strict=True):
        assert at == pytest.approx(shown - 1.5 * 128, abs=0.5)


def test_paths_are_checked_before_the_session(path, tmp_path, monkeypatch):
    assert check_recording_path(path, force=False) == path
    path.touch()
    assert check_recording_path(path, force=True) == path
    with pytest.raises(ConfigError, match=r"is not overwritten.*--force"):
        check_recording_path(path, force=False)
    with pytest.raises(ConfigError, match=r"Use session_raw\.fif"):
        check_recording_path(tmp_path / "session.edf", force=False)
    with pytest.raises(ConfigError, match="does not exist"):
        check_recording_path(tmp_path / "no" / "a_raw.fif", force=False)

    def refuse(**options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(ResultsError, match=r"cannot be written: Permission denied\."):
        check_recording_path(path, force=True)


class FakeStream(Amplifier):
    """The amplifier in the place of a stream of LSL."""

    name, states_unit, closed = "EEG", False, False

    def __init__(self, *arguments):
        super().__init__(seconds=1)

    def connect(self, wait_s):
        self.now += wait_s

    def close(self):
        type(self).closed = True


def test_a_session_that_is_too_long_for_a_file_is_refused(path, monkeypatch):
    monkeypatch.setattr("bci_dann.serving.live.acquisition.LSLStream", FakeStream)
    with pytest.raises(
        ConfigError,
        match=r"takes up to .* minutes, but a file can store at most .* minutes of 4 channels",
    ):
        serving.acquire("EEG", path, classes=CLASSES, trials=10**7)
    assert FakeStream.closed
    assert not path.exists()


def test_channels_of_one_name_are_refused():
    with pytest.raises(DataError, match="several channels of the stream have the names C3"):
        SignalRecorder(128.0, ["C3", "C3"], ["eeg"] * 2, 0.1)


def test_samples_that_come_twice_are_kept_once():
    amplifier = Amplifier()
    recorder = SignalRecorder(128.0, amplifier.ch_names, amplifier.ch_types, 0.1)
    chunks = [chunk for _ in range(100) for chunk in amplifier.pull(0.02)]
    for chunk in [*chunks[:10], chunks[9], chunks[9], *chunks[10:]]:
        recorder.add(chunk)
    assert recorder.n_samples == amplifier.n_sent
    assert recorder.gaps == []


def test_an_lsl_stream_is_recorded_with_its_cues(lsl, outlet, name, path, monkeypatch):
    monkeypatch.setattr("bci_dann.serving.live.acquisition.FIRST_PAUSE_S", 0.2)
    source, stop = outlet(ch_names=CHANNELS), threading.Event()

    def send():
        while not stop.is_set():
            # every channel tells the time of its samples on the clock of LSL, within the hour
            times = lsl.local_clock() - np.arange(7, -1, -1) / 128
            source.push_chunk(np.tile(times[:, None] % 3600, (1, 3)).astype(np.float32))
            stop.wait(8 / 128)

    shown, sender = [], threading.Thread(target=send, daemon=True)

    class Display:
        __enter__ = __exit__ = lambda self, *error: None

        def show(self, kind, text, note):
            shown.extend([lsl.local_clock()] * (kind == "cue"))

    sender.start()
    try:
        done = serving.acquire(
            *(name, path),
            **{"classes": CLASSES, "trials": 1, "task": 0.3, "pause": 0.1, "jitter": 0.0},
            **{"display": Display(), "report": lambda _: None, "jitter_s": 0.5},
        )
    finally:
        stop.set()
        sender.join(timeout=5)
    raw = mne.io.read_raw_fif(path, verbose="error")
    assert done.n_trials == {"left_hand": 1, "right_hand": 1}
    assert abs(raw.info["meas_date"].timestamp() + raw.times[-1] - time.time()) < 60
    for onset, at in zip(raw.annotations.onset, shown, strict=True):
        sample = raw.get_data(0, *[round(onset * 128) + k for k in (0, 1)])[0, 0] * 1e6
        assert sample == pytest.approx(at % 3600, abs=0.1)  # a busy machine sends late
