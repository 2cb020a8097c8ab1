"""Potentials at the electrodes: desynchronisation, blinks, background and line noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bci_dann.data.simulation.head_model import HEAD_CENTRE, electrode_positions
from bci_dann.data.simulation.sensor_signals import (
    ALERTNESS_SPREAD,
    LINE_NOISE,
    WEAK_FACTOR,
    RecordingSchedule,
    alertness_factor,
    background_potentials,
    line_noise,
    motor_potentials,
    nominal_parameters,
)
from bci_dann.data.simulation.subject_shift import Shift, draw_subject

NAMES = ["C3", "Cz", "C4", "Fz", "Pz"]
SFREQ = 128.0
HANDS = ["left_hand", "right_hand"]


def rng(seed=0):
    return np.random.default_rng(seed)


def subject(**changes):
    nominal = nominal_parameters(electrode_positions(NAMES), HANDS)
    truth = draw_subject(nominal, Shift(), seed=0, subject=1, n_subjects=2, n_sessions=1)
    return replace(truth, **changes)


def schedule(label="left_hand", n_trials=20, sfreq=SFREQ):
    onsets = 2.0 + 8.0 * np.arange(n_trials)
    n_times = round((onsets[-1] + 8.0) * sfreq)
    return RecordingSchedule(sfreq, n_times, [label] * n_trials, onsets)


def test_motor_areas_lie_under_their_electrodes():
    electrodes = electrode_positions(["C3", "C4", "Cz"])
    nominal = nominal_parameters(electrodes, HANDS)
    above = electrodes - HEAD_CENTRE
    below = nominal.dipoles - HEAD_CENTRE
    cosines = (above * below).sum(axis=1) / (
        np.linalg.norm(above, axis=1) * np.linalg.norm(below, axis=1)
    )
    np.testing.assert_allclose(cosines, 1)
    np.testing.assert_allclose(np.linalg.norm(below, axis=1), [0.073, 0.073, 0.066])
    np.testing.assert_allclose(np.linalg.norm(nominal.orientations, axis=1), 1)


def test_sources_point_outwards_and_backwards():
    nominal = nominal_parameters(electrode_positions(NAMES), HANDS)
    radial = nominal.dipoles - HEAD_CENTRE
    assert ((nominal.orientations * radial).sum(axis=1) > 0).all()
    assert (nominal.orientations[:, 1] < radial[:, 1] / np.linalg.norm(radial, axis=1)).all()


def power_in_and_out(signals, plan):
    """Return the power of each channel in the middle of tasks, and of pauses."""
    inside = [signals[:, round((t + 0.5) * SFREQ) : round((t + 4) * SFREQ)] for t in plan.onsets]
    outside = [signals[:, round((t + 4.5) * SFREQ) : round((t + 8) * SFREQ)] for t in plan.onsets]
    return tuple(np.mean([x.var(axis=1) for x in parts], axis=0) for parts in (inside, outside))


def ratios(label, **changes):
    plan = schedule(label)
    signals = motor_potentials(rng(), subject(**changes), 0, plan, erd=0.8)
    inside, outside = power_in_and_out(signals, plan)
    return dict(zip(NAMES, inside / outside, strict=True))


@pytest.mark.parametrize(
    ("label", "falls", "stays"),
    [("left_hand", "C4", "C3"), ("right_hand", "C3", "C4"), ("feet", "Cz", "C3")],
)
def test_power_falls_over_the_area_of_the_class(label, falls, stays):
    found = ratios(label)
    assert found[falls] < 0.5
    assert found[stays] > found[falls] + 0.2


def test_power_falls_on_both_sides_for_the_tongue():
    nominal = nominal_parameters(electrode_positions(NAMES), ["tongue", "feet"])
    truth = draw_subject(nominal, Shift(), seed=0, subject=1, n_subjects=2, n_sessions=1)
    plan = schedule("tongue")
    moments = [
        motor_potentials(rng(), replace(truth, inverted=one), 0, plan, erd=0.8)
        for one in (False, True)
    ]
    np.testing.assert_array_equal(*moments)  # either side of the tongue area does the same
    lateral = replace(truth, electrodes=electrode_positions(["C5", "C6", "Cz"])[None])
    inside, outside = power_in_and_out(motor_potentials(rng(), lateral, 0, plan, erd=0.8), plan)
    left, right, vertex = inside / outside
    assert max(left, right) < vertex - 0.2


def test_tongue_areas_leave_signals_of_other_classes_as_they_were():
    """Datasets without this class are those of the first version."""
    nominal = nominal_parameters(electrode_positions(NAMES), HANDS)
    assert nominal.areas == ("left", "right", "foot")
    wider = nominal_parameters(electrode_positions(NAMES), [*HANDS, "tongue"])
    shift = Shift(head=1.0)
    truths = [draw_subject(one, shift, 0, 1, 2, 1) for one in (nominal, wider)]
    np.testing.assert_array_equal(truths[0].dipoles, truths[1].dipoles[:3])
    np.testing.assert_array_equal(truths[0].orientations, truths[1].orientations[:3])


def test_power_does_not_fall_at_rest():
    assert all(0.7 < value < 1.4 for value in ratios("rest").values())


def test_inverted_responders_do_with_one_hand_what_others_do_with_the_other():
    inverted = motor_potentials(rng(), subject(inverted=True), 0, schedule("left_hand"), 0.5)
    other = motor_potentials(rng(), subject(), 0, schedule("right_hand"), 0.5)
    np.testing.assert_array_equal(inverted, other)


def test_weak_responders_have_a_share_of_the_desynchronisation():
    weak = motor_potentials(rng(), subject(weak=True), 0, schedule(), 0.5)
    shallow = motor_potentials(rng(), subject(), 0, schedule(), 0.5 * WEAK_FACTOR)
    np.testing.assert_array_equal(weak, shallow)


def test_rhythms_have_the_peaks_of_the_subject():
    signals = motor_potentials(rng(), subject(mu_hz=9.0, beta_hz=25.0), 0, schedule(), 0.0)
    frequencies = np.fft.rfftfreq(signals.shape[1], 1 / SFREQ)
    power = (np.abs(np.fft.rfft(signals)) ** 2).mean(axis=0)
    for low, high, peak in ((6, 14, 9.0), (18, 32, 25.0)):
        band = (frequencies > low) & (frequencies < high)
        centre = (frequencies[band] * power[band]).sum() / power[band].sum()
        assert centre == pytest.approx(peak, abs=0.4)


def test_electrodes_of_the_session_are_used():
    truth = subject()
    moved = electrode_positions(["Pz", "Cz", "C4", "Fz", "C3"])
    both = replace(truth, electrodes=np.stack([truth.electrodes[0], moved]))
    first, second = (motor_potentials(rng(), both, s, schedule(), 0.5) for s in (0, 1))
    np.testing.assert_allclose(first[0], second[4], rtol=1e-6)
    np.testing.assert_allclose(first[1], second[1], rtol=1e-6)


def test_alertness_changes_nothing_at_zero_and_grows_with_its_amount():
    factors = [alertness_factor(rng(), schedule(), amount) for amount in (0.0, 1.0, 2.0)]
    np.testing.assert_array_equal(factors[0], 1.0)
    np.testing.assert_allclose(np.log(factors[2]), 2 * np.log(factors[1]))
    assert np.log(factors[1]).std() == pytest.approx(ALERTNESS_SPREAD)


def test_without_background_only_blinks_are_left():
    """All blinks come from one place, so that the channels are multiples of one signal."""
    silent = subject(background=np.zeros(48))
    blinks = background_potentials(rng(), silent, 0, schedule(), seed=0)
    singular = np.linalg.svd(blinks, compute_uv=False)
    assert singular[1] < 1e-9 * singular[0]
    peaks = dict(zip(NAMES, np.abs(blinks).max(axis=1), strict=True))
    assert peaks["Fz"] > 5 * peaks["Pz"]
    assert 20e-6 < peaks["Fz"] < 200e-6


def test_the_background_scales_with_its_sources():
    def background(amount):
        truth = subject(background=np.full(48, amount))
        return background_potentials(rng(), truth, 0, schedule(), seed=0)

    blinks = background(0.0)
    np.testing.assert_allclose(background(2.0) - blinks, 2 * (background(1.0) - blinks), rtol=1e-6)
    assert np.linalg.matrix_rank(np.cov(background(1.0))) == len(NAMES)


def test_background_sources_are_those_of_the_seed():
    def covariance(seed):
        return np.cov(background_potentials(rng(), subject(), 0, schedule(), seed=seed))

    np.testing.assert_array_equal(covariance(3), covariance(3))
    assert not np.allclose(covariance(3), covariance(4), rtol=0.05, atol=0)


def test_line_noise_is_one_sine_of_another_amplitude_in_each_channel():
    noise = line_noise(rng(), 8, schedule())
    times = np.arange(noise.shape[1]) / SFREQ
    components = 2 * (noise * np.exp(-2j * np.pi * 50 * times)).mean(axis=1)
    np.testing.assert_allclose(np.angle(components), np.angle(components[0]), atol=1e-3)
    amplitudes = np.abs(components) / LINE_NOISE
    assert ((amplitudes > 0.49) & (amplitudes < 1.51)).all()
    assert len(set(amplitudes.round(3))) == 8


@pytest.mark.parametrize("sfreq", [64.0, 100.0])
def test_there_is_no_line_noise_that_could_not_be_sampled(sfreq):
    noise = line_noise(rng(), 2, schedule(sfreq=sfreq))
    assert noise.shape == (2, schedule(sfreq=sfreq).n_times)
    assert not noise.any()
