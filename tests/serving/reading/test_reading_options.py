"""What a user says of a new recording: cues with classes, unit, names of channels."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann import serving
from bci_dann.exceptions import ConfigError, DataError
from bci_dann.serving import prepare
from bci_dann.serving.reading.reading_options import layout_for, reading_options


def test_a_unit_replaces_that_of_training(model, raw):
    expected = prepare(raw, model).X
    raw.apply_function(lambda x: x * 1e6)
    for unit in ("microvolt", 1e-6):
        np.testing.assert_allclose(prepare(raw, model, unit_scale=unit).X, expected, rtol=1e-5)
    with pytest.raises(ConfigError, match=r"unit_scale: .*Did you mean 'microvolt'"):
        prepare(raw, model, unit_scale="microvlt")


@pytest.mark.parametrize(
    ("unit", "said", "hint"),
    [
        (1.0, "microvolt", "volt"),  # a file that states its unit, and a user who says another
        (1e-6, None, "microvolt"),
        (1e-3, None, "millivolt"),
        (0.5, 0.5e-3, "0.5"),
    ],
)
def test_the_hint_for_a_wrong_unit_is_what_the_option_takes(model, raw, unit, said, hint):
    raw.apply_function(lambda x: x / unit)
    with pytest.raises(DataError, match=rf"the unit seems to differ.*--unit-scale {hint} \(or"):
        prepare(raw, model, unit_scale=said)
    assert np.isfinite(prepare(raw, model, unit_scale=hint).X).all()


@pytest.mark.parametrize("kind", ["raw", "epochs"])
def test_channels_are_renamed_for_one_recording(model, raw, cut, kind):
    expected = prepare(raw if kind == "raw" else cut(), model)
    raw.rename_channels({"C3": "Ch1"})
    recording = raw if kind == "raw" else cut()
    trials = prepare(recording, model, rename={"Ch1": "C3"})
    np.testing.assert_array_equal(trials.X, expected.X)
    assert trials.ch_names == expected.ch_names


def test_renaming_an_unknown_channel_is_refused(model, raw):
    with pytest.raises(ConfigError, match=r"--rename CH3=C3: .*no channel 'CH3'.*mean 'Ch3'"):
        prepare(raw.rename_channels({"C3": "Ch3"}), model, rename={"CH3": "C3"})


@pytest.mark.parametrize("kind", ["raw", "epochs"])
def test_electrodes_are_matched_in_any_spelling(model, raw, cut, kind):
    expected = prepare(raw if kind == "raw" else cut(), model)
    raw.rename_channels({"C3": "EEG C3-A2", "Cz": "CZ", "C4": "c4.."})
    trials = prepare(raw if kind == "raw" else cut(), model)
    np.testing.assert_array_equal(trials.X, expected.X)
    assert trials.ch_names == expected.ch_names


def test_a_model_that_was_saved_with_other_spellings_still_reads_its_files(with_recipe, raw):
    old = with_recipe(channels=["C3..", "Cz..", "C4..", "Pz.."])
    trials = prepare(raw, old)
    assert trials.ch_names == ["C3..", "Cz..", "C4..", "Pz.."]
    np.testing.assert_array_equal(trials.X, prepare(raw, with_recipe()).X)


def test_a_channel_marked_bad_is_not_used_silently(model, with_recipe, raw, cut):
    expected = prepare(raw, model).X
    raw.info["bads"] = ["Cz"]
    for recording in (raw, cut()):
        with pytest.raises(DataError, match=r"Cz \(marked bad in the recording\)"):
            prepare(recording, model)
    np.testing.assert_array_equal(prepare(raw, with_recipe(bads="use")).X, expected)


def test_cues_have_the_classes_that_the_user_gives(model, raw):
    raw.annotations.rename({"769": "A", "770": "B"})
    cues = {"A": "left_hand", "B": "right_hand"}
    table = serving.predict_recordings(model, raw, cues=cues)
    assert table["event"].tolist() == ["A", "B"] * 8
    assert table["class"].tolist() == ["left_hand", "right_hand"] * 8


def test_an_unknown_class_is_refused(model, raw):
    with pytest.raises(ConfigError, match=r"class of the cue '769'.*mean 'left_hand'"):
        prepare(raw, model, cues={"769": "left hand"})
    with pytest.raises(ConfigError, match="cues must be a list of events"):
        prepare(raw, model, cues="769")


def test_a_missing_event_is_reported_with_the_existing_ones(model, raw):
    counts = r"The events are 769 \(8 times\), 770 \(8 times\)"
    with pytest.raises(DataError, match=rf"'768' does not occur.*Did you mean '76.*{counts}"):
        prepare(raw, model, cues=["769", "768"])
    with pytest.raises(DataError, match=rf"no trials.*'beep' does not occur.*{counts}.*--cue"):
        prepare(raw, model, cues=["beep"])


def test_a_cue_in_one_of_several_recordings_is_enough(model, raw):
    other = raw.copy().apply_function(lambda x: 1.1 * x)
    other.annotations.rename({"770": "C"})
    table = serving.predict_recordings(model, [raw, other], cues=["769", "770", "C"])
    assert len(table) == 32
    with pytest.raises(DataError, match="'D' does not occur"):
        serving.predict_recordings(model, [raw, other], cues=["769", "D"])


BY_RUN = {
    "pattern": "S{subject}R{run}.edf",
    "events": {
        "T1": {"04": "left_hand", "06": "hands"},
        "T2": {"04": "right_hand", "06": "feet"},
    },
}


@pytest.fixture
def by_run(with_recipe):
    return with_recipe(BY_RUN).recipe


def test_events_have_the_meaning_of_the_run_that_the_path_names(by_run):
    layout = layout_for(by_run, reading_options(by_run), "/data/S007R04.edf")
    assert layout.events == {"T1": "left_hand", "T2": "right_hand"}


@pytest.mark.parametrize("path", ["/data/S007R06.edf", "/data/S007R99.edf", "Raw"])
def test_events_without_a_class_in_the_run_are_refused(by_run, path):
    with pytest.raises(
        ConfigError, match=r"meaning of the events T1, T2 depends on the run.*--cue T1=left_hand"
    ):
        layout_for(by_run, reading_options(by_run), path)
    layout = layout_for(by_run, reading_options(by_run, {"T1": "right_hand"}), path)
    assert layout.events == {"T1": "right_hand"}


def test_the_unit_of_training_files_by_pattern(with_recipe, raw, tmp_path):
    recipe = with_recipe({"unit_scale": {"*.edf": 1e-6}}).recipe
    assert layout_for(recipe, reading_options(recipe), "/x/a.edf").unit_scale == 1e-6
    assert layout_for(recipe, reading_options(recipe), "/x/a.fif").unit_scale == 1.0
    options = reading_options(recipe, unit_scale=2)
    assert layout_for(recipe, options, "/x/a.edf").unit_scale == 2


def test_epochs_take_the_same_options(model, raw, cut):
    expected = prepare(cut(), model)
    raw.annotations.rename({"769": "A", "770": "B"})
    epochs = cut().apply_function(lambda x: x * 1e3)
    table = serving.predict_recordings(
        model, epochs, cues={"A": "left_hand", "B": None}, unit_scale="millivolt"
    )
    assert set(table["class"]) == {"left_hand", ""}
    trials = prepare(epochs, model, unit_scale=1e-3)
    np.testing.assert_allclose(trials.X, expected.X, rtol=1e-5)
    assert isinstance(epochs, mne.BaseEpochs)
    assert epochs.ch_names == raw.ch_names
