"""The steps, against MOABB's own paradigms and against what each step is for."""

import os

import mne
import numpy as np
import pytest
from moabb.datasets.fake import FakeDataset
from moabb.paradigms import LeftRightImagery, MotorImagery

from bci_dann._config import validate
from bci_dann.data import Preprocessing, load_dataset
from bci_dann.data.segmentation import cut_trials
from bci_dann.exceptions import ConfigError, DataError

# MOABB's fake and PhysioNet datasets still use the names of montages that MNE 1.14 renames
pytestmark = pytest.mark.filterwarnings("ignore:Montage name:FutureWarning")


def fake(**changes):
    options = {"n_subjects": 2, "n_sessions": 1, "n_runs": 2, "seed": 5, "duration": 60}
    return FakeDataset(["left_hand", "right_hand"], n_events=12, **{**options, **changes})


def first_run(dataset):
    return dataset.get_data([1])[1]["0"]["0"]


@pytest.mark.parametrize("events", [{"stim": True}, {"stim": False, "annotations": True}])
def test_default_trials_are_those_of_moabb(events):
    dataset = fake(**events)
    X, y, metadata = LeftRightImagery(fmin=8, fmax=32).get_data(dataset)
    trials = load_dataset(dataset)
    np.testing.assert_array_equal(trials.X, X.astype(np.float32))
    np.testing.assert_array_equal(trials.y, y)
    for column in ("subject", "session", "run"):
        np.testing.assert_array_equal(trials.metadata[column], metadata[column].astype(str))


def test_window_channels_and_resampling_are_those_of_moabb():
    dataset = fake()
    paradigm = MotorImagery(
        n_classes=2,
        events=["left_hand", "right_hand"],
        fmin=4,
        fmax=38,
        tmin=0.5,
        tmax=2.5,
        channels=["C4", "C3"],
        resample=100,
    )
    X, _, _ = paradigm.get_data(dataset)
    steps = {"band": (4, 38), "window": (0.5, 2.5), "channels": ["C4", "C3"], "resample": 100}
    trials = load_dataset(dataset, preprocessing=steps)
    assert trials.ch_names == ["C4", "C3"]
    assert trials.sfreq == 100
    np.testing.assert_allclose(trials.X, X, rtol=1e-5, atol=1e-5)


@pytest.mark.real_data
def test_real_trials_are_those_of_moabb(shared_data, monkeypatch):
    from moabb.datasets import PhysionetMI

    monkeypatch.setitem(os.environ, "MNE_DATASETS_EEGBCI_PATH", str(shared_data / "eegmmidb-s001"))
    monkeypatch.setitem(os.environ, "MOABB_DOWNLOAD_PROVIDER", "upstream")
    dataset = PhysionetMI()
    X, y, metadata = LeftRightImagery(fmin=8, fmax=30).get_data(dataset, subjects=[1])
    trials = load_dataset(
        dataset,
        subjects=[1],
        classes=["left_hand", "right_hand"],
        preprocessing={"band": (8, 30)},
    )
    assert trials.X.shape == (45, 64, 481)
    np.testing.assert_array_equal(trials.X, X.astype(np.float32))
    np.testing.assert_array_equal(trials.y, y)
    np.testing.assert_array_equal(trials.metadata["run"], metadata["run"])


def test_the_callers_raw_is_left_as_it_is():
    dataset = fake()
    raw = first_run(dataset)
    before, names = raw.get_data().copy(), list(raw.ch_names)
    steps = Preprocessing(reference="average", notch=50.0, resample=64.0, channels=["C4", "C3"])
    cut_trials(raw, dataset, ["left_hand", "right_hand"], steps)
    np.testing.assert_array_equal(raw.get_data(), before)
    assert raw.ch_names == names


def epochs_of(raw, dataset, **steps):
    return cut_trials(raw, dataset, ["left_hand", "right_hand"], Preprocessing(**steps))


def test_average_reference_sums_to_zero_over_the_kept_channels():
    dataset = fake()
    epochs = epochs_of(first_run(dataset), dataset, reference="average", band=None)
    np.testing.assert_allclose(epochs.get_data().sum(axis=1), 0, atol=1e-18)


def test_reference_channels_need_not_be_kept():
    dataset = fake()
    raw = first_run(dataset)
    plain = epochs_of(raw, dataset, band=None).get_data()
    epochs = epochs_of(raw, dataset, band=None, channels=["C3", "C4"], reference=["Cz"])
    assert epochs.ch_names == ["C3", "C4"]
    np.testing.assert_allclose(epochs.get_data(), plain[:, [0, 2]] - plain[:, [1]], atol=1e-18)


def test_notch_removes_the_line_and_little_else():
    dataset = fake()
    raw = first_run(dataset)
    times = raw.times
    raw._data[:3] += 1e-4 * np.sin(2 * np.pi * 50 * times)
    before = epochs_of(raw, dataset, band=None).get_data()
    after = epochs_of(raw, dataset, band=None, notch=50.0).get_data()
    assert line_amplitude(before) > 9e-5
    assert line_amplitude(after) < 1e-5
    assert after.std() > 1.5e-5


