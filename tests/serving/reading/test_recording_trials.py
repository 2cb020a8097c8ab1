"""Files and Raw become the trials that a model was trained on, and what is wrong is named."""

from __future__ import annotations

import warnings

import mne
import numpy as np
import pandas as pd
import pytest

from bci_dann.data import open_trials, prepare_trials
from bci_dann.evaluation import load_config
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError
from bci_dann.serving import prepare


def equal_trials(one, other):
    np.testing.assert_array_equal(one.X, other.X)
    pd.testing.assert_frame_equal(one.metadata, other.metadata)
    assert (one.ch_names, one.sfreq, one.y) == (other.ch_names, other.sfreq, other.y)


def test_a_training_file_gives_the_training_trials(model, training):
    """Preparing one file for a saved model gives, bit for bit, what training saw of it."""
    run = load_config(training["config"])
    trained = open_trials(
        prepare_trials(
            run.data, run.preprocessing, training["data_dir"], cache_dir=training["cache_dir"]
        )
    )
    trials = prepare(training["data_dir"] / "s2" / "run_raw.fif", model)
    np.testing.assert_array_equal(trials.X, trained.X[trained.subjects == "2"])
    assert trials.y is None


def test_the_window_is_relative_to_a_task_that_starts_after_the_event(
    with_recipe, training, tmp_path
):
    config = {**training["config"], "preprocessing": {"window": [0.25, None]}}
    layout = {**config["data"]["recordings"], "interval": [0.5, 1.5]}
    run = load_config({**config, "data": {"dataset": "Recordings", "recordings": layout}})
    trained = open_trials(
        prepare_trials(run.data, run.preprocessing, training["data_dir"], cache_dir=tmp_path)
    )
    changed = with_recipe({"interval": (0.5, 1.5)}, window=(0.25, None))
    trials = prepare(training["data_dir"] / "s2" / "run_raw.fif", changed)
    np.testing.assert_array_equal(trials.X, trained.X[trained.subjects == "2"])


def test_metadata_say_where_trials_come_from(model, second):
    metadata = prepare(second, model).metadata
    np.testing.assert_allclose(metadata["onset"], 1.0 + 3.0 * np.arange(16))
    assert list(metadata["event"]) == ["769", "770"] * 8
    assert set(metadata["subject"]) == {"new"}
    assert metadata["session"].nunique() == 1
    assert metadata["session"][0].startswith("second_raw.fif-")


@pytest.mark.parametrize("preload", [False, True])
def test_a_raw_gives_the_trials_of_its_file(model, second, preload):
    raw = mne.io.read_raw(second, preload=preload, verbose="error")
    equal_trials(prepare(raw, model), prepare(second, model))


def test_a_model_can_be_given_by_its_folder(folder, model, second):
    equal_trials(prepare(str(second), folder), prepare(second, model))


def test_a_raw_is_not_changed(model, raw):
    before = raw.copy()
    prepare(raw, model)
    np.testing.assert_array_equal(raw.get_data(), before.get_data())
    assert raw.annotations == before.annotations
    assert raw.info["highpass"] == before.info["highpass"]


def test_a_raw_of_arrays_is_prepared(model, raw, second):
    array = mne.io.RawArray(raw.get_data(), raw.info, verbose="error")
    array.set_annotations(raw.annotations)
    trials = prepare(array, model)
    np.testing.assert_array_equal(trials.X, prepare(second, model).X)
    assert trials.metadata["session"][0].startswith("raw-")


def test_the_layout_is_applied_to_a_raw_as_to_a_file(with_recipe, model, raw, second, tmp_path):
    """Names, channels to drop, unit, and triggers instead of annotations."""
    changing = with_recipe({"rename": {"XC3": "C3"}, "drop": ["EOG"], "unit_scale": 1e-6})
    eog = mne.io.RawArray(raw.get_data(["Cz"]), mne.create_info(["EOG"], 128, "eeg"), verbose=40)
    triggers = np.zeros((1, raw.n_times))
    events, _ = mne.events_from_annotations(raw, {"769": 769, "770": 770}, verbose="error")
    triggers[0, events[:, 0] - raw.first_samp] = events[:, 2]
    stim = mne.io.RawArray(triggers, mne.create_info(["STI"], 128, "stim"), verbose="error")
    changed = raw.copy().set_annotations(None).rename_channels({"C3": "XC3"})
    changed.apply_function(lambda x: 1e6 * x, picks="eeg")
    changed.add_channels([eog, stim], force_update_info=True)
    changed.save(tmp_path / "changed_raw.fif", fmt="double", verbose="error")
    from_file = prepare(tmp_path / "changed_raw.fif", changing)
    from_raw = prepare(mne.io.read_raw(tmp_path / "changed_raw.fif", verbose="error"), changing)
    equal_trials(from_raw, from_file)
    np.testing.assert_allclose(from_file.X, prepare(second, model).X, rtol=1e-3, atol=1e-3)


