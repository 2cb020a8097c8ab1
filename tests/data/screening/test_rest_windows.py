"""Rest windows: cut as MNE cuts them, left out where they are none, and kept with the trials."""

from __future__ import annotations

from dataclasses import dataclass, field

import mne
import numpy as np
import pytest

from bci_dann.data import Preprocessing, SimulatedMI, load_dataset
from bci_dann.data.screening.cues import account_of, account_sentence, with_outcome
from bci_dann.data.screening.rest_windows import cut_rest_windows, rest_sentence, rest_steps
from bci_dann.data.segmentation import cut_trials
from bci_dann.exceptions import ConfigError, DataError

SFREQ = 128.0
CLASSES = ["left_hand", "right_hand"]
ONSETS = 4.0 + 6.0 * np.arange(8)
BEFORE = (-2.0, -0.5)


@dataclass(frozen=True)
class Task:
    interval: tuple[float, float] = (0.0, 3.0)
    unit_factor: float = 1e6
    code: str = "Toy"
    event_id: dict[str, int] = field(default_factory=dict)


def make_raw(onsets=ONSETS, classes=CLASSES, sfreq=SFREQ):
    rng = np.random.default_rng(0)
    signals = 20e-6 * rng.standard_normal((3, int(sfreq * 56)))
    raw = mne.io.RawArray(signals, mne.create_info(["C3", "Cz", "C4"], sfreq, "eeg"), verbose=40)
    labels = np.resize(classes, len(onsets))
    return raw.set_annotations(mne.Annotations(onsets, 3.0, labels))


def cut(raw, task=Task(), classes=CLASSES, **steps):
    steps = Preprocessing(**{"rest_window": BEFORE, **steps})
    trials = cut_trials(raw, task, classes, steps)
    return cut_rest_windows(raw, task, classes, steps, trials), trials


@pytest.mark.parametrize("steps", [{}, {"reference": "average", "notch": 50.0, "channels": None}])
def test_windows_are_those_of_mnes_epochs_after_the_same_filters(steps):
    raw = make_raw()
    filtered = raw.copy()
    if steps:
        filtered.set_eeg_reference("average", verbose="error").notch_filter(50, verbose="error")
    filtered.filter(8, 32, method="iir", verbose="error")
    events, event_id = mne.events_from_annotations(filtered, verbose="error")
    epochs = mne.Epochs(filtered, events, event_id, *BEFORE, baseline=None, verbose="error")
    rest, _ = cut(raw, **steps)
    np.testing.assert_array_equal(rest.signals, epochs.get_data())
    assert rest.ch_names == epochs.ch_names
    assert rest.cues["rest"].tolist() == [""] * 8


def test_resampled_windows_have_one_length_whatever_the_sampling_frequency():
    lengths = {
        cut(make_raw(sfreq=sfreq), resample=64.0)[0].signals.shape[2]
        for sfreq in (100.0, 125.0, 128.0, 250.0, 512.0)
    }
    assert lengths == {96}


def test_the_window_counts_from_the_task():
    late = make_raw(ONSETS + 2.0)
    task = Task(interval=(2.0, 5.0))
    rest, _ = cut(late, task, band=None)
    start = int((ONSETS[1] + 2.0 + BEFORE[0]) * SFREQ)
    np.testing.assert_allclose(rest.signals[1], late.get_data(start=start, stop=start + 193))


def test_channels_follow_and_the_unit_is_microvolt():
    raw = make_raw()
    rest, _ = cut(raw, band=None)
    turned = rest.in_microvolt(["C4", "C3"], 1e6)
    assert turned.dtype == np.float32
    np.testing.assert_allclose(turned, 1e6 * rest.signals[:, [2, 0]], rtol=1e-6)


def spoilt(change):
    raw = make_raw()
    change(raw)
    return raw


def set_flat(raw):
    raw._data[1, int((ONSETS[2] - 2.5) * SFREQ) : int(ONSETS[2] * SFREQ)] = 0


def lose_samples(raw):
    raw._data[0, int((ONSETS[2] - 1) * SFREQ)] = np.nan


def interrupt(raw):
    raw.annotations.append(ONSETS[2] - 1.0, 0.1, "BAD_ACQ_SKIP")


def mark_bad(raw):
    raw.annotations.append(ONSETS[2] - 1.0, 0.1, "bad segment")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (set_flat, "flat"),
        (lose_samples, "not_finite"),
        (interrupt, "boundary"),
        (mark_bad, "marked_bad"),
    ],
)
def test_a_spoilt_window_is_left_out_and_its_trial_is_kept(change, reason):
    rest, trials = cut(spoilt(change), band=None)
    assert len(trials.epochs) == 8
    assert rest.cues["rest"].tolist() == ["", "", reason, *[""] * 5]
    assert np.isnan(rest.signals[2]).all()
    assert np.isfinite(np.delete(rest.signals, 2, axis=0)).all()


