"""Differences between subjects: amounts, distributions and independence."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data import Shift
from bci_dann.data.simulation.head_model import HEAD_CENTRE, HEAD_RADIUS, electrode_positions
from bci_dann.data.simulation.sensor_signals import nominal_parameters
from bci_dann.data.simulation.subject_shift import (
    BACKGROUND_AMPLITUDE,
    BETA_LIMITS,
    CHANNEL_GAIN,
    GLOBAL_GAIN,
    MU_JITTER,
    MU_LIMITS,
    NOISE_MIXING,
    SESSION_GAIN,
    draw_subject,
    parse_shift,
)
from bci_dann.exceptions import ConfigError

NAMES = ["Fz", "C3", "Cz", "C4", "Pz"]
ALL_PARTS = {
    "mu_hz", "beta_hz", "electrodes", "dipoles", "orientations", "gain", "background",
    "noise_mixing",
}  # fmt: skip


@pytest.fixture(scope="module")
def nominal():
    return nominal_parameters(electrode_positions(NAMES), ["left_hand", "right_hand"])


def draw(nominal, amounts=None, subject=1, seed=0, n_subjects=4, n_sessions=1):
    shift = parse_shift(0.0 if amounts is None else amounts)
    return draw_subject(nominal, shift, seed, subject, n_subjects, n_sessions)


def test_a_number_sets_what_lasts_and_nothing_else():
    shift = parse_shift(0.7)
    lasting = {"head", "frequency", "gain", "noise", "drift"}
    assert {name: value for name, value in shift if value} == dict.fromkeys(lasting, 0.7)
    assert parse_shift(np.float32(0.5)).head == 0.5
    assert parse_shift(0) == Shift()


def test_a_mapping_sets_what_it_names_and_a_shift_is_itself():
    assert parse_shift({"gain": 2, "weak": 0.5}) == Shift(gain=2.0, weak=0.5)
    shift = Shift(head=1.0)
    assert parse_shift(shift) is shift


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1, "greater than or equal to 0"),
        ({"hed": 1}, "unknown key 'hed'. Did you mean 'head'"),
        ({"weak": 1.5}, "weak.*less than or equal to 1"),
        ({"imbalance": 1}, "imbalance.*less than 1"),
        ({"inverted": 0.7, "weak": 0.7}, "in all at most 1"),
        ("big", "must be a number, a mapping or a Shift; got 'big'"),
        (True, "must be a number.*got True"),
        (None, "must be a number.*got None"),
    ],
)
def test_other_values_are_refused(value, message):
    with pytest.raises(ConfigError, match=message):
        parse_shift(value)


def test_without_a_shift_a_subject_is_nominal(nominal):
    truth = draw(nominal, n_sessions=2)
    assert (truth.mu_hz, truth.beta_hz) == (nominal.mu_hz, nominal.beta_hz)
    np.testing.assert_allclose(truth.electrodes, [nominal.electrodes] * 2, atol=1e-12)
    np.testing.assert_allclose(truth.dipoles, nominal.dipoles, atol=1e-12)
    np.testing.assert_array_equal(truth.orientations, nominal.orientations)
    np.testing.assert_array_equal(truth.gain, np.ones((2, 5)))
    np.testing.assert_array_equal(truth.background, np.ones(48))
    np.testing.assert_array_equal(truth.noise_mixing, np.eye(5))
    assert not truth.inverted
    assert not truth.weak


def changed_parts(first, second):
    return {
        name
        for name in ALL_PARTS
        if not np.array_equal(getattr(first, name), getattr(second, name))
    }


CHANGES = [
    ("head", {"electrodes", "dipoles", "orientations"}),
    ("frequency", {"mu_hz", "beta_hz"}),
    ("gain", {"gain"}),
    ("noise", {"background", "noise_mixing"}),
    ("drift", {"electrodes", "gain"}),
    ("alertness", set()),
    ("imbalance", set()),
]


@pytest.mark.parametrize(("amount", "parts"), CHANGES)
def test_each_amount_changes_its_own_parameters(nominal, amount, parts):
    still, shifted = draw(nominal), draw(nominal, {amount: 0.5})
    assert changed_parts(still, shifted) == parts


@pytest.mark.parametrize(("amount", "parts"), CHANGES)
def test_an_amount_leaves_other_differences_as_they_were(nominal, amount, parts):
    amounts = {"head": 0.5, "frequency": 0.5, "gain": 0.5, "noise": 0.5, "drift": 0.5}
    before, after = draw(nominal, amounts), draw(nominal, {**amounts, amount: 0.8})
    assert changed_parts(before, after) == parts


def test_every_amount_is_tried_above():
    assert {name for name, _ in CHANGES} == set(Shift.model_fields) - {"inverted", "weak"}


def test_subjects_and_seeds_differ_and_repeat(nominal):
    first = draw(nominal, 1.0)
    assert changed_parts(first, draw(nominal, 1.0)) == set()
    assert changed_parts(first, draw(nominal, 1.0, subject=2)) == ALL_PARTS
    assert changed_parts(first, draw(nominal, 1.0, seed=1)) == ALL_PARTS


def test_a_subject_does_not_depend_on_how_many_there_are(nominal):
    assert changed_parts(draw(nominal, 1.0), draw(nominal, 1.0, n_subjects=30)) == set()


def test_more_sessions_leave_the_first_as_it_was(nominal):
    one, three = draw(nominal, 1.0), draw(nominal, 1.0, n_sessions=3)
    np.testing.assert_array_equal(one.electrodes[0], three.electrodes[0])
    np.testing.assert_array_equal(one.gain[0], three.gain[0])


def test_sessions_differ_by_drift_only(nominal):
    steady = draw(nominal, {"head": 1, "gain": 1}, n_sessions=2)
    drifting = draw(nominal, {"drift": 1}, n_sessions=2)
    np.testing.assert_array_equal(steady.electrodes[0], steady.electrodes[1])
    np.testing.assert_array_equal(steady.gain[0], steady.gain[1])
    assert not np.allclose(drifting.electrodes[0], drifting.electrodes[1])
    assert not np.allclose(drifting.gain[0], drifting.gain[1])


def many(nominal, amounts, n_sessions=1):
    return [draw(nominal, amounts, subject, n_sessions=n_sessions) for subject in range(1, 301)]


def test_sizes_of_the_differences_are_as_documented(nominal):
    truths = many(nominal, {"frequency": 1, "gain": 1, "noise": 1})
    assert np.std([t.mu_hz for t in truths]) == pytest.approx(MU_JITTER, rel=0.15)
    gains = np.log([t.gain[0] for t in truths])
    assert gains.mean(axis=1).std() == pytest.approx(
        np.hypot(GLOBAL_GAIN, CHANNEL_GAIN / np.sqrt(5)), rel=0.15
    )
    assert gains.std(axis=1, ddof=1).mean() == pytest.approx(CHANNEL_GAIN, rel=0.15)
    background = np.log([t.background for t in truths])
    assert background.std() == pytest.approx(BACKGROUND_AMPLITUDE, rel=0.1)
    mixing = np.array([t.noise_mixing - np.eye(5) for t in truths])
    assert mixing.std() == pytest.approx(NOISE_MIXING, rel=0.1)


def test_twice_the_amount_is_twice_the_difference(nominal):
    one, two = draw(nominal, {"gain": 1, "noise": 1}), draw(nominal, {"gain": 2, "noise": 2})
    np.testing.assert_allclose(np.log(two.gain), 2 * np.log(one.gain))
    np.testing.assert_allclose(np.log(two.background), 2 * np.log(one.background))
    np.testing.assert_allclose(two.noise_mixing - np.eye(5), 2 * (one.noise_mixing - np.eye(5)))


def test_drift_of_gains_is_drawn_anew_in_each_session(nominal):
    gains = np.log([t.gain for t in many(nominal, {"drift": 1}, n_sessions=2)])
    assert gains.std() == pytest.approx(SESSION_GAIN, rel=0.1)
    assert abs(np.corrcoef(gains[:, 0].ravel(), gains[:, 1].ravel())[0, 1]) < 0.15


def test_peak_frequencies_stay_in_their_bands(nominal):
    truths = many(nominal, {"frequency": 20})
    for values, limits in (
        ([t.mu_hz for t in truths], MU_LIMITS),
        ([t.beta_hz for t in truths], BETA_LIMITS),
    ):
        assert (min(values), max(values)) == limits


def angle(first, second):
    cosine = (first * second).sum(axis=-1) / (
        np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    )
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def test_electrodes_stay_on_the_head_and_near_their_place(nominal):
    for truth in many(nominal, {"head": 1, "drift": 1})[:30]:
        radial = truth.electrodes[0] - HEAD_CENTRE
        np.testing.assert_allclose(np.linalg.norm(radial, axis=1), HEAD_RADIUS)
        assert angle(radial, nominal.electrodes - HEAD_CENTRE).max() < 40


def test_sources_keep_their_depth_and_their_directions_are_unit_vectors(nominal):
    moved = many(nominal, {"head": 1})[:30]
    depth = np.linalg.norm(nominal.dipoles - HEAD_CENTRE, axis=1)
    for truth in moved:
        np.testing.assert_allclose(np.linalg.norm(truth.dipoles - HEAD_CENTRE, axis=1), depth)
        np.testing.assert_allclose(np.linalg.norm(truth.orientations, axis=1), 1)
    tilts = [angle(truth.orientations, nominal.orientations) for truth in moved]
    assert 10 < np.mean(tilts) < 30  # 15 degrees about each of two axes


def responders(nominal, n_subjects, **amounts):
    truths = [draw(nominal, amounts, s, n_subjects=n_subjects) for s in range(1, n_subjects + 1)]
    return [t.inverted for t in truths], [t.weak for t in truths]


@pytest.mark.parametrize(
    ("amounts", "n_inverted", "n_weak"),
    [
        ({"inverted": 0.2, "weak": 0.3}, 2, 3),
        ({"inverted": 1.0}, 10, 0),
        ({"weak": 1.0}, 0, 10),
        ({"inverted": 0.55, "weak": 0.45}, 6, 4),
        ({"weak": 0.04}, 0, 0),
    ],
)
def test_fractions_choose_that_many_subjects(nominal, amounts, n_inverted, n_weak):
    inverted, weak = responders(nominal, 10, **amounts)
    assert (sum(inverted), sum(weak)) == (n_inverted, n_weak)
    assert not any(one and other for one, other in zip(inverted, weak, strict=True))


def test_a_number_makes_no_inverted_or_weak_responders(nominal):
    truths = [draw(nominal, 2.0, s) for s in range(1, 5)]
    assert not any(truth.inverted or truth.weak for truth in truths)
