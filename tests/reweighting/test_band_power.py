from __future__ import annotations

import numpy as np
import pytest

from bci_dann.exceptions import DataError
from bci_dann.reweighting import band_power_shift, bands_within, log_band_power

SFREQ = 128.0
BANDS = {"mu": (8.0, 13.0), "beta": (13.0, 30.0)}


def noise(seed, n_trials=40, n_chans=2, n_times=256):
    return 10.0 * np.random.default_rng(seed).standard_normal((n_trials, n_chans, n_times))


@pytest.mark.parametrize(
    ("edges", "names"),
    [
        ((8, 30), ["mu", "beta"]),
        ((4, 38), ["theta", "mu", "beta", "low gamma"]),
        ((0, 64), ["theta", "mu", "beta", "low gamma"]),
        ((6, 20), ["theta", "mu"]),  # 7 of beta's 17 Hz are left
        ((0.5, 3), ["pass band"]),
    ],
)
def test_bands_are_those_within_the_pass_band(edges, names):
    bands = bands_within(*edges)
    assert list(bands) == names
    assert all(edges[0] <= low < high <= edges[1] for low, high in bands.values())


def test_power_of_white_noise_is_its_density():
    # variance 100 µV² over 64 Hz
    power = log_band_power(noise(0), SFREQ, BANDS)
    assert power.shape == (40, 2, 2)
    assert np.exp(power).mean() == pytest.approx(100 / 64, rel=0.05)


def test_a_rhythm_shifts_its_band_and_channel():
    X = noise(0)
    plain = log_band_power(X, SFREQ, BANDS)
    X[:, 1] += 20 * np.sin(2 * np.pi * 20 * np.arange(256) / SFREQ)
    shift = band_power_shift(plain, log_band_power(X, SFREQ, BANDS)).mean
    assert np.unravel_index(shift.argmax(), shift.shape) == (1, 1)
    assert shift[1, 1] > 5
    assert abs(np.delete(shift.ravel(), 3)).max() < 0.5


def test_trials_shorter_than_a_segment_still_have_every_band():
    power = log_band_power(noise(0, n_times=48), SFREQ, {"mu": (8.5, 9.5)})
    assert np.isfinite(power).all()


def test_known_means_and_spreads():
    rng = np.random.default_rng(0)
    source, target = rng.standard_normal((4000, 1, 1)), 2 * rng.standard_normal((4000, 1, 1)) + 3
    shift = band_power_shift(source, target)
    assert shift.mean.item() == pytest.approx(3 / np.sqrt(2.5), rel=0.05)
    assert shift.variance.item() == pytest.approx(1.0, abs=0.05)


def test_differences_between_source_subjects_are_no_spread():
    rng = np.random.default_rng(0)
    subjects = np.repeat(["a", "b"], [1500, 500])
    source = rng.standard_normal((2000, 1, 1)) + np.where(subjects == "a", 10.0, 0.0)[:, None, None]
    target = rng.standard_normal((2000, 1, 1))
    apart = band_power_shift(source, target, subjects)
    assert apart.variance.item() == pytest.approx(0.0, abs=0.1)
    assert apart.mean.item() == pytest.approx(-5.0, abs=0.3)  # subjects have equal weight
    assert band_power_shift(source, target).variance.item() < -2


def test_unknown_where_nothing_varies():
    one, same = np.zeros((1, 2, 3)), np.zeros((5, 2, 3))
    many = np.random.default_rng(0).standard_normal((5, 2, 3))
    for shift in (band_power_shift(many, one), band_power_shift(one, many)):
        assert np.isnan(shift.mean).all()
        assert np.isnan(shift.variance).all()
    assert np.isnan(band_power_shift(many, same).variance).all()
    assert np.isfinite(band_power_shift(many, same).mean).all()


def test_bad_input():
    with pytest.raises(DataError, match="low < high"):
        bands_within(30, 8)
    with pytest.raises(DataError, match="no frequency in the band high"):
        log_band_power(noise(0), SFREQ, {"high": (70.0, 80.0)})
    X = noise(0)
    X[3, 1] = 0.0
    with pytest.raises(DataError, match="flat"):
        log_band_power(X, SFREQ, BANDS)


def test_power_is_the_mean_of_welchs_densities_in_the_band():
    """One-second segments with half overlap and Hann windows, written out for one channel."""
    X = noise(3, n_trials=1, n_chans=1)
    window = np.hanning(129)[:-1]
    segments = [X[0, 0, start : start + 128] for start in (0, 64, 128)]
    spectra = [
        2 * np.abs(np.fft.rfft(window * (s - s.mean()))) ** 2 / (SFREQ * np.sum(window**2))
        for s in segments
    ]
    expected = np.mean(spectra, axis=0)[8:14].mean()  # 8 to 13 Hz, 1 Hz apart
    power = log_band_power(X, SFREQ, {"mu": (8.0, 13.0)})
    assert np.exp(power.item()) == pytest.approx(expected)


def test_many_trials_give_what_each_gives_alone():
    """Spectra are computed in chunks."""
    X = noise(0, n_trials=300, n_chans=1)
    both = log_band_power(X, SFREQ, BANDS)
    np.testing.assert_allclose(log_band_power(X[290:], SFREQ, BANDS), both[290:])


def test_twice_the_amplitude_is_four_times_the_power():
    X = noise(0)
    gain = log_band_power(2 * X, SFREQ, BANDS) - log_band_power(X, SFREQ, BANDS)
    np.testing.assert_allclose(gain, np.log(4))


def test_the_shift_by_hand():
    source = np.array([1.0, 3.0, 11.0, 13.0])[:, None, None]
    target = np.array([4.0, 8.0])[:, None, None]
    shift = band_power_shift(source, target, ["a", "a", "b", "b"])
    # within subjects: squares 2 + 2 over 2 degrees of freedom; target: 8 over 1
    assert shift.mean.item() == pytest.approx((6 - 7) / np.sqrt(12 / 3))
    assert shift.variance.item() == pytest.approx(0.5 * np.log2(8 / 2))


def test_the_order_of_trials_does_not_matter():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(30, 2, 3)), rng.normal(size=(10, 2, 3))
    subjects, order = np.repeat(["a", "b", "c"], 10), rng.permutation(30)
    one = band_power_shift(source, target, subjects)
    two = band_power_shift(source[order], target, subjects[order])
    np.testing.assert_allclose(one.mean, two.mean)
    np.testing.assert_allclose(one.variance, two.variance)