def test_cues_replace_the_events_of_training(model, raw, second):
    cued = raw.copy()
    cued.annotations.rename({"769": "cue", "770": "cue"})
    trials = prepare(cued, model, cues=["cue"])
    np.testing.assert_array_equal(trials.X, prepare(second, model).X)
    assert set(trials.metadata["event"]) == {"cue"}


def test_a_cue_of_training_keeps_its_class(model, second):
    trials = prepare(second, model, cues=["770"])
    assert set(trials.metadata["event"]) == {"770"}
    assert len(trials) == 8


def test_a_model_of_bids_data_takes_an_ordinary_file(with_recipe, model, second):
    of_bids = with_recipe({"format": "bids", "pattern": None})
    np.testing.assert_array_equal(prepare(second, of_bids).X, prepare(second, model).X)


def test_sessions_are_told_apart_by_content(model, first, second, tmp_path):
    other = tmp_path / first.name
    other.write_bytes(second.read_bytes())
    names = [prepare(path, model).domains[0] for path in (first, other, first)]
    assert names[0] == names[2] != names[1]
    assert str(tmp_path) not in names[1]


@pytest.mark.parametrize("sfreq", [125.0, 200.0, 250.0, 512.0])
def test_another_sampling_frequency_gives_the_samples_of_the_model(model, raw, sfreq):
    trials = prepare(raw.copy().resample(sfreq, verbose="error"), model)
    assert trials.X.shape == (16, 4, 257)
    assert trials.sfreq == 128
    plain = prepare(raw, model)
    middle = slice(32, -32)  # resampling assumes that a trial repeats, which shows at its ends
    similarity = np.corrcoef(trials.X[..., middle].ravel(), plain.X[..., middle].ravel())[0, 1]
    late = np.corrcoef(trials.X[..., middle].ravel(), plain.X[..., 30:-34].ravel())[0, 1]
    assert similarity > 0.85
    assert late < similarity - 0.1  # two samples later, for comparison


def test_a_recording_without_the_events_of_the_model_is_refused(model, raw):
    with pytest.raises(
        DataError, match=r"second_raw.fif has no trials, because .* beep: .*--cue .*cues="
    ):
        prepare(raw, model, cues=["beep"])


def test_a_missing_recording_is_reported(model, tmp_path):
    with pytest.raises(DataError, match=r"there is no recording .*none.fif"):
        prepare(tmp_path / "none.fif", model)


@pytest.mark.parametrize("kind", ["file", "raw", "epochs"])
def test_a_missing_channel_is_named(model, raw, cut, tmp_path, kind):
    raw.rename_channels({"C4": "XC4"})
    raw.save(tmp_path / "other_raw.fif", verbose="error")
    recording = {"file": tmp_path / "other_raw.fif", "raw": raw, "epochs": cut()}[kind]
    with pytest.raises(DataError, match=r"C4 \(not in the recording\): .* Did you mean 'XC4'"):
        prepare(recording, model)


@pytest.mark.parametrize("kind", ["raw", "epochs"])
def test_a_flat_channel_is_named(model, raw, cut, kind):
    raw.apply_function(lambda x: 0 * x, picks=["Cz"])
    recording = raw if kind == "raw" else cut()
    with pytest.raises(DataError, match=r"Cz \(flat\): no signal at 1 of the model's 4"):
        prepare(recording, model)


@pytest.mark.parametrize("kind", ["raw", "epochs"])
@pytest.mark.parametrize(
    ("factor", "advice"), [(1e6, "microvolt"), (1e-3, "1000"), (1e-6, r"1e\+06")]
)
def test_a_wrong_unit_is_reported_with_its_factor(model, raw, cut, kind, factor, advice):
    raw.apply_function(lambda x: factor * x)
    recording = raw if kind == "raw" else cut()
    with pytest.raises(DataError, match=rf"trained on [\d.]+ µV: the .* --unit-scale {advice} "):
        prepare(recording, model)


