"""References that follow trials one after another, against means of all of them."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from pyriemann.geometry.distance import distance_riemann
from pyriemann.geometry.geodesic import geodesic_riemann
from pyriemann.geometry.mean import mean_riemann

from bci_dann.alignment import EuclideanAlignment, FilterBank, RiemannianAlignment
from bci_dann.alignment.running_reference import MOMENTUM, PRIOR_TRIALS, RunningReference
from bci_dann.features import AlignedViews, TangentViews

ALIGNMENTS = {
    "euclidean": EuclideanAlignment,
    "riemannian": RiemannianAlignment,
    "filter bank": lambda: FilterBank([EuclideanAlignment(), None], 128.0, ((8, 12), (12, 16))),
    "views": lambda: TangentViews(n_windows=2, n_delays=2, span=8),
    "euclidean views": lambda: TangentViews("euclidean", n_windows=1, n_delays=1),
    "aligned views": lambda: AlignedViews(RiemannianAlignment(), TangentViews(None, 1, 1)),
}


@pytest.fixture
def X():
    mixing = np.random.default_rng(1).normal(size=(4, 4)) + 2 * np.eye(4)
    sources = np.random.default_rng(0).normal(0, 10, (60, 4, 256))
    return (mixing @ sources).astype(np.float32)


def updated(alignment, trials, domain="new/0"):
    for trial in trials:
        alignment = copy.copy(alignment).update(trial[None], domain)
    return alignment


def covariance(trial):
    wide = trial.astype(float)
    return wide @ wide.T / wide.shape[1]


def step(reference, towards, weight, mean="riemannian"):
    running = RunningReference("new/0", count=1.0 / weight - 1.0)
    return running.step(reference, towards, mean)[1]


def test_a_riemannian_step_is_one_along_the_geodesic(X):
    one, other = covariance(X[0]), covariance(X[1])
    np.testing.assert_allclose(step(one, other, 0.3), geodesic_riemann(one, other, 0.3), rtol=1e-9)


def test_a_euclidean_step_is_a_weighted_mean(X):
    one, other = covariance(X[0]), covariance(X[1])
    np.testing.assert_array_equal(step(one, other, 0.3, "euclidean"), 0.7 * one + 0.3 * other)


@pytest.mark.parametrize("mean", ["riemannian", "euclidean"])
def test_an_artefact_moves_no_further_than_a_strong_trial(X, mean):
    reference = covariance(X[0])
    moved = step(reference, 1e4 * reference, 0.1, mean)
    np.testing.assert_allclose(moved, step(reference, 10 * reference, 0.1, mean), rtol=1e-9)
    ratio = 10**0.1 if mean == "riemannian" else 1.9
    np.testing.assert_allclose(moved, ratio * reference, rtol=1e-9)


def test_directions_without_signal_stay_without(X):
    referenced = X.astype(float) - X.astype(float).mean(axis=1, keepdims=True)
    moved = step(covariance(referenced[0]), covariance(referenced[1]), 0.3)
    assert np.abs(moved @ np.ones(4)).max() < 1e-9 * np.abs(moved).max()


def test_a_running_arithmetic_mean_is_the_mean_of_start_and_trials(X):
    sources, new = X[:30], X[30:40]
    learned = EuclideanAlignment().fit(sources, np.repeat("new/0", 30))
    start = learned.references_["new/0"]  # whose amplitude is known
    expected = (PRIOR_TRIALS * start + sum(map(covariance, new))) / (PRIOR_TRIALS + len(new))
    np.testing.assert_allclose(updated(learned, new).references_["new/0"], expected, rtol=1e-9)


def test_later_on_the_newest_trial_keeps_its_weight(X):
    before = updated(EuclideanAlignment().fit(X[:10]), X)
    after = updated(before, X[:1]).references_["new/0"]
    expected = (1 - MOMENTUM) * before.references_["new/0"] + MOMENTUM * covariance(X[0])
    np.testing.assert_allclose(after, expected, rtol=1e-12)


def test_a_running_riemannian_mean_comes_close_to_that_of_all_trials(X):
    alignment = updated(RiemannianAlignment().fit(3.0 * X[:10, ::-1]), X)
    mean = mean_riemann(np.stack([covariance(trial) for trial in X]))
    start, end = RiemannianAlignment().fit(3.0 * X[:10, ::-1]).fallback_, alignment.fallback_
    assert distance_riemann(end, mean) < 0.15 * distance_riemann(start, mean)


def test_the_amplitude_of_a_new_subject_is_found_at_once(X):
    loud = updated(RiemannianAlignment().fit(X[:30]), 15 * X[30:31])
    assert 0.5 < np.trace(loud.fallback_) / (225 * np.trace(covariance(X[30]))) < 2.0


def test_an_artefact_among_the_first_trials_does_not_set_the_amplitude(X):
    spoilt = X[:20].copy()
    spoilt[0] *= 100
    sources = EuclideanAlignment().fit(X[30:])
    plain, with_artefact = (updated(sources, trials).fallback_ for trials in (X[:20], spoilt))
    assert np.trace(with_artefact) < 2 * np.trace(plain)


def with_loose_channel(trials, which):
    noise = np.random.default_rng(2).normal(0, 500, (len(which), trials.shape[2]))
    noisy = trials.copy()
    noisy[which, 1] += noise
    return noisy


@pytest.mark.parametrize("alignment", [RiemannianAlignment, EuclideanAlignment])
def test_a_loose_electrode_in_some_trials_hardly_moves_the_reference(alignment, X):
    sources = alignment().fit(X[30:])
    plain = updated(sources, X[:30]).fallback_
    noisy = updated(sources, with_loose_channel(X[:30], np.arange(3, 30, 4))).fallback_
    assert distance_riemann(noisy, plain) < 0.3


def test_a_lasting_change_of_a_channel_moves_the_reference(X):
    sources = RiemannianAlignment().fit(X[30:])
    changed = with_loose_channel(np.concatenate([X, X]), np.arange(20, 120))
    power = updated(sources, changed).fallback_[1, 1]
    assert 0.5 < power / covariance(changed[-1])[1, 1] < 2.0


@pytest.mark.parametrize("alignment", [RiemannianAlignment, EuclideanAlignment])
@pytest.mark.parametrize("n_before", [0, 1, 20])
def test_a_flat_trial_does_not_move_the_reference(alignment, n_before, X):
    before = updated(alignment().fit(X[30:]), X[:n_before], "new/0")
    after = updated(before, np.zeros_like(X[:1]))
    np.testing.assert_allclose(after.fallback_, before.fallback_, rtol=1e-9)


@pytest.mark.parametrize("name", list(ALIGNMENTS))
def test_the_alignment_before_stays_as_it_is(name, X):
    before = ALIGNMENTS[name]().fit(X[:30], np.repeat(["1/0", "2/0"], 15))
    expected = before.transform(X)
    once = updated(before, X[30:31])
    after_one = once.transform(X)
    updated(once, X[31:35])
    assert once.is_incremental
    np.testing.assert_array_equal(before.transform(X), expected)
    np.testing.assert_array_equal(once.transform(X), after_one)
    assert not np.array_equal(after_one, expected)
    np.testing.assert_array_equal(once.transform(X, ["new/0"] * len(X)), after_one)


@pytest.mark.parametrize("name", list(ALIGNMENTS))
def test_a_restored_alignment_goes_on_alike(name, X):
    domains = np.repeat(["1/0", "2/0"], 15)
    trials = with_loose_channel(X[30:40], np.array([1, 6, 8]))
    alignment = updated(ALIGNMENTS[name]().fit(X[:30], domains), trials[:3])
    again = ALIGNMENTS[name]().from_arrays(["1/0", "2/0", "new/0"], alignment.to_arrays())
    one, other = (updated(a, trials[3:]).transform(X) for a in (alignment, again))
    np.testing.assert_array_equal(one, other)


def test_features_of_a_trial_are_the_same_whether_it_was_decomposed_before_or_not(X):
    alignment = updated(TangentViews(n_windows=2, n_delays=2, span=8).fit(X[:30]), X[30:35])
    fresh = TangentViews(n_windows=2, n_delays=2, span=8).from_arrays(
        ["", "new/0"], alignment.to_arrays()
    )
    np.testing.assert_array_equal(alignment.transform(X[40:41]), fresh.transform(X[40:41]))
    np.testing.assert_array_equal(
        updated(alignment, X[40:41]).transform(X), updated(fresh, X[40:41]).transform(X)
    )
