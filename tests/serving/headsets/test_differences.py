"""What differs between a recording and those of training is said in plain sentences."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.exceptions import BCIDannWarning, ConfigError
from bci_dann.serving import prepare
from bci_dann.serving.reading.reading_options import reading_options
from bci_dann.serving.reading.recording_trials import prepare_with_cues


def description_of(raw, model, **options):
    prepared = prepare_with_cues([raw], model, reading_options(model.recipe, **options))
    return prepared[0].differences


@pytest.fixture
def alike(raw, served):
    """The same recording with the channels of the model alone."""
    return raw.copy().pick(served().recipe.preprocessing.channels)


def test_a_recording_like_those_of_training_needs_no_description(alike, served):
    assert description_of(alike, served()) == ""


def test_other_channels_rate_and_reference_are_description_of(raw, served):
    raw.drop_channels(["Cz"]).resample(150, verbose="error")
    text = description_of(raw, served())
    assert "The model uses 9 of the 15 EEG channels" in text
    assert "splines from 15 electrodes at standard positions: Cz (not in the recording)." in text
    assert "Recorded at 150 Hz; the trials are resampled to the 100 Hz of the model." in text
    assert "The reference of the recording is kept" in text


def test_only_electrodes_with_a_position_are_counted_as_interpolated_from(raw, served):
    raw.drop_channels(["Cz"]).rename_channels({"FC3": "X1", "FC4": "X2"})
    assert "splines from 13 electrodes at standard" in description_of(raw, served())


def test_a_model_that_resamples_and_re_references_needs_no_description(alike, served):
    model = served(resample=100.0, reference="average")
    assert description_of(alike.resample(150, verbose="error"), model) == ""


@pytest.mark.parametrize("kind", ["raw", "epochs"])
def test_a_recording_is_referenced_to_the_electrodes_that_are_named(raw, served, cut, kind):
    model = served()
    with pytest.warns(BCIDannWarning, match="re-referenced in MNE"):
        expected = prepare(raw.copy().set_eeg_reference(["FC3"], verbose="error"), model)
    given = raw if kind == "raw" else cut(raw)
    trials = prepare(given, model, reference=["EEG FC3"])
    np.testing.assert_allclose(trials.X, expected.X, rtol=1e-3, atol=1e-3)
    assert "Re-referenced to EEG FC3." in description_of(given, model, reference=["EEG FC3"])


@pytest.mark.parametrize("as_file", [False, True])
@pytest.mark.parametrize(
    ("process", "message"),
    [
        (lambda raw: raw.filter(1, 20, verbose="error"), "contains 1 to 20 Hz.*8 to 30 Hz"),
        (lambda raw: raw.set_eeg_reference(verbose="error"), "re-referenced in MNE"),
    ],
)
def test_a_processed_recording_is_warned_of_in_memory_and_in_a_file(
    alike, served, tmp_path, process, message, as_file
):
    recording = process(alike)
    if as_file:
        recording.save(tmp_path / "new_raw.fif", verbose="error")
        recording = tmp_path / "new_raw.fif"
    with pytest.warns(BCIDannWarning, match=message):
        prepare(recording, served())


def test_interpolation_does_not_depend_on_the_recorded_reference(raw, served):
    """Splines of the re-referenced channels are the re-referenced splines."""
    raw.drop_channels(["C3"])
    first = prepare(raw, served(reference=["FC3"]))
    raw._data += 1e-5 * np.random.default_rng(1).standard_normal(raw.n_times)
    second = prepare(raw, served(reference=["FC3"]))
    np.testing.assert_allclose(first.X, second.X, rtol=1e-3, atol=1e-3)


def test_a_reference_is_refused_if_the_model_re_references_itself(raw, served):
    with pytest.raises(ConfigError, match="re-references every recording itself"):
        prepare(raw, served(reference="average"), reference=["FC3"])
    with pytest.raises(ConfigError, match="reference must be a list"):
        prepare(raw, served(), reference="FC3")