def test_a_sampling_frequency_too_low_for_the_filters_is_refused(model, raw):
    with pytest.raises(ConfigError, match=r"second_raw.fif: preprocessing.band has 32 Hz.*60 Hz"):
        prepare(raw.resample(60, verbose="error"), model)


def test_a_trial_with_a_missing_sample_is_left_out(model, raw):
    raw._data[1, 200] = np.nan
    assert len(prepare(raw, model)) == 15
    raw._data[1] = np.inf
    with pytest.raises(DataError, match=r"Cz \(samples are missing\): no signal"):
        prepare(raw, model)


@pytest.mark.parametrize("thing", [np.zeros((2, 3, 4)), None, 3])
def test_other_types_than_recordings_are_refused(model, thing):
    with pytest.raises(ConfigError, match=rf"mne.io.Raw or mne.Epochs; got {type(thing).__name__}"):
        prepare(thing, model)


def test_a_filtered_recording_causes_a_warning(model, raw):
    raw.filter(8, 32, picks="all", verbose="error")
    with pytest.warns(BCIDannWarning, match=r"contains 8 to 32 Hz, .*without a filter"):
        prepare(raw, model)


def test_no_warning_for_a_hardware_filter_wider_than_the_band(model, raw):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare(raw.filter(0.5, 45, picks="all", verbose="error"), model)


REST = {"rest_window": (-0.9, -0.1)}


def test_rest_windows_of_a_file_are_those_of_training(with_recipe, training, tmp_path):
    run = load_config({**training["config"], "preprocessing": REST})
    trained = open_trials(
        prepare_trials(run.data, run.preprocessing, training["data_dir"], cache_dir=tmp_path)
    )
    own = trained[trained.subjects == "2"]
    trials = prepare(training["data_dir"] / "s2" / "run_raw.fif", with_recipe(**REST))
    np.testing.assert_array_equal(trials.rest, own.rest)
    np.testing.assert_array_equal(trials.X, own.X)
    assert own.has_rest.all()


def test_rest_windows_count_from_the_task_also_where_it_starts_later(
    with_recipe, training, tmp_path
):
    steps = {"window": (0.25, None), "rest_window": (-1.4, -0.6)}
    layout = {**training["config"]["data"]["recordings"], "interval": [0.5, 1.5]}
    data = {"dataset": "Recordings", "recordings": layout}
    run = load_config({**training["config"], "data": data, "preprocessing": steps})
    trained = open_trials(
        prepare_trials(run.data, run.preprocessing, training["data_dir"], cache_dir=tmp_path)
    )
    changed = with_recipe({"interval": (0.5, 1.5)}, **steps)
    trials = prepare(training["data_dir"] / "s2" / "run_raw.fif", changed)
    np.testing.assert_array_equal(trials.rest, trained.rest[trained.subjects == "2"])


@pytest.mark.parametrize("kind", ["raw", "file"])
@pytest.mark.parametrize("cues", [{}, {"769": "left_hand", "770": "right_hand"}])
def test_rest_windows_do_not_overlap_tasks_of_other_classes(
    with_recipe, raw, second, tmp_path, kind, cues
):
    """As in training, where the windows are cut with the tasks of all classes."""
    events = {"769": "left_hand", "770": "right_hand", "771": "feet"}
    model = with_recipe({"events": events}, **REST)
    onsets = prepare(raw, model).metadata["onset"]
    raw.annotations.append(onsets[3] - 0.5, 0.0, "771")
    given = tmp_path / "new_raw.fif"
    raw.save(given, verbose="error")
    trials = prepare(given if kind == "file" else raw, model, cues=cues)
    assert len(trials) == len(onsets)
    assert np.flatnonzero(~trials.has_rest).tolist() == [3]


def test_rest_windows_have_the_channels_in_the_order_of_the_model(with_recipe, second):
    turned = with_recipe(channels=["C4", "C3"], **REST)
    plain = with_recipe(channels=["C3", "C4"], **REST)
    given, expected = prepare(second, turned).rest, prepare(second, plain).rest
    np.testing.assert_array_equal(given[:, ::-1], expected)
