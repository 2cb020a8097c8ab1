"""Epochs are brought to a model's channels, window and sampling frequency, or refused."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError
from bci_dann.serving import prepare


@pytest.fixture
def expected(model, raw):
    return prepare(raw, model)


def test_epochs_of_the_window_are_the_trials_of_the_raw(model, cut, expected):
    trials = prepare(cut(), model)
    np.testing.assert_array_equal(trials.X, expected.X)
    assert trials.y is None
    assert list(trials.metadata["event"]) == list(expected.metadata["event"])
    assert trials.metadata["onset"].isna().all()


def test_longer_epochs_are_cropped(model, cut, expected):
    np.testing.assert_array_equal(prepare(cut(-0.5, 2.6), model).X, expected.X)


def test_channels_are_picked_and_ordered_by_name(model, raw, cut, expected):
    extra = raw.copy().pick(["Cz"]).rename_channels({"Cz": "Fz"})
    raw.add_channels([extra]).reorder_channels(["Fz", "Pz", "C4", "Cz", "C3"])
    np.testing.assert_array_equal(prepare(cut(), model).X, expected.X)


def test_channels_are_renamed_as_in_training(with_recipe, model, raw, cut, expected):
    raw.rename_channels({"C3": "EEG 3"})
    renaming = with_recipe({"rename": {"EEG 3": "C3"}})
    np.testing.assert_array_equal(prepare(cut(), renaming).X, expected.X)


@pytest.mark.parametrize("sfreq", [200.0, 250.0])
@pytest.mark.parametrize("margin", [0.0, 0.7])
def test_another_sampling_frequency_is_resampled_as_of_a_raw(model, raw, cut, sfreq, margin):
    resampled = raw.copy().resample(sfreq, verbose="error")
    epochs = cut(0.0 - margin, 2.0 + margin, recording=resampled)
    trials = prepare(epochs, model)
    assert trials.sfreq == 128
    assert trials.X.shape == (16, 4, 257)
    if margin:  # a sample that both ends of the window lack at this frequency is there
        np.testing.assert_array_equal(trials.X, prepare(resampled, model).X)


def test_the_unit_of_the_training_files_is_assumed(with_recipe, cut, expected):
    scaled = cut().apply_function(lambda x: 1e6 * x)
    trials = prepare(scaled, with_recipe({"unit_scale": 1e-6}))
    np.testing.assert_allclose(trials.X, expected.X, rtol=1e-5)


def test_a_window_that_starts_after_the_event(with_recipe, cut, raw):
    later = with_recipe({"interval": (0.25, 2.25)})
    trials = prepare(cut(0.0, 2.5), later)
    np.testing.assert_array_equal(trials.X, prepare(raw, later).X)
    with pytest.raises(DataError, match=r"model needs 0.25 to 2.25 s"):
        prepare(cut(), later)


@pytest.mark.parametrize(("start", "stop"), [(0.25, 2.0), (0.0, 1.5), (-2.0, -1.0)])
def test_epochs_that_are_too_short_are_refused(model, cut, start, stop):
    message = rf"Epochs: the epochs last from {start:g} to .* model needs 0 to 2 s"
    with pytest.raises(DataError, match=message):
        prepare(cut(start, stop), model)


def test_epochs_with_a_missing_sample_are_refused(model, raw, cut):
    """At 512 Hz the window gives half a sample less than at 128 Hz, and nothing is spare."""
    resampled = raw.copy().resample(512, verbose="error")
    with pytest.raises(DataError, match=r"256 samples .* needs 257: cut them 0.00781 s longer"):
        prepare(cut(recording=resampled), model)
    assert prepare(cut(0, 2.01, recording=resampled), model).X.shape[2] == 257


@pytest.mark.parametrize("band", [None, (1, 40)])
def test_wider_epochs_are_filtered_and_short_ones_cause_a_warning(model, cut, expected, band):
    with pytest.warns(
        BCIDannWarning, match=r"filtered to the 8 to 32 Hz of the model. They extend only 0 s"
    ):
        short = prepare(cut(band=band), model)
    long = prepare(cut(-0.9, 2.9, band=band), model)  # nothing to warn of
    errors = [np.abs(trials.X - expected.X).mean() for trials in (short, long)]
    assert errors[1] < 0.2 * expected.X.std()
    assert errors[1] < errors[0]


def test_epochs_with_a_narrower_band_cause_a_warning(model, cut):
    with pytest.warns(BCIDannWarning, match=r"contain 10 to 20 Hz, .* on 8 to 32 Hz: a part"):
        prepare(cut(band=(10, 20)), model)


def test_another_reference_causes_a_warning(model, cut, raw, with_recipe):
    raw.set_eeg_reference("average", verbose="error")
    with pytest.warns(BCIDannWarning, match=r"re-referenced in MNE.*`reference: average`"):
        prepare(cut(), model)
    with pytest.warns(BCIDannWarning, match="re-referenced in MNE"):
        prepare(raw, model)
    prepare(raw, with_recipe(reference="average"))


@pytest.mark.parametrize("reference", ["average", ["Pz"], ["Cz", "Pz"]])
@pytest.mark.parametrize("before", [None, ["C3", "Pz"]])
def test_the_reference_of_training_is_applied(with_recipe, cut, raw, reference, before):
    model = with_recipe(channels=["C3", "Cz", "C4"], reference=reference)
    expected = prepare(raw, model)
    epochs = cut() if before is None else cut().set_eeg_reference(before, verbose="error")
    np.testing.assert_allclose(prepare(epochs, model).X, expected.X, rtol=1e-4, atol=1e-4)


def test_epochs_without_the_reference_channels_cause_a_warning(with_recipe, cut, raw):
    model = with_recipe(channels=["C3", "Cz", "C4"], reference=["Pz"])
    expected = prepare(raw, model)
    with pytest.warns(BCIDannWarning, match=r"re-referenced to \['Pz'\]. The epochs lack these"):
        prepare(cut().drop_channels(["Pz"]), model)
    epochs = cut().set_eeg_reference(["Pz"], verbose="error").drop_channels(["Pz"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trials = prepare(epochs, model)
    np.testing.assert_allclose(trials.X, expected.X, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("band", [None, (6.0, 45.0)])
@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("method", ["iir", "causal"])
def test_the_notch_of_training_is_applied(with_recipe, cut, raw, band, filtered, method):
    if filtered and method == "causal":
        pytest.skip("the epochs of these tests are filtered without a delay")
    steps = {"band": band, "filter_method": method, "reject_uv": None}
    raw._data += 1e-5 * np.sin(2 * np.pi * 30.0 * raw.times)
    expected = prepare(raw, with_recipe(notch=30.0, **steps)).X
    given = cut(-0.9, 2.9, band=band if filtered else None)
    errors = [
        (prepare(given, with_recipe(notch=notch, **steps)).X - expected).std() / expected.std()
        for notch in (30.0, None)
    ]
    assert errors[0] < 0.15
    assert errors[1] > 0.6


def test_a_file_of_epochs_is_read(model, cut, expected, tmp_path):
    cut(-0.9, 2.9).save(tmp_path / "new-epo.fif", verbose="error")
    trials = prepare(tmp_path / "new-epo.fif", model)
    np.testing.assert_allclose(trials.X, expected.X, atol=1e-4)
    (tmp_path / "bad-epo.fif").write_bytes(b"damage")
    with pytest.raises(DataError, match=r"bad-epo.fif cannot be read"):
        prepare(tmp_path / "bad-epo.fif", model)


def test_no_filter_warning_for_a_model_without_a_band(with_recipe, cut):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare(cut(band=None), with_recipe(band=None))


def test_cues_choose_events(model, cut, expected):
    right = prepare(cut(), model, cues=["770"])
    np.testing.assert_array_equal(right.X, expected.X[1::2])
    assert set(right.metadata["event"]) == {"770"}
    with pytest.raises(ConfigError, match=r"each cue must be one of '769', '770'; got '771'"):
        prepare(cut(), model, cues=["771"])


def test_events_of_other_names_are_trials_too(model, cut, expected):
    epochs = cut()
    epochs.event_id = {"a": 1, "b": 2}
    trials = prepare(epochs, model)
    np.testing.assert_array_equal(trials.X, expected.X)
    assert set(trials.metadata["event"]) == {"a", "b"}


def test_sessions_come_from_metadata_or_from_the_samples(model, cut):
    epochs = cut()
    assert prepare(epochs, model).domains[0] == prepare(epochs.copy(), model).domains[0]
    assert prepare(epochs[:8], model).domains[0] != prepare(epochs[8:], model).domains[0]
    epochs.metadata = pd.DataFrame({"session": ["a"] * 6 + ["b"] * 10})
    assert list(prepare(epochs, model).domains) == ["new/a"] * 6 + ["new/b"] * 10


def test_amplitudes_are_rejected_as_in_training(with_recipe, cut, raw):
    spread = np.ptp(cut().get_data(units="uV"), axis=2).max(axis=1)
    limit = float(np.median(spread))
    rejecting = with_recipe(reject_uv=limit)
    trials = prepare(cut(), rejecting)
    assert len(trials) == (spread <= limit).sum() == 8
    np.testing.assert_array_equal(trials.X, prepare(raw, rejecting).X)
    with pytest.raises(DataError, match=r"all 16 cues were left out .*16: .* above reject_uv"):
        prepare(cut(), with_recipe(reject_uv=1.0))


def test_epochs_are_not_changed(with_recipe, cut):
    epochs = cut(-0.5, 2.5, preload=False)
    before = epochs.copy().load_data()
    prepare(epochs, with_recipe({"rename": {"Cz": "CZ"}}, channels=["Pz", "CZ", "C3", "C4"]))
    np.testing.assert_array_equal(epochs.get_data(), before.get_data())
    assert epochs.ch_names == before.ch_names
    assert not epochs.preload


def test_epochs_that_were_all_dropped_are_refused(model, cut):
    with pytest.raises(DataError, match="there are no epochs"):
        prepare(cut()[:0], model)
