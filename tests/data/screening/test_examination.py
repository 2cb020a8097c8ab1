"""Examination of recordings: what is measured is what was recorded, and problems do not stop it."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann.data import DataConfig, Preprocessing, SimulatedMI, examine_recordings, load_dataset
from bci_dann.data.screening.examination import AMPLITUDE_BAND, _spectra
from bci_dann.exceptions import DataError

PARAMS = {"n_subjects": 2, "n_trials": 5}


@pytest.fixture(scope="module")
def examination():
    return examine_recordings(DataConfig(dataset="SimulatedMI", params=PARAMS))


def test_each_recording_is_described(examination):
    raws = [SimulatedMI(**PARAMS).get_data([s])[s]["0"]["0"] for s in (1, 2)]
    assert [one.place["subject"] for one in examination.recordings] == ["1", "2"]
    for one, raw in zip(examination.recordings, raws, strict=True):
        assert one.sfreq == raw.info["sfreq"]
        assert one.duration_s == raw.n_times / one.sfreq
        assert list(one.amplitude_uv.index) == [name for name in raw.ch_names if name != "stim"]
        assert one.cues["onset"].tolist() == pytest.approx(raw.annotations.onset.tolist())
        assert one.name == f"{one.place['subject']}/0/0"


def test_amplitudes_are_those_of_the_band(examination):
    raw = SimulatedMI(**PARAMS).get_data([1])[1]["0"]["0"].load_data()
    raw.filter(*AMPLITUDE_BAND, picks="eeg", verbose="error")
    expected = raw.get_data("eeg").std(axis=1) * 1e6
    measured = examination.recordings[0].amplitude_uv.to_numpy()
    np.testing.assert_allclose(measured, expected, rtol=0.2)  # blinks count less in a median


def test_the_spectrum_goes_up_to_above_the_mains(examination):
    spectrum = examination.recordings[0].spectrum
    assert spectrum.index[0] == 1.0
    assert spectrum.index[-1] >= 60
    assert spectrum.loc[10.0] > spectrum.loc[40.0] > 0


def test_a_step_that_fits_no_recording_is_a_problem_of_each(examination):
    config = DataConfig(dataset="SimulatedMI", params=PARAMS)
    found = examine_recordings(config, Preprocessing(channels=["C3", "Xz"]))
    assert len(found.problems) == 2
    assert all("'Xz'" in problem for problem in found.problems)
    assert found.account.empty


def test_nothing_usable_is_a_problem(examination):
    config = DataConfig(dataset="SimulatedMI", params=PARAMS)
    found = examine_recordings(config, Preprocessing(reject_uv=1e-3))
    assert [problem.endswith("has no usable trials.") for problem in found.problems] == [True] * 2
    assert (found.account["amplitude"] == found.account["found"]).all()


def test_a_subject_that_cannot_be_used_is_a_problem_as_in_preparation(tmp_path):
    """Each recording alone can be read, but `run` refuses a subject without one of the classes."""
    labels = {"1": ["left", "right"], "2": ["left", "other"]}
    for seed, (subject, names) in enumerate(labels.items()):
        noise = np.random.default_rng(seed).normal(0, 1e-5, (3, 4000))
        info = mne.create_info(["C3", "Cz", "C4"], 100.0, "eeg")
        raw = mne.io.RawArray(noise, info, verbose="error")
        raw.set_annotations(mne.Annotations(np.arange(2.0, 34.0, 4.0), 0.0, names * 4))
        raw.save(tmp_path / f"s{subject}_raw.fif", verbose="error")
    events = {"left": "left_hand", "right": "right_hand"}
    layout = {"pattern": "s{subject}_raw.fif", "events": events, "interval": (0, 3)}
    config = DataConfig(dataset="Recordings", recordings=layout)
    found = examine_recordings(config, data_dir=tmp_path)
    assert found.account["used"].sum() == 12
    with pytest.raises(DataError) as refused:
        load_dataset(config, data_dir=tmp_path)
    assert found.problems == [str(refused.value)]
    assert "subject 2 has no trials of the class 'right_hand'" in found.problems[0]


def test_a_channel_without_samples_has_no_spectrum_and_harms_no_other(examination):
    raw = SimulatedMI(**PARAMS).get_data([1])[1]["0"]["0"].load_data()
    raw._data[0] = np.nan
    spectra = _spectra(raw, 1e6)
    assert spectra.iloc[:, 0].isna().all()
    assert spectra.iloc[:, 1:].notna().all(axis=None)
    assert spectra.median(axis=1).loc[10.0] == pytest.approx(
        examination.recordings[0].spectrum.loc[10.0], rel=0.5
    )
