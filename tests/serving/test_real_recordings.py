"""Recordings of an amplifier: EDF files that hold microvolt, old channel names, other events."""

from __future__ import annotations

from types import SimpleNamespace

import mne
import numpy as np
import pytest

from bci_dann.evaluation import load_config
from bci_dann.serving import ModelRecipe, ServedModel, prepare
from bci_dann.serving.reading.reading_options import reading_options
from bci_dann.serving.reading.recording_trials import prepare_with_cues

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def path(shared_data):
    return shared_data / "mi-openbci" / "edf03" / "002" / "eeg.edf"


@pytest.fixture(scope="module")
def model(project, path):
    """A recipe as `fit` writes it for these recordings, without the training."""
    run = load_config(project / "configs" / "mi_openbci.yaml")
    layout = run.data.recordings
    names = mne.io.read_raw(path, verbose="error").ch_names
    channels = [layout.rename.get(name, name) for name in names if name not in layout.drop]
    recipe = ModelRecipe(
        pipeline="none",
        seed=0,
        classes=sorted(layout.classes),
        sfreq=125.0,
        data=run.data,
        preprocessing=run.preprocessing.model_copy(update={"channels": channels}),
        layout=layout,
    )
    return ServedModel(SimpleNamespace(n_times_=439), recipe)


@pytest.fixture(scope="module")
def from_file(path, model):
    return prepare(path, model)


def test_the_file_is_eeg_in_microvolt_under_present_names(from_file, model):
    assert from_file.X.shape[1:] == (15, 439)
    assert 1 < from_file.X.std() < 100
    assert {"T7", "P8"} <= set(from_file.ch_names)
    assert set(from_file.metadata["event"]) == {"OVTK_GDF_Right", "OVTK_GDF_Tongue"}


def test_a_raw_gives_the_trials_of_its_file(path, model, from_file):
    trials = prepare(mne.io.read_raw(path, preload=True, verbose="error"), model)
    np.testing.assert_array_equal(trials.X, from_file.X)
    assert trials.metadata.equals(from_file.metadata)


def test_epochs_that_a_lab_has_cut_are_those_trials(path, model, from_file):
    """Filtered in the unit and under the names of the file, cut from the event on, unsorted."""
    raw = mne.io.read_raw(path, preload=True, verbose="error")
    steps = model.recipe.preprocessing
    raw.notch_filter(steps.notch, verbose="error")
    raw.filter(*steps.band, method="iir", verbose="error")
    events, names = mne.events_from_annotations(raw, verbose="error")
    wanted = {name: code for name, code in names.items() if name in model.recipe.layout.events}
    epochs = mne.Epochs(raw, events, wanted, -1.0, 5.0, baseline=None, verbose="error")
    trials = prepare(epochs, model)
    np.testing.assert_allclose(trials.X, from_file.X, rtol=1e-4, atol=1e-4)
    assert list(trials.metadata["event"]) == list(from_file.metadata["event"])


def test_another_headset_passes_with_a_plain_statement(shared_data, model):
    """PhysionetMI: 64 electrodes at 160 Hz, with dots behind their names, in volt."""
    (path,) = shared_data.glob("eegmmidb-s001/**/S001R04.edf")
    options = reading_options(model.recipe, {"T1": None, "T2": "right_hand"}, "volt")
    (prepared,) = prepare_with_cues([path], model, options)
    trials = prepared.require_trials()
    assert trials.X.shape == (15, 15, 439)
    assert trials.ch_names == model.recipe.preprocessing.channels
    assert "The model uses 15 of the 64 EEG channels" in prepared.differences
    assert "Recorded at 160 Hz; the trials are resampled to the 125 Hz of the model" in (
        prepared.differences
    )


def test_an_electrode_of_another_headset_is_near_what_was_recorded(shared_data, model):
    (path,) = shared_data.glob("eegmmidb-s001/**/S001R04.edf")
    options = {"cues": ["T1", "T2"], "unit_scale": "volt"}
    recorded = prepare(path, model, **options)
    estimated = prepare(path, model, bads=["C3"], **options)
    index = recorded.ch_names.index("C3")
    pair = (recorded.X[:, index].ravel(), estimated.X[:, index].ravel())
    assert np.corrcoef(*pair)[0, 1] > 0.95
