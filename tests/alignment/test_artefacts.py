from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from bci_dann.alignment import artefacts
from bci_dann.alignment.artefacts import (
    longest_norm,
    shorten,
    suppress_artefacts,
    winsorise,
    without_bursts,
)
from bci_dann.alignment.shrunk_covariance import shrunk_covariances
from bci_dann.exceptions import DataError
from bci_dann.features import TangentViews


@pytest.fixture
def trials():
    rng = np.random.default_rng(0)
    return 10 * rng.standard_normal((5, 5)) @ rng.standard_normal((300, 5, 200))


def with_bursts(trials, factor=30):
    """Ten samples of every trial are many times as large, on one electrode."""
    changed = trials.copy()
    changed[:, 2, 50:60] *= factor
    return changed


def test_ordinary_trials_stay_nearly_as_they_are(trials):
    moved = np.abs(winsorise(trials) - trials).max(axis=1) > 0
    assert 0.003 < moved.mean() < 0.017  # one sample in a hundred
    np.testing.assert_allclose(
        shrunk_covariances(winsorise(trials)).mean(0),
        shrunk_covariances(trials).mean(0),
        rtol=0.02,
    )


def test_samples_far_out_are_brought_to_where_ordinary_ones_end(trials):
    trial = with_bursts(trials)[0]
    levelled = winsorise(trial[None])[0]
    inverse = np.linalg.inv(levelled @ levelled.T)
    before, after = (np.sqrt(np.einsum("ct,cd,dt->t", X, inverse, X)) for X in (trial, levelled))
    limit = np.median(before) * np.sqrt(chi2.ppf(0.99, 5) / chi2.ppf(0.5, 5))
    assert np.median(before[50:60]) > 3 * limit
    np.testing.assert_allclose(after[before > limit], limit, rtol=0.05)
    near = before < 0.95 * limit
    np.testing.assert_array_equal(levelled[:, near], trial[:, near])


def test_bursts_hardly_move_a_covariance(trials):
    clean = shrunk_covariances(trials)
    raw, robust = (
        np.abs(np.log(shrunk_covariances(X)[:, 2, 2] / clean[:, 2, 2])).mean()
        for X in (with_bursts(trials), winsorise(with_bursts(trials)))
    )
    assert raw > 3  # twenty times the variance
    assert robust < raw / 4


@pytest.mark.parametrize("factor", [1, 30, 300, 1e4])
def test_factors_are_those_of_the_iteration_written_out(trials, factor):
    burst = with_bursts(trials, factor)[:4]
    limit = np.sqrt(chi2.ppf(0.99, 5) / chi2.ppf(0.5, 5))
    for X, levelled in zip(burst, winsorise(burst), strict=True):
        scaled = X
        for _ in range(10):
            inverse = np.linalg.inv(scaled @ scaled.T)
            norms = np.sqrt(np.einsum("ct,cd,dt->t", X, inverse, X))
            scaled = X * np.minimum(1.0, limit * np.median(norms) / norms)
        np.testing.assert_allclose(levelled, scaled, rtol=1e-8)


def test_a_trial_does_not_depend_on_the_others(trials):
    together = winsorise(with_bursts(trials)[:20])
    np.testing.assert_array_equal(winsorise(with_bursts(trials)[7:8])[0], together[7])


def test_it_is_the_same_however_channels_are_mixed(trials):
    mixing = np.random.default_rng(1).standard_normal((5, 5))
    burst = with_bursts(trials)
    np.testing.assert_allclose(winsorise(mixing @ burst), mixing @ winsorise(burst), atol=1e-6)


def test_trials_without_full_rank_or_signal(trials):
    referenced = with_bursts(trials - trials.mean(axis=1, keepdims=True))
    referenced -= referenced.mean(axis=1, keepdims=True)
    levelled = winsorise(referenced)
    np.testing.assert_allclose(levelled[:, :4], winsorise(referenced[:, :4]), atol=1e-6)
    np.testing.assert_array_equal(winsorise(np.zeros((2, 3, 20))), 0)
    trials[:, :, :150] = 0.0  # a lost connection
    np.testing.assert_array_equal(winsorise(trials), trials)


def test_given_trials_are_left_alone_and_their_type_is_kept(trials):
    given = with_bursts(trials).astype(np.float32)
    before = given.copy()
    assert winsorise(given).dtype == np.float32
    np.testing.assert_array_equal(given, before)


def test_views_of_trials_with_bursts_are_those_of_clean_ones(trials):
    burst = trials.copy()
    burst[::2] = with_bursts(trials)[::2]
    views = {
        robust: [TangentViews(robust=robust).fit(trials).transform(X) for X in (trials, burst)]
        for robust in (False, True)
    }
    apart = {robust: np.linalg.norm(a - b, axis=1)[::2].mean() for robust, (a, b) in views.items()}
    assert apart[True] < apart[False] / 3


def test_whole_numbers_are_taken_for_what_they_are(trials):
    counts = np.round(with_bursts(trials)).astype(np.int32)
    np.testing.assert_allclose(winsorise(counts), winsorise(counts.astype(np.float64)))


