"""Cutting recordings into trials: each step against what it is for."""

from __future__ import annotations

from dataclasses import dataclass

import mne
import numpy as np
import pytest

from bci_dann.data import Preprocessing
from bci_dann.data.screening.interruptions import INTERRUPTION
from bci_dann.data.segmentation import check_recording, cut_trials, same_sfreq
from bci_dann.exceptions import ConfigError, DataError

SFREQ, SECONDS = 128.0, 60
CLASSES = ["left_hand", "right_hand"]
ONSETS = np.arange(4.0, 52.0, 4.0)


@dataclass(frozen=True)
class Task:
    """What cutting needs of a dataset; trials of 3 s."""

    interval: tuple[float, float] = (0.0, 3.0)
    unit_factor: float = 1e6
    code: str = "Toy"


def make_raw(names=("C3", "Cz", "C4"), sfreq=SFREQ, seed=0):
    """Draw noise of 20 µV with alternating classes every four seconds."""
    rng = np.random.default_rng(seed)
    signals = 20e-6 * rng.standard_normal((len(names), int(sfreq * SECONDS)))
    raw = mne.io.RawArray(signals, mne.create_info(list(names), sfreq, "eeg"), verbose="error")
    labels = [CLASSES[i % 2] for i in range(len(ONSETS))]
    return raw.set_annotations(mne.Annotations(ONSETS, 3.0, labels))


def cut(raw, task=Task(), classes=CLASSES, n_times=None, **steps):
    return cut_trials(raw, task, classes, Preprocessing(**steps), n_times).epochs


def reasons(raw, screen=True, **steps):
    """Return why each cue gives no trial."""
    cues = cut_trials(raw, Task(), CLASSES, Preprocessing(**steps), screen=screen).cues
    assert cues["sample"].tolist() == (ONSETS[: len(cues)] * SFREQ).tolist()
    return cues["left_out"].tolist()


def test_trials_are_the_samples_of_the_window():
    raw = make_raw()
    epochs = cut(raw, band=None)
    start = int(ONSETS[1] * SFREQ)
    np.testing.assert_allclose(
        epochs.get_data()[1], raw.get_data(start=start, stop=start + 385), rtol=1e-12
    )
    assert epochs.event_id == {"left_hand": 1, "right_hand": 2}
    assert epochs.events[:, 2].tolist() == [1, 2] * 6


def test_annotations_start_with_the_task_and_the_window_with_it():
    raw = make_raw()
    late = cut(raw, Task(interval=(2.0, 5.0)), band=None)
    np.testing.assert_array_equal(late.get_data(), cut(raw, band=None).get_data())
    inner = cut(raw, Task(interval=(2.0, 5.0)), band=None, window=(0.5, 2.0))
    np.testing.assert_array_equal(inner.get_data(), late.get_data()[:, :, 64:257])


def test_classes_are_coded_in_the_order_asked_for():
    epochs = cut(make_raw(), classes=["right_hand", "left_hand"])
    assert epochs.event_id == {"right_hand": 1, "left_hand": 2}
    assert len(cut(make_raw(), classes=["right_hand", "feet"])) == 6


def test_the_callers_raw_is_left_as_it_is():
    raw = make_raw()
    before, names = raw.get_data().copy(), list(raw.ch_names)
    cut(raw, reference="average", notch=50.0, resample=64.0, channels=["C4", "C3"])
    np.testing.assert_array_equal(raw.get_data(), before)
    assert raw.ch_names == names


def test_channels_come_in_the_order_asked_for_and_bad_ones_are_left_out():
    raw = make_raw()
    assert cut(raw, channels=["C4", "C3"]).ch_names == ["C4", "C3"]
    raw.info["bads"] = ["Cz"]
    assert cut(raw).ch_names == ["C3", "C4"]


def test_average_reference_sums_to_zero_over_the_selected_channels():
    epochs = cut(make_raw(), reference="average", band=None)
    np.testing.assert_allclose(epochs.get_data().sum(axis=1), 0, atol=1e-18)


def test_reference_channels_need_not_be_selected():
    raw = make_raw()
    plain = cut(raw, band=None).get_data()
    epochs = cut(raw, band=None, channels=["C3", "C4"], reference=["Cz"])
    assert epochs.ch_names == ["C3", "C4"]
    np.testing.assert_allclose(epochs.get_data(), plain[:, [0, 2]] - plain[:, [1]], atol=1e-18)


def line_amplitude(X):
    times = np.arange(X.shape[2]) / SFREQ
    return np.abs(2 * (X * np.exp(-2j * np.pi * 50 * times)).mean(axis=2)).mean()


def test_notch_removes_the_line_and_little_else():
    raw = make_raw()
    raw._data += 1e-4 * np.sin(2 * np.pi * 50 * raw.times)
    before, after = (cut(raw, band=None, notch=f).get_data() for f in (None, 50.0))
    assert line_amplitude(before) > 9e-5
    assert line_amplitude(after) < 1e-5
    assert after.std() > 1.5e-5


