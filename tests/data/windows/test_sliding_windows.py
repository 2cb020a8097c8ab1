"""Windows over a recording: their samples, what they are labelled, and that they are causal."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann.data import Preprocessing, PseudoOnline, SimulatedMI, load_dataset
from bci_dann.data.segmentation import cut_trials
from bci_dann.data.windows.sliding_windows import Tasks, cut_windows, tasks_of

STEPS = Preprocessing(band=(8, 30), window=(0.5, 2.5), filter_method="causal")
PLAN = PseudoOnline(step=0.25)


@pytest.fixture(scope="module")
def dataset():
    return SimulatedMI(n_subjects=1, n_trials=4, pause=3.0, ch_names=["C3", "Cz", "C4"])


@pytest.fixture(scope="module")
def raw(dataset):
    return dataset.get_data([1])[1]["0"]["0"]


def windows_of(raw, dataset, steps=STEPS, classes=("left_hand", "right_hand"), plan=PLAN):
    like = load_dataset(dataset, preprocessing=steps)
    return cut_windows(raw, dataset, list(classes), steps, plan, like)


def test_a_window_at_the_place_of_a_trial_is_this_trial(raw, dataset):
    trials = cut_trials(raw, dataset, ["left_hand", "right_hand"], STEPS).epochs.get_data()
    plan = PseudoOnline(step=1 / 128)
    found = windows_of(raw, dataset, plan=plan)
    for trial, onset in zip(trials, raw.annotations.onset, strict=True):
        place = np.argmin(np.abs(found.table["start"] - (onset + 0.5)))
        np.testing.assert_array_equal(found.signals[place], trial.astype(np.float32))


def test_windows_follow_each_other_from_the_first_sample_to_the_last(raw, dataset):
    table = windows_of(raw, dataset).table
    assert table["start"][0] == 0
    np.testing.assert_allclose(np.diff(table["start"]), 0.25)
    np.testing.assert_allclose(table["end"] - table["start"], 2.0)
    assert raw.times[-1] - 0.25 < table["end"].iloc[-1] <= raw.times[-1]


@pytest.mark.parametrize("resample", [None, 64, 100])
def test_later_samples_change_no_window_that_ends_before(raw, dataset, resample):
    steps = STEPS.model_copy(update={"resample": resample, "notch": 50})
    moment = raw.n_times // 2
    changed = raw.copy()
    changed._data[:, moment:] = 1e-3 * np.random.default_rng(0).standard_normal(
        changed._data[:, moment:].shape
    )
    before, after = (windows_of(one, dataset, steps) for one in (raw, changed))
    earlier = (before.table["end"] < moment / 128).to_numpy()
    assert 0 < earlier.sum() < len(earlier)
    assert before.signals[earlier].tobytes() == after.signals[earlier].tobytes()
    assert before.signals[~earlier].tobytes() != after.signals[~earlier].tobytes()


def test_labels_are_those_of_the_task_that_most_of_a_window_lies_in(raw, dataset):
    table = windows_of(raw, dataset).table
    onset, label = raw.annotations.onset[0], raw.annotations.description[0]
    inside = table[(table["start"] >= onset) & (table["end"] <= onset + 4)]
    assert len(inside) > 5
    assert set(inside["label"]) == set(inside["task"]) == {label}
    assert set(inside["share"]) == {1.0}
    half = table[(table["start"] < onset) & (table["end"] > onset)]
    np.testing.assert_array_equal(half["label"] == label, half["share"] >= 0.5)
    idle = table[(table["start"] > onset + 4) & (table["end"] < raw.annotations.onset[1])]
    assert set(idle["label"]) == {"idle"}
    assert set(idle["task"]) == {""}
    assert idle["onset"].isna().all()


def test_more_of_a_task_may_be_asked_for(raw, dataset):
    strict = windows_of(raw, dataset, plan=PseudoOnline(step=0.25, task_share=1.0)).table
    assert (strict.loc[strict["label"] != "idle", "share"] == 1.0).all()


def test_windows_of_other_classes_are_neither_a_task_nor_idle(raw, dataset):
    whole = windows_of(raw, dataset).table
    found = windows_of(raw, dataset, classes=("left_hand",)).table
    assert set(found["label"]) == {"left_hand", "idle"}
    assert not (found["task"] == "right_hand").any()
    n_other = (whole["label"] == "right_hand").sum()
    assert n_other
    assert len(found) <= len(whole) - n_other


def test_time_may_count_as_a_class_that_cues_ask_for(raw, dataset):
    table = windows_of(raw, dataset, plan=PseudoOnline(idle="left_hand")).table
    assert set(table["label"]) == {"left_hand", "right_hand"}


def test_interrupted_windows_are_left_out(raw, dataset):
    broken = raw.copy()
    broken.annotations.append(12.0, 0.5, "BAD_ACQ_SKIP")
    table = windows_of(broken, dataset).table
    assert not ((table["start"] < 12.5) & (table["end"] > 12.0)).any()
    assert (table["start"] > 12.5).any()


def test_times_hold_in_cropped_and_dated_recordings(raw, dataset):
    dated = raw.copy().set_meas_date(1_600_000_000)
    cropped = dated.copy().crop(tmin=10.0)
    onsets = [tasks_of(one, dataset, ["left_hand"]).start for one in (raw, dated, cropped)]
    np.testing.assert_allclose(onsets[0], onsets[1])
    np.testing.assert_allclose(onsets[0][onsets[0] > 10] - 10.0, onsets[2], atol=1e-6)


def test_a_long_recording_is_cut_in_parts(raw, dataset, monkeypatch):
    whole = windows_of(raw, dataset)
    monkeypatch.setattr("bci_dann.data.windows.sliding_windows.BATCH_SIZE", 7)
    parts = windows_of(raw, dataset)
    assert whole.signals.tobytes() == parts.signals.tobytes()
    assert whole.table.equals(parts.table)


def test_a_recording_shorter_than_a_window_has_none(raw, dataset):
    short = raw.copy().crop(tmax=1.0)
    like = load_dataset(dataset, preprocessing=STEPS)
    assert cut_windows(short, dataset, ["left_hand", "right_hand"], STEPS, PLAN, like) is None


def test_a_window_longer_than_a_task_is_judged_by_the_task():
    tasks = Tasks(np.array([10.0]), np.array([11.0]), np.array(["left_hand"]))
    share, task = tasks.shares(np.array([9.0, 8.0, 0.0]), np.array([12.0, 10.5, 3.0]))
    np.testing.assert_allclose(share, [1.0, 0.5, 0.0])
    assert task[0] == 0


def test_without_tasks_all_time_is_idle(dataset):
    info = mne.create_info(["C3", "Cz", "C4"], 128.0, "eeg")
    rng = np.random.default_rng(0)
    quiet = mne.io.RawArray(1e-5 * rng.standard_normal((3, 1280)), info, verbose="error")
    table = windows_of(quiet, dataset).table
    assert set(table["label"]) == {"idle"}
    assert (table["share"] == 0).all()


def test_windows_in_tasks_have_the_labels_that_moabb_gives_them(raw, dataset):
    """MOABB's own windows, ``overlap``, from the first cue on; those outside of tasks it drops."""
    from moabb.paradigms import LeftRightImagery

    paradigm = LeftRightImagery(tmin=0, tmax=2, overlap=75)
    epochs, labels, metadata = paradigm.get_data(dataset, [1], return_epochs=True)
    first = (metadata["session"] == "0").to_numpy()
    starts = epochs.events[first, 0] / raw.info["sfreq"]
    steps = STEPS.model_copy(update={"window": (0.0, 2.0)})
    table = windows_of(raw, dataset, steps, plan=PseudoOnline(step=1 / 128)).table
    places = [np.argmin(np.abs(table["start"] - start)) for start in starts]
    assert len(places) == 63
    assert table["label"].iloc[places].tolist() == labels[first].tolist()
    assert np.diff(starts).min() == 0.5  # 75 % overlap
    assert np.diff(starts).max() > 4  # where idle windows were