def test_long_vectors_are_shortened_and_others_stay():
    vectors = np.random.default_rng(0).standard_normal((50, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[:3] *= [[1.9], [2.1], [30]]
    longest = longest_norm([vectors[:20], vectors[20:]])
    assert longest == pytest.approx(2, rel=1e-6)
    given = vectors.copy()
    shorten(vectors, longest)
    np.testing.assert_array_equal(np.delete(vectors, [1, 2], 0), np.delete(given, [1, 2], 0))
    np.testing.assert_allclose(np.linalg.norm(vectors[1:3], axis=1), 2, rtol=1e-6)
    np.testing.assert_allclose(vectors[2] / 2, given[2] / 30, rtol=1e-5)


def test_vectors_that_are_mostly_zero_have_no_scale():
    vectors = np.zeros((5, 3))
    vectors[0] = 7
    shorten(vectors, longest_norm([vectors]))
    np.testing.assert_array_equal(vectors[0], 7)


def test_the_vector_of_a_trial_of_artefacts_is_as_long_as_the_limit(trials):
    spoilt = np.concatenate([trials, 50 * trials[:1, ::-1]])
    norms = {
        robust: np.linalg.norm(TangentViews(robust=robust).fit(trials).transform(spoilt), axis=1)
        for robust in (True, False)
    }
    median = np.median(norms[True][:-1])
    assert norms[False][-1] > 3 * np.median(norms[False])
    assert norms[True][-1] == pytest.approx(2 * median, rel=1e-3)


BURST = slice(60, 110)  # a quarter of the trial: an M-estimator breaks down


def with_large_bursts(trials, size=5000.0):
    """Every trial has an oscillation of one direction, far larger than EEG."""
    pattern = np.array([0.1, 0.0, 1.0, 0.05, -0.1])
    wave = size * np.hanning(50) * np.sin(np.arange(50))
    changed = trials.copy()
    changed[:, :, BURST] += pattern[:, None] * wave
    return changed


def distance(first, second):
    """Return the distance of covariances, on average."""
    logarithms = [np.log(np.linalg.eigvalsh(shrunk_covariances(X))) for X in (first, second)]
    return np.abs(logarithms[0] - logarithms[1]).mean()


def test_long_bursts_are_projected_out(trials):
    spoilt = with_large_bursts(trials)
    repaired = without_bursts(spoilt)
    assert distance(winsorise(spoilt), trials) > 5 * distance(winsorise(repaired), trials)
    assert np.abs(repaired).max() < 500  # what begins slowly is left to `winsorise`
    outside = np.r_[0:50, 120:200]
    np.testing.assert_array_equal(repaired[:, :, outside], trials[:, :, outside])


def test_directions_without_the_burst_are_kept(trials):
    """What other channels record during a burst is still there."""
    spoilt = trials.copy()
    spoilt[:, 2, BURST] += 1000 * np.sin(np.arange(50))
    repaired = without_bursts(spoilt)
    # the part that channel 2 cannot explain, since it is spoilt itself
    for trial, clean in zip(repaired, trials, strict=True):
        others = np.delete(np.arange(5), 2)
        weights = clean[others] @ clean[2] / (clean[2] @ clean[2])
        unexplained = clean[others] - weights[:, None] * clean[2]
        found = trial[others] - weights[:, None] * trial[2]
        kept = np.corrcoef(found[:, BURST].ravel(), unexplained[:, BURST].ravel())[0, 1]
        assert kept > 0.9


@pytest.mark.parametrize("n_chans", [2, 5, 40])
def test_ordinary_trials_are_not_changed(n_chans):
    X = np.random.default_rng(0).standard_normal((100, n_chans, 250)).astype(np.float32)
    np.testing.assert_array_equal(without_bursts(X), X)


def test_the_amplitude_of_a_recording_does_not_matter(trials):
    spoilt = with_large_bursts(trials)
    np.testing.assert_allclose(without_bursts(15 * spoilt), 15 * without_bursts(spoilt), rtol=1e-6)


def test_bursts_that_fill_most_of_a_trial_or_meet_flat_channels(trials):
    spoilt = trials.copy()
    spoilt[:, 0, :170] *= 1000
    np.testing.assert_array_equal(without_bursts(spoilt), spoilt)
    flat = np.zeros((2, 3, 100), dtype=np.float32)
    flat[0, 1, 10] = 5.0
    np.testing.assert_array_equal(without_bursts(flat), flat)
    dead = with_large_bursts(trials)
    dead[:, 4] = 0.0
    assert np.isfinite(without_bursts(dead)).all()
    assert np.abs(without_bursts(dead)).max() < 500


def test_an_average_reference_does_not_matter(trials):
    spoilt = with_large_bursts(trials)
    spoilt -= spoilt.mean(axis=1, keepdims=True)
    repaired = without_bursts(spoilt.astype(np.float32))
    assert np.abs(repaired).max() < 500


def test_both_steps_together(trials):
    spoilt = with_large_bursts(trials)
    np.testing.assert_array_equal(suppress_artefacts(spoilt), winsorise(without_bursts(spoilt)))


def test_every_burst_is_found_by_counting():
    """The count of small samples, which replaces the median in most trials, misses none."""
    rng = np.random.default_rng(0)
    n_found = 0
    for n_times in rng.integers(20, 200, 500):
        sizes = np.abs(rng.standard_t(1.5, (2, n_times))).astype(np.float32)
        typical = np.median(sizes, axis=1, keepdims=True) / artefacts.NORMAL_MEDIAN
        has_burst = bool((sizes > artefacts.BURST_SIZE * typical).any())
        assert artefacts._may_have_bursts(sizes) or not has_burst
        n_found += has_burst
    assert 100 < n_found < 500


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_refused(trials, bad):
    broken = np.array(trials[:10])
    broken[[4, 7], 1, 3] = bad
    with pytest.raises(DataError, match="2 of 10 trials hold samples that are NaN or inf, the fir"):
        suppress_artefacts(broken)
