"""The simulator: known truth, repeatable, and as hard as it claims."""

from __future__ import annotations

import json

import numpy as np
import pytest
from mne.decoding import CSP
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline

from bci_dann.data import Shift, SimulatedMI, load_dataset
from bci_dann.exceptions import ConfigError


def raw_of(dataset, subject=1, session="0"):
    return dataset.get_data([subject])[subject][session]["0"]


def small(**changes):
    return SimulatedMI(**{"n_subjects": 2, "n_trials": 4, **changes})


def test_signals_depend_on_seed_and_subject_only():
    alone = raw_of(small(), subject=2).get_data()
    both = small().get_data()[2]["0"]["0"].get_data()
    np.testing.assert_array_equal(alone, both)
    assert not np.allclose(
        alone, raw_of(small(random_state=1), subject=2).get_data()[:, : alone.shape[1]]
    )


def test_counts_may_be_integers_of_numpy():
    counts = {"n_subjects": 3, "n_sessions": 2, "n_trials": 5}
    of_numpy = SimulatedMI(**{name: np.int64(count) for name, count in counts.items()})
    assert of_numpy.code == SimulatedMI(**counts).code


def test_subjects_do_not_share_noise():
    dataset = small(shift=0)
    first, second = (raw_of(dataset, subject).get_data()[:, :2000] for subject in (1, 2))
    assert abs(np.corrcoef(first[4], second[4])[0, 1]) < 0.3


def test_no_global_generator_is_used():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = raw_of(small()).get_data()
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    np.testing.assert_array_equal(first, raw_of(small()).get_data())


def test_scale_is_that_of_eeg():
    deviation = raw_of(small(n_trials=20)).get_data().std(axis=1) * 1e6
    assert 5 < np.median(deviation) < 30


def test_without_shift_all_subjects_are_alike():
    truths = [small(shift=0).truth(subject) for subject in (1, 2)]
    for name in ("mu_hz", "electrodes", "dipoles", "gain", "background", "noise_mixing"):
        np.testing.assert_array_equal(getattr(truths[0], name), getattr(truths[1], name))


def test_truth_is_that_of_the_recordings():
    """A gain of each channel that is known can be divided out again."""
    plain, scaled = small(shift=0), small(shift={"gain": 3.0})
    gain = scaled.truth(1).gain[0]
    assert gain.min() < 0.9 or gain.max() > 1.1
    np.testing.assert_allclose(
        raw_of(scaled).get_data() / gain[:, None], raw_of(plain).get_data(), rtol=1e-9
    )


def test_the_noise_of_sensors_is_mixed_as_the_truth_says(monkeypatch):
    for name in ("background_potentials", "line_noise"):
        monkeypatch.setattr(f"bci_dann.data.simulation.simulated.{name}", lambda *_: 0.0)
    plain, mixed = (small(snr=0.0, shift={"noise": amount}) for amount in (0.0, 1.0))
    noise = raw_of(plain).get_data()
    np.testing.assert_allclose(noise.std(axis=1), 1e-6, rtol=0.05)
    expected = mixed.truth(1).noise_mixing @ noise
    np.testing.assert_allclose(raw_of(mixed).get_data(), expected, rtol=1e-9, atol=1e-15)


def test_signal_to_noise_scales_the_rhythms_alone():
    none, one, three = (raw_of(small(shift=0, snr=snr)).get_data() for snr in (0.0, 1.0, 3.0))
    np.testing.assert_allclose(three - none, 3 * (one - none), rtol=1e-6, atol=1e-12)


def test_annotations_are_tasks_on_whole_samples():
    dataset = small(n_trials=10)
    raw = raw_of(dataset)
    onsets = raw.annotations.onset
    assert onsets[0] == 2.0
    assert ((np.diff(onsets) >= 5.0 - 0.01) & (np.diff(onsets) <= 5.5 + 0.01)).all()
    np.testing.assert_allclose(onsets * 128, np.round(onsets * 128), atol=1e-9)
    assert set(raw.annotations.duration) == {4.0}
    assert raw.times[-1] >= onsets[-1] + 4.0 + 1.9
    labels = list(raw.annotations.description)
    assert [labels.count(name) for name in dataset.classes] == [10, 10]
    assert labels != sorted(labels)