@pytest.mark.parametrize("method", ["iir", "fir", "causal"])
def test_band_keeps_what_is_inside(method):
    signals = cut(make_raw(), band=(8, 16), filter_method=method).get_data()
    spectrum = np.abs(np.fft.rfft(signals, axis=2)).mean(axis=(0, 1))
    frequencies = np.fft.rfftfreq(signals.shape[2], 1 / SFREQ)
    inside, outside = (frequencies > 10) & (frequencies < 14), frequencies > 30
    assert spectrum[inside].mean() > 10 * spectrum[outside].mean()


USED = [""] * len(ONSETS)


def test_every_cue_gets_a_trial_or_a_reason():
    assert reasons(make_raw()) == USED
    raw = make_raw().crop(0, ONSETS[-1] + 1)
    raw.annotations.append(ONSETS[2] + 0.5, 0.2, "BAD_muscle")
    raw.annotations.append(ONSETS[5] + 1, 0.0, INTERRUPTION)
    raw._data[0, int((ONSETS[3] + 1) * SFREQ)] += 1e-3
    expected = ["", "", "marked_bad", "amplitude", "", "boundary", *[""] * 5, "outside"]
    assert reasons(raw, band=None, reject_uv=500.0) == expected


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("method", ["iir", "fir", "causal"])
def test_missing_samples_cost_the_trials_that_they_touch(value, method):
    raw, whole = make_raw(), make_raw()
    raw._data[1, 60:200] = value  # before the first trial
    raw._data[:, int((ONSETS[4] + 1) * SFREQ)] = value
    result = cut_trials(raw, Task(), CLASSES, Preprocessing(notch=50.0, filter_method=method))
    assert result.cues["left_out"].tolist() == [*USED[:4], "not_finite", *USED[5:]]
    assert np.isfinite(result.epochs.get_data()).all()
    last = cut(whole, notch=50.0, filter_method=method).get_data()[-1]
    np.testing.assert_allclose(result.epochs.get_data()[-1], last, atol=1e-9)


def test_missing_samples_of_channels_that_are_not_used_cost_nothing():
    raw = make_raw()
    raw._data[1] = np.nan
    assert len(cut(raw, channels=["C3", "C4"])) == len(ONSETS)


def test_filters_do_not_run_across_an_interruption():
    """What comes before an interruption leaves no trace behind it."""
    raw = make_raw()
    start = int((ONSETS[6] - 0.5) * SFREQ)
    raw._data[:, :start] += 0.1
    across = cut(raw, band=(1, 30)).get_data()[6]
    raw.annotations.append(start / SFREQ, 0.0, INTERRUPTION)
    apart = cut(raw, band=(1, 30)).get_data()[6]
    assert np.abs(across).max() > 10 * np.abs(apart).max()


@pytest.mark.parametrize("value", [0.02, np.nan])
def test_a_causal_filter_starts_anew_after_an_interruption(value):
    """A new offset of the amplifier, which a filter from 1 Hz would need a second to forget."""
    raw, start = make_raw(), int((ONSETS[6] - 0.3) * SFREQ)
    raw._data[:, start:] += 0.02
    if np.isnan(value):
        raw._data[:, start - 5 : start] = np.nan
    else:
        raw.annotations.append(start / SFREQ, 0.0, INTERRUPTION)
    signals = cut(raw, band=(1, 40), filter_method="causal").get_data()
    assert np.abs(signals[6]).max() < 1.5 * np.abs(signals[:6]).max()


def test_missing_samples_of_the_reference_cost_the_trials_that_they_touch():
    raw = make_raw(("C3", "Cz", "C4", "A1"))
    raw._data[3, int((ONSETS[4] + 1) * SFREQ)] = np.nan
    left_out = reasons(raw, channels=["C3", "Cz", "C4"], reference=["A1"])
    assert left_out == [*USED[:4], "not_finite", *USED[5:]]


def test_faults_of_a_trial_are_reasons_only_where_trials_are_screened():
    raw = make_raw()
    raw._data[1, int(ONSETS[3] * SFREQ) :][:400] = 3e-6
    assert reasons(raw) == [*USED[:3], "flat", *USED[4:]]
    assert reasons(raw, screen=False) == USED


def test_rejection_counts_in_microvolt_and_drops_only_large_trials():
    raw = make_raw()
    raw._data[0, int(17 * SFREQ)] += 1e-3
    assert len(cut(raw, band=None, reject_uv=500.0)) == len(ONSETS) - 1
    raw._data *= 1e6  # a file in microvolt
    assert len(cut(raw, Task(unit_factor=1.0), band=None, reject_uv=500.0)) == len(ONSETS) - 1


def test_trials_in_bad_segments_are_dropped():
    raw = make_raw()
    raw.annotations.append(ONSETS[2] + 0.5, 0.2, "BAD_muscle")
    assert len(cut(raw)) == len(ONSETS) - 1


