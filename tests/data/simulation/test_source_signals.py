"""Source signals: their spectra, scales and times."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data.simulation.source_signals import (
    BLINK_SECONDS,
    RAMP_SECONDS,
    blink_signal,
    desynchronised_amplitude,
    pink_noise,
    rhythm,
    sine_wave,
    slow_noise,
)

SFREQ = 128.0
N_TIMES = 120 * 128


def rng(seed=0):
    return np.random.default_rng(seed)


def spectrum(signal):
    """Return frequencies (Hz) and power."""
    power = np.abs(np.fft.rfft(signal, axis=-1)) ** 2
    return np.fft.rfftfreq(signal.shape[-1], 1 / SFREQ), power


def share(signal, low, high):
    frequencies, power = spectrum(signal)
    return power[(frequencies >= low) & (frequencies <= high)].sum() / power.sum()


@pytest.mark.parametrize(
    "draw",
    [
        lambda g: rhythm(g, N_TIMES, SFREQ, 10.0),
        lambda g: pink_noise(g, 1, N_TIMES, SFREQ)[0],
        lambda g: slow_noise(g, N_TIMES, SFREQ, 60.0),
    ],
)
def test_noise_has_unit_standard_deviation_and_comes_from_its_generator(draw):
    first, again, other = draw(rng(1)), draw(rng(1)), draw(rng(2))
    assert first.shape == (N_TIMES,)
    assert first.std() == pytest.approx(1)
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.9


@pytest.mark.parametrize("peak", [10.0, 21.0])
def test_a_rhythm_has_its_power_around_the_peak(peak):
    signal = rhythm(rng(), N_TIMES, SFREQ, peak)
    frequencies, power = spectrum(signal)
    assert (frequencies * power).sum() / power.sum() == pytest.approx(peak, abs=0.3)
    width = 0.8 + 0.06 * peak
    # the power of a Gaussian amplitude exp(-x^2 / 2) is erf(1) = 84 % within one width
    assert share(signal, peak - width, peak + width) == pytest.approx(0.843, abs=0.05)


def test_higher_rhythms_are_wider():
    def spread(peak):
        frequencies, power = spectrum(rhythm(rng(), N_TIMES, SFREQ, peak))
        return np.sqrt(((frequencies - peak) ** 2 * power).sum() / power.sum())

    assert spread(21.0) > spread(10.0) + 0.2


def test_pink_noise_falls_as_one_over_f_and_has_no_drift():
    signals = pink_noise(rng(), 20, N_TIMES, SFREQ)
    assert signals.shape == (20, N_TIMES)
    np.testing.assert_allclose(signals.std(axis=1), 1)
    frequencies, power = spectrum(signals)
    inside = (frequencies > 2) & (frequencies < 50)
    slope, _ = np.polyfit(np.log(frequencies[inside]), np.log(power.mean(axis=0)[inside]), 1)
    assert slope == pytest.approx(-1, abs=0.1)
    assert share(signals[0], 0, 0.45) < 0.01


def test_sources_of_pink_noise_are_independent():
    correlation = np.corrcoef(pink_noise(rng(), 10, N_TIMES, SFREQ))
    assert np.abs(correlation - np.eye(10)).max() < 0.2


def test_slow_noise_has_nothing_faster_than_its_period():
    signal = slow_noise(rng(), 10 * N_TIMES, SFREQ, period=60.0)
    assert share(signal, 0, 1 / 60) > 0.999
    assert signal.mean() == pytest.approx(0, abs=1e-9)


def test_slow_noise_in_a_short_recording_is_one_oscillation():
    signal = slow_noise(rng(), 10 * 128, SFREQ, period=60.0)
    frequencies, power = spectrum(signal)
    assert frequencies[power.argmax()] == pytest.approx(0.1)
    assert power.max() / power.sum() > 0.999


ONSETS, DEPTHS, TASK = np.array([2.0, 8.0]), np.array([0.5, 0.75]), 4.0


def amplitude(onsets=ONSETS, depths=DEPTHS):
    return desynchronised_amplitude(16 * 128, SFREQ, onsets, depths, TASK)


def at(signal, second):
    return signal[round(second * SFREQ)]


def test_power_falls_by_the_depth_during_tasks_and_by_nothing_elsewhere():
    power = amplitude() ** 2
    for onset, depth in zip(ONSETS, DEPTHS, strict=True):
        inside = slice(round((onset + RAMP_SECONDS + 0.05) * SFREQ), round((onset + 4) * SFREQ))
        np.testing.assert_allclose(power[inside], 1 - depth)
    for second in (0.0, 1.9, 7.0, 7.9, 13.0, 15.9):
        assert at(power, second) == 1.0


def test_power_is_half_way_down_in_the_middle_of_the_ramp():
    power = amplitude() ** 2
    assert at(power, 2.0 + RAMP_SECONDS / 2) == pytest.approx(0.75, abs=0.01)
    assert at(power, 6.0 + RAMP_SECONDS / 2) == pytest.approx(0.75, abs=0.02)
    assert (np.diff(power[: round(4 * SFREQ)]) <= 0).all()


def test_without_desynchronisation_the_amplitude_is_one():
    np.testing.assert_array_equal(amplitude(depths=np.zeros(2)), np.ones(16 * 128))
    np.testing.assert_array_equal(amplitude(np.zeros(0), np.zeros(0)), np.ones(16 * 128))


def test_each_task_needs_its_depth():
    with pytest.raises(ValueError, match="zip"):
        amplitude(depths=np.zeros(3))


def test_blinks_are_short_bumps_at_the_expected_rate():
    minutes = 100
    signal = blink_signal(rng(), minutes * 60 * 128, SFREQ, every=8.0)
    assert signal.min() == 0
    starts = np.flatnonzero((signal[1:] > 0) & (signal[:-1] == 0))
    assert 0.8 < len(starts) / (minutes * 60 / 8.0) < 1.1  # some overlap
    assert 0.02 < (signal > 0).mean() < 0.06  # 0.35 s in 8 s
    assert np.median([signal[s : s + 46].max() for s in starts]) == pytest.approx(1, abs=0.1)


def test_a_single_blink_has_the_length_and_height_that_are_documented():
    signals = [blink_signal(rng(seed), 20 * 128, SFREQ, every=20.0) for seed in range(40)]
    runs = [np.flatnonzero(signal) for signal in signals]
    length = round(BLINK_SECONDS * SFREQ)
    single = [
        (signal, run)
        for signal, run in zip(signals, runs, strict=True)
        if len(run) == length - 2 and run[-1] - run[0] == length - 3  # the window ends in zeros
    ]
    assert len(single) > 5
    for signal, _ in single:
        assert 0.59 < signal.max() < 1.41


def test_a_sine_has_one_frequency_unit_amplitude_and_any_phase():
    waves = np.array([sine_wave(rng(seed), 10 * 128, SFREQ, 50.0) for seed in range(20)])
    times = np.arange(10 * 128) / SFREQ
    components = 2 * (waves * np.exp(-2j * np.pi * 50 * times)).mean(axis=1)
    np.testing.assert_allclose(np.abs(components), 1, rtol=1e-9)
    assert len(set(np.round(np.angle(components), 3))) == 20