def line_amplitude(X):
    times = np.arange(X.shape[2]) / 128.0
    return np.abs(2 * (X * np.exp(-2j * np.pi * 50 * times)).mean(axis=2)).mean()


@pytest.mark.parametrize("method", ["iir", "fir"])
def test_band_keeps_what_is_inside(method):
    dataset = fake()
    epochs = epochs_of(first_run(dataset), dataset, band=(8, 16), filter_method=method)
    spectrum = np.abs(np.fft.rfft(epochs.get_data(), axis=2)).mean(axis=(0, 1))
    frequencies = np.fft.rfftfreq(epochs.get_data().shape[2], 1 / 128)
    inside, outside = (frequencies > 10) & (frequencies < 14), frequencies > 30
    assert spectrum[inside].mean() > 10 * spectrum[outside].mean()


def test_rejection_drops_only_large_trials():
    dataset = fake()
    raw = first_run(dataset)
    clean = epochs_of(raw, dataset, band=None)
    onset = raw.annotations.onset[3]
    sample = raw.time_as_index(onset + 1)[0]
    raw._data[0, sample] += 1e-3
    assert len(epochs_of(raw, dataset, band=None, reject_uv=500.0)) == len(clean) - 1


def test_trials_in_bad_segments_are_dropped():
    dataset = fake()
    raw = first_run(dataset)
    clean = epochs_of(raw, dataset)
    raw.annotations.append(raw.annotations.onset[2] + 0.5, 0.2, "BAD_muscle")
    assert len(epochs_of(raw, dataset)) == len(clean) - 1


def test_a_run_without_the_classes_gives_none():
    dataset = fake()
    assert cut_trials(first_run(dataset), dataset, ["feet"], Preprocessing()) is None


def test_a_missing_channel_is_named_with_a_suggestion():
    dataset = fake()
    with pytest.raises(DataError, match=r"C33.*Did you mean 'C3'"):
        epochs_of(first_run(dataset), dataset, channels=["C33"])


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ({"band": (8.0, 64.0)}, "band has 64 Hz.*sampled at 128 Hz"),
        ({"notch": 100.0}, "notch has 100 Hz"),
        ({"window": (3.5, None)}, "starts at 3.5 s.*lasts 3 s"),
    ],
)
def test_steps_that_do_not_fit_the_recording(steps, message):
    dataset = fake()
    with pytest.raises(ConfigError, match=message):
        epochs_of(first_run(dataset), dataset, **steps)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ({"band": (30, 8)}, "low < high"),
        ({"band": (-1, 8)}, "band.0.*greater than 0"),
        ({"window": (2, 1)}, "start < end"),
        ({"resample": 0}, "resample.*greater than 0"),
        ({"resample": 40, "band": (8, 30)}, "up to 30 Hz.*half of resample, 20 Hz"),
        ({"reject_uv": -5}, "reject_uv.*greater than 0"),
        ({"channels": []}, "channels.*must not be empty"),
        ({"channels": ["C3", "C3"]}, "once only"),
        ({"filter_method": "butter"}, "filter_method.*'butter'"),
        ({"bandd": (8, 30)}, "unknown key 'bandd'. Did you mean 'band'"),
    ],
)
def test_wrong_options_are_explained(steps, message):
    with pytest.raises(ConfigError, match=message):
        validate(Preprocessing, steps, "preprocessing")


def test_steps_cannot_be_changed_afterwards():
    with pytest.raises(ValueError, match="frozen"):
        Preprocessing().band = (1.0, 2.0)


def test_nothing_is_written_to_the_users_mne_configuration():
    before = mne.get_config()
    load_dataset("SimulatedMI", n_subjects=1, n_trials=2)
    assert mne.get_config() == before


@pytest.mark.parametrize("sfreq", [100.0, 128.0, 160.0, 200.0, 250.0, 256.0, 500.0, 512.0, 1000.0])
@pytest.mark.parametrize("target", [125.0, 128.0])
def test_trials_of_any_rate_have_as_many_samples(sfreq, target):
    """Both ends of a window are included, and what that is depends on the rate before."""
    dataset = fake()
    whole = first_run(dataset)
    raw = whole.copy().resample(sfreq, verbose="error")
    steps = Preprocessing(band=(4, 15), window=(0.5, 2.0), resample=target)
    n_times = round(2.0 * target) - round(0.5 * target) + 1
    both = [
        cut_trials(one, dataset, ["left_hand", "right_hand"], steps, n_times)
        for one in (whole, raw)
    ]
    assert [epochs.get_data().shape[2] for epochs in both] == [n_times, n_times]
    assert len(both[0]) == len(both[1])
    inside = np.s_[..., 20:-20]
    likeness = np.corrcoef(*(epochs.get_data()[inside].ravel() for epochs in both))[0, 1]
    assert likeness > 0.9