def test_a_flat_window_is_left_out_where_trials_are_not_screened():
    steps = Preprocessing(band=None, rest_window=BEFORE)
    raw = spoilt(set_flat)
    trials = cut_trials(raw, Task(), CLASSES, steps, screen=False)
    rest = cut_rest_windows(raw, Task(), CLASSES, steps, trials, screen=False)
    assert rest.cues["rest"].tolist()[2] == "flat"


def test_windows_that_leave_the_recording_or_overlap_a_trial_are_left_out():
    raw = make_raw(np.array([1.0, 7.0, 11.0, 20.0]))
    rest, _ = cut(raw)
    assert rest.cues["rest"].tolist() == ["outside", "", "overlaps", ""]
    exact, _ = cut(make_raw(np.array([4.0, 9.0])), rest_window=(-2.0, 0.0))
    assert exact.cues["rest"].tolist() == ["", ""]  # they touch


def test_trials_of_classes_that_are_not_selected_are_no_rest():
    raw = make_raw(np.array([4.0, 8.0, 16.0]), ["left_hand", "feet", "left_hand"])
    late = make_raw(np.array([4.0, 8.0, 12.0]), ["left_hand", "feet", "left_hand"])
    task = Task(event_id={"left_hand": 1, "feet": 2})
    chosen = {"classes": ["left_hand"], "rest_window": (-3.0, -0.5)}
    assert cut(raw, task, **chosen)[0].cues["rest"].tolist() == ["", ""]
    assert cut(late, task, **chosen)[0].cues["rest"].tolist() == ["", "overlaps"]


def test_rows_stay_with_their_trials_where_cues_give_none():
    raw = make_raw()
    raw.annotations.append(ONSETS[1] + 1.0, 0.1, "bad segment")
    rest, trials = cut(raw, band=None)
    assert len(trials.epochs) == len(rest.signals) == 7
    start = int((ONSETS[2] + BEFORE[0]) * SFREQ)
    np.testing.assert_allclose(rest.signals[1], raw.get_data(start=start, stop=start + 193))
    assert rest.cues["left_out"].tolist()[1] == "marked_bad"


def test_nothing_is_cut_without_a_rest_window():
    assert cut(make_raw(), rest_window=None)[0] is None


@pytest.mark.parametrize("window", [(-1.0, 0.5), (1.0, 2.0), (2.5, 5.0)])
def test_a_rest_window_within_its_own_trial_is_refused(window):
    steps = Preprocessing(rest_window=window)
    with pytest.raises(ConfigError, match=r"overlaps the task and trial, .* from 0 to 3 s"):
        rest_steps(Task(), steps)
    with pytest.raises(ConfigError, match=r"overlaps the task and trial, .* from 0 to 3 s"):
        rest_steps(Task(interval=(2.0, 5.0)), steps)


def test_a_dataset_is_refused_before_a_recording_is_read(monkeypatch):
    monkeypatch.setattr(SimulatedMI, "get_data", None)
    with pytest.raises(ConfigError, match="overlaps the task"):
        load_dataset("SimulatedMI", n_subjects=2, preprocessing={"rest_window": [-1, 1]})


def test_a_session_without_any_is_refused_with_the_reasons():
    far = {"rest_window": [-4.0, -3.0]}
    with pytest.raises(DataError, match=r"none of 6 trials has a rest window.*5: it overlaps a tr"):
        load_dataset("SimulatedMI", n_subjects=2, n_trials=3, preprocessing=far)


def test_reasons_in_words():
    assert rest_sentence(["", "overlaps", "outside", "overlaps"]) == (
        "2: it overlaps a trial; 1: it is not entirely inside the recording"
    )
    assert rest_sentence(["", ""]) == ""


def test_accounts_count_them():
    rest, trials = cut(make_raw(np.array([1.0, 7.0, 11.0, 20.0])))
    cues = with_outcome(trials.cues, rest.cues)
    account = account_of([({"file": "a"}, cues), ({"file": "b"}, trials.cues)])
    assert account.groupby("file")["rest"].sum().to_dict() == {"a": 2, "b": 0}
    assert account_sentence(account).endswith("2 trials have a rest window.")
    assert "rest" not in account_of([({"file": "b"}, trials.cues)])