def test_a_run_without_trials_gives_none():
    assert cut(make_raw().set_annotations(None)) is None
    assert cut(make_raw().crop(0, ONSETS[0] - 1)) is None
    assert cut(make_raw(), classes=["feet", "rest"]) is None


def test_a_trial_beyond_the_end_is_dropped():
    assert len(cut(make_raw().crop(0, ONSETS[-1] + 1))) == len(ONSETS) - 1


def test_every_trial_rejected_gives_none():
    assert cut(make_raw(), reject_uv=1e-3) is None
    assert cut(make_raw(), reject_uv=1e-3, resample=64.0, n_times=193) is None


def test_a_missing_channel_is_named_with_a_suggestion():
    with pytest.raises(DataError, match=r"\['C33'\] are not in the recording. Did you mean 'C3'"):
        cut(make_raw(), channels=["C33"])


def test_a_recording_without_eeg_channels():
    raw = make_raw(names=("A", "B")).set_channel_types({"A": "eog", "B": "eog"}, verbose="error")
    with pytest.raises(DataError, match=r"no EEG channels. It has A, B"):
        cut(raw)


@pytest.mark.parametrize("offset", [0.0, 0.1875])
def test_a_flat_channel_is_found_before_reference_and_filters(offset):
    raw = make_raw()
    raw._data[1] = offset
    for steps in ({"reference": "average"}, {"notch": 50.0}, {"band": (8, 30)}):
        with pytest.raises(DataError, match=r"channels \['Cz'\] are flat"):
            cut(raw, **steps)


def test_a_channel_that_is_flat_outside_of_trials_only_is_used():
    raw = make_raw()
    raw._data[1, : int(ONSETS[0] * SFREQ)] = 0.0
    assert len(cut(raw)) == len(ONSETS)


MISFITS = [
    ({"band": (8.0, 64.0)}, ConfigError, "band has 64 Hz.*sampled at 128 Hz: choose less than 64"),
    ({"notch": 100.0}, ConfigError, "notch has 100 Hz.*saved model.*more than 200 Hz"),
    ({"window": (3.5, None)}, ConfigError, "starts at 3.5 s.*task of Toy lasts 3 s"),
    ({"channels": ["C3", "C5"]}, DataError, r"\['C5'\] are not in the recording"),
]


@pytest.mark.parametrize(("steps", "error", "message"), MISFITS)
def test_steps_that_do_not_fit_the_recording(steps, error, message):
    with pytest.raises(error, match=message):
        cut(make_raw(), **steps)


@pytest.mark.parametrize(
    ("steps", "error", "message"),
    [
        *MISFITS,
        ({"reference": ["M1"]}, DataError, "'M1'"),
        ({"window": (0.0, 70.0)}, ConfigError, "would last 70 s.*recording lasts 59.9922 s"),
    ],
)
def test_misfits_are_told_without_samples(steps, error, message):
    raw = make_raw()
    raw._data = None  # reading a sample would fail
    with pytest.raises(error, match=message):
        check_recording(raw, Task(), Preprocessing(**steps))


def test_a_recording_that_fits_passes():
    raw = make_raw()
    steps = Preprocessing(notch=50.0, reference=["Cz"], channels=["C3"], resample=64, band=(8, 30))
    check_recording(raw, Task(), steps)
    assert raw.ch_names == ["C3", "Cz", "C4"]


@pytest.mark.parametrize("sfreq", [100.0, 128.0, 160.0, 200.0, 250.0, 256.0, 500.0, 512.0, 1000.0])
@pytest.mark.parametrize("target", [125.0, 128.0, 500.0])
@pytest.mark.parametrize("end", [1.5, 2.0])  # at 125 Hz, 0.5 and 1.5 s are between two samples
def test_trials_of_any_rate_have_as_many_samples(sfreq, target, end):
    """Both ends of a window are included, so their number depends on the rate before."""
    raws = [make_raw(), make_raw().resample(sfreq, verbose="error")]
    n_times = round(end * target) - round(0.5 * target) + 1
    steps = {"band": (4, 15), "window": (0.5, end), "resample": target}
    both = [cut(raw, n_times=n_times, **steps).get_data() for raw in raws]
    assert both[0].shape == both[1].shape == (len(ONSETS), 3, n_times)
    inside = np.s_[..., round(0.16 * target) : -round(0.16 * target)]
    likeness = np.corrcoef(*(signals[inside].ravel() for signals in both))[0, 1]
    assert likeness > 0.9


def test_sampling_frequencies_that_differ_by_rounding_are_the_same():
    assert same_sfreq(250.0, 249.9999)
    assert same_sfreq(512.0, 512.0)
    assert not same_sfreq(250.0, 250.1)
    assert not same_sfreq(125.0, 128.0)


@pytest.mark.parametrize("n_times", [180, 200])
def test_trials_of_another_length_are_not_forced(n_times):
    epochs = cut(make_raw(), resample=64.0, band=(4, 15), n_times=n_times)
    assert len(epochs.times) in (192, 193)
