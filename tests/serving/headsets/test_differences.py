"""What differs between a recording and those of training is said in plain sentences."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.exceptions import BCIDannWarning, ConfigError
from bci_dann.serving import prepare
from bci_dann.serving.reading.reading_options import reading_options
from bci_dann.serving.reading.recording_trials import prepare_with_cues


def said(raw, model, **options):
    prepared = prepare_with_cues([raw], model, reading_options(model.recipe, **options))
    return prepared[0].differences


@pytest.fixture
def alike(raw, served):
    """The same recording with the channels of the model alone."""
    return raw.copy().pick(served().recipe.preprocessing.channels)


def test_nothing_is_said_of_a_recording_that_is_alike(alike, served):
    assert said(alike, served()) == ""


def test_other_channels_rate_and_reference_are_said(raw, served):
    raw.drop_channels(["Cz"]).resample(150, verbose="error")
    text = said(raw, served())
    assert "9 of its 15 EEG channels are those of the model" in text
    assert "splines of 15 electrodes at standard positions: Cz (not in the recording)." in text
    assert "Sampled at 150 Hz; its trials are resampled to the model's 100 Hz." in text
    assert "Its own reference is kept" in text


def test_a_model_with_its_own_rate_and_reference_takes_any(alike, served):
    model = served(resample=100.0, reference="average")
    assert said(alike.resample(150, verbose="error"), model) == ""


@pytest.mark.parametrize("kind", ["raw", "epochs"])
def test_a_recording_is_referenced_to_the_electrodes_that_are_named(raw, served, cut, kind):
    model = served()
    with pytest.warns(BCIDannWarning, match="re-referenced in MNE"):
        expected = prepare(raw.copy().set_eeg_reference(["FC3"], verbose="error"), model)
    given = raw if kind == "raw" else cut(raw)
    trials = prepare(given, model, reference=["EEG FC3"])
    np.testing.assert_allclose(trials.X, expected.X, rtol=1e-3, atol=1e-3)
    assert "Re-referenced to EEG FC3." in said(given, model, reference=["EEG FC3"])


def test_the_reference_does_not_matter_to_what_is_interpolated(raw, served):
    """Splines of the re-referenced channels are the re-referenced splines."""
    raw.drop_channels(["C3"])
    first = prepare(raw, served(reference=["FC3"]))
    raw._data += 1e-5 * np.random.default_rng(1).standard_normal(raw.n_times)
    second = prepare(raw, served(reference=["FC3"]))
    np.testing.assert_allclose(first.X, second.X, rtol=1e-3, atol=1e-3)


def test_a_model_with_a_reference_of_its_own_wants_no_other(raw, served):
    with pytest.raises(ConfigError, match="re-references every recording itself"):
        prepare(raw, served(reference="average"), reference=["FC3"])
    with pytest.raises(ConfigError, match="reference is a list"):
        prepare(raw, served(), reference="FC3")