def test_recordings_have_the_channels_and_positions_of_the_nominal_cap():
    raw = raw_of(small(ch_names=["C3", "Oz"], shift=1.0, sfreq=100))
    assert raw.ch_names == ["C3", "Oz"]
    assert raw.info["sfreq"] == 100
    still = raw_of(small(ch_names=["C3", "Oz"], shift=0.0, sfreq=100))
    for first, second in zip(raw.info["chs"], still.info["chs"], strict=True):
        np.testing.assert_array_equal(first["loc"][:3], second["loc"][:3])


def test_there_are_no_files_and_a_complete_fingerprint():
    dataset = small(n_sessions=2)
    assert dataset.data_path(1) == []
    again = SimulatedMI(**{
        key: value
        for key, value in json.loads(json.dumps(dataset.fingerprint())).items()
        if key != "seed"
    }, random_state=dataset.seed)  # fmt: skip
    np.testing.assert_array_equal(raw_of(again).get_data(), raw_of(dataset).get_data())


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_generators_seed_the_dataset(make):
    first, same, other = (small(random_state=make(seed)) for seed in (1, 1, 2))
    assert first.seed == same.seed != other.seed
    assert small(random_state=np.int64(7)).seed == 7


def mu_power_of_trials(dataset):
    raw = raw_of(dataset).filter(8, 13, verbose="error")
    starts = (raw.annotations.onset * raw.info["sfreq"]).astype(int)
    width = int(4 * raw.info["sfreq"])
    signal = raw.get_data(picks=["C3"])[0]
    return np.log([signal[start : start + width].var() for start in starts])


def test_imbalance_favours_the_first_class_in_odd_subjects():
    dataset = small(n_subjects=2, n_trials=10, shift={"imbalance": 0.6})
    for subject, share in ((1, 0.8), (2, 0.2)):
        labels = dataset.get_data([subject])[subject]["0"]["0"].annotations.description
        assert np.mean(labels == dataset.classes[0]) == pytest.approx(share)
        assert len(labels) == 20


def test_alertness_makes_neighbouring_trials_alike():
    def likeness(amount):
        power = mu_power_of_trials(small(n_trials=40, shift={"alertness": amount}, erd=0.0))
        return np.corrcoef(power[1:], power[:-1])[0, 1]

    assert likeness(2.0) > likeness(0.0) + 0.3
    # and a recording of less than a minute, too, has something that waxes and wanes
    assert np.isfinite(raw_of(small(n_trials=2, shift={"alertness": 1.0})).get_data()).all()


def test_fractions_choose_that_many_subjects():
    dataset = small(n_subjects=10, shift=Shift(inverted=0.2, weak=0.3))
    truths = [dataset.truth(subject) for subject in range(1, 11)]
    assert sum(truth.inverted for truth in truths) == 2
    assert sum(truth.weak for truth in truths) == 3
    assert not any(truth.inverted and truth.weak for truth in truths)


def mu_ratio(dataset):
    """Mu power over the left hemisphere by that over the right, right hand by left hand."""
    raw = raw_of(dataset).filter(8, 13, verbose="error")
    ratios = {}
    for label in ("left_hand", "right_hand"):
        chosen = raw.annotations.onset[raw.annotations.description == label]
        pieces = [raw.get_data(["C3", "C4"], tmin=t + 0.5, tmax=t + 3.5) for t in chosen]
        power = np.mean([piece.var(axis=1) for piece in pieces], axis=0)
        ratios[label] = power[0] / power[1]
    return ratios["right_hand"] / ratios["left_hand"]


def test_the_opposite_hemisphere_desynchronises():
    assert mu_ratio(SimulatedMI(n_subjects=1, n_trials=30, shift=0)) < 0.8


def test_inverted_responders_desynchronise_the_other_one():
    assert mu_ratio(SimulatedMI(n_subjects=1, n_trials=30, shift={"inverted": 1})) > 1.25


def test_weak_responders_hardly_desynchronise():
    weak = mu_ratio(SimulatedMI(n_subjects=1, n_trials=30, shift={"weak": 1}))
    assert 0.8 < weak < 1.25


def test_line_noise_and_blinks_are_there():
    raw = raw_of(small(n_trials=20, shift=0))
    spectrum = raw.compute_psd(fmin=40, fmax=60, n_fft=512, verbose="error")
    power = spectrum.get_data().mean(axis=0)
    assert abs(spectrum.freqs[power.argmax()] - 50) < 0.3
    kurtosis = {name: kurt(raw.get_data([name])[0]) for name in ("Fz", "Pz")}
    assert kurtosis["Fz"] > kurtosis["Pz"] + 0.5


def kurt(x):
    z = (x - x.mean()) / x.std()
    return float((z**4).mean())


def test_works_in_moabb_unpatched():
    from moabb.paradigms import MotorImagery

    dataset = SimulatedMI(n_subjects=1, n_sessions=2, n_trials=3, classes=("feet", "rest"))
    X, y, metadata = MotorImagery(n_classes=2).get_data(dataset)
    assert X.shape == (12, 15, 513)
    assert sorted(set(y)) == ["feet", "rest"]
    assert list(metadata["session"].unique()) == ["0", "1"]


def test_the_code_tells_parameters_apart(caplog):
    codes = {small().code, small(random_state=1).code, small(shift=0).code, small(erd=0.3).code}
    assert len(codes) == 4
    assert small().code == small().code
    assert not caplog.records  # MOABB logs a complaint about codes it does not like


def test_pauses_part_the_trials_and_leave_other_data_as_they_are():
    without, with_pause = (raw_of(small(pause=pause)).annotations.onset for pause in (0, 3.0))
    np.testing.assert_allclose(np.diff(with_pause), np.diff(without) + 3.0, atol=0.02)
    assert "pause" not in small().fingerprint()
    assert small().code != small(pause=3.0).code


def test_without_a_seed_one_dataset_still_repeats_itself():
    dataset = small(random_state=None)
    np.testing.assert_array_equal(raw_of(dataset).get_data(), raw_of(dataset).get_data())
    assert dataset.code != small(random_state=None).code


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_subjects": 0}, "n_subjects must be a whole number"),
        ({"n_trials": 2.5}, "n_trials must be a whole number"),
        ({"n_sessions": True}, "n_sessions must be a whole number"),
        ({"classes": ("left_hand", "rigth_hand")}, "Did you mean 'right_hand'"),
        ({"classes": ("feet",)}, "two or more"),
        ({"classes": ("feet", "feet", "rest")}, "two or more"),
        ({"erd": 1.0}, "erd must lie between 0 and 0.95"),
        ({"erd": "half"}, "erd must lie between"),
        ({"sfreq": 20}, "sfreq must lie between 64 and 10000; got 20"),
        ({"snr": -1}, "snr must lie between"),
        ({"pause": -1}, "pause must lie between 0 and 60"),
        ({"ch_names": ["C3", "Q7"]}, "'Q7'"),
        ({"shift": -1}, "greater than or equal to 0"),
        ({"shift": {"hed": 1}}, "Did you mean 'head'"),
        ({"shift": "big"}, "must be a number"),
        ({"shift": {"inverted": 0.7, "weak": 0.7}}, "at most 1"),
        ({"random_state": -1}, "at least 0"),
    ],
)
def test_wrong_parameters_are_explained(changes, message):
    with pytest.raises(ConfigError, match=message):
        small(**changes)


def test_truth_of_nobody():
    with pytest.raises(ConfigError, match=r"subject must be one of \[1, 2\]"):
        small().truth(3)


def leave_one_out(X, trials):
    scores = []
    for subject in np.unique(trials.subjects):
        test = trials.subjects == subject
        model = make_pipeline(CSP(6), LinearDiscriminantAnalysis())
        model.fit(X[~test], trials.y[~test])
        scores.append(model.score(X[test], trials.y[test]))
    return np.mean(scores)


def aligned(trials):
    out = np.empty(trials.X.shape)
    for subject in np.unique(trials.subjects):
        of_subject = trials.subjects == subject
        X = trials.X[of_subject].astype(float)
        values, vectors = np.linalg.eigh(np.mean([x @ x.T for x in X], axis=0))
        out[of_subject] = (vectors / np.sqrt(values) @ vectors.T) @ X
    return out


def test_shift_hurts_and_alignment_helps():
    steps = {"band": (8, 30), "window": (0.5, 3.5)}
    alike, shifted = (load_dataset("SimulatedMI", shift=s, preprocessing=steps) for s in (0, 1))
    easy = leave_one_out(alike.X.astype(float), alike)
    hard = leave_one_out(shifted.X.astype(float), shifted)
    recovered = leave_one_out(aligned(shifted), shifted)
    assert easy > 0.78
    assert hard < easy - 0.1
    assert recovered > hard + 0.1
