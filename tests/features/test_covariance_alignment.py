from __future__ import annotations

import numpy as np
import pytest
from pyriemann.geometry.mean import mean_riemann
from scipy.linalg import sqrtm
from sklearn.covariance import oas

from bci_dann.alignment import ResultCache
from bci_dann.exceptions import ConfigError, DataError
from bci_dann.features import CovarianceAlignment

DOMAINS = np.repeat(["a/0", "b/0"], 12)


@pytest.fixture
def trials():
    rng = np.random.default_rng(0)
    return 10 * rng.standard_normal((4, 4)) @ rng.standard_normal((24, 4, 60))


def test_covariances_by_the_formula(trials):
    alignment = CovarianceAlignment(n_delays=2, span=3, robust=False).fit(trials, DOMAINS)
    copies = [np.concatenate([trial[:, :-3], trial[:, 3:]]) for trial in trials[:12]]
    covariances = np.stack([oas(copy.T)[0] for copy in copies])
    whitening = np.linalg.inv(np.real(sqrtm(mean_riemann(covariances))))
    expected = whitening @ covariances @ whitening
    aligned = alignment.transform(trials, DOMAINS)
    assert aligned.shape == (24, *alignment.shape_of((4, 60)))
    np.testing.assert_allclose(aligned[:12], expected, rtol=1e-3, atol=1e-4)


def test_the_mean_of_each_domain_is_the_identity_whatever_mixed_its_channels(trials):
    moved = trials.copy()
    moved[12:] = np.random.default_rng(1).standard_normal((4, 4)) @ moved[12:]
    aligned = CovarianceAlignment(n_delays=3).fit(moved, DOMAINS).transform(moved, DOMAINS)
    for name in ("a/0", "b/0"):
        mean = mean_riemann(aligned[name == DOMAINS].astype(float))
        np.testing.assert_allclose(mean, np.eye(12), atol=1e-3)


def test_a_new_domain_gets_its_own_mean_when_it_is_added(trials):
    alignment = CovarianceAlignment(n_delays=1).fit(trials, DOMAINS)
    new = 5 * trials[:, ::-1]
    before = np.linalg.norm(alignment.transform(new).mean(0) - np.eye(4))
    alignment.extend(new, np.repeat("c/0", 24))
    after = np.linalg.norm(alignment.transform(new, np.repeat("c/0", 24)).mean(0) - np.eye(4))
    assert after < 0.5 < before
    assert alignment.domains_ == ["a/0", "b/0", "c/0"]


def test_a_single_trial_moves_the_mean_of_a_copy_alone(trials):
    alignment = CovarianceAlignment(n_delays=1).fit(trials, DOMAINS)
    expected = alignment.transform(trials, DOMAINS)
    moved = CovarianceAlignment(n_delays=1).from_arrays(alignment.domains_, alignment.to_arrays())
    moved.update(3 * trials[:1], "c/0")
    assert alignment.is_incremental
    assert "c/0" in moved.domains_
    assert "c/0" not in alignment.domains_
    np.testing.assert_array_equal(alignment.transform(trials, DOMAINS), expected)


def test_saved_arrays_restore_it_and_a_cache_changes_nothing(trials):
    alignment = CovarianceAlignment(n_delays=2).fit(trials, DOMAINS)
    expected = alignment.transform(trials, DOMAINS)
    restored = CovarianceAlignment(n_delays=2)
    restored.from_arrays(alignment.domains_, alignment.to_arrays())
    np.testing.assert_array_equal(restored.transform(trials, DOMAINS), expected)
    cached = CovarianceAlignment(n_delays=2)
    cached.cache = ResultCache()
    for _ in range(2):
        cached.fit(trials, DOMAINS)
    np.testing.assert_array_equal(cached.transform(trials, DOMAINS), expected)
    assert cached.cache.n_results >= 2


@pytest.mark.parametrize(("n_chans", "width"), [(30, 120), (64, 192), (80, 160), (140, 140)])
def test_many_channels_have_fewer_copies(n_chans, width):
    X = np.random.default_rng(0).normal(0, 10, (3, n_chans, 200))
    assert CovarianceAlignment().fit(X).transform(X).shape == (3, width, width)


def test_a_saved_alignment_keeps_its_number_of_copies(trials, monkeypatch):
    """Whatever the largest width is in the version that loads it."""
    fitted = CovarianceAlignment().fit(trials, DOMAINS)
    monkeypatch.setattr("bci_dann.features.covariance_views.WIDEST", 8)
    restored = CovarianceAlignment().from_arrays(fitted.domains_, fitted.to_arrays())
    np.testing.assert_array_equal(
        restored.transform(trials, DOMAINS), fitted.transform(trials, DOMAINS)
    )


@pytest.mark.parametrize("wrong", [{"mean": "median"}, {"n_delays": 0}])
def test_wrong_parameters_are_named(trials, wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        CovarianceAlignment(**wrong).fit(trials)


def test_a_loose_electrode_has_no_influence_if_robust(trials):
    noisy, loose = trials.copy(), np.arange(0, 24, 4)
    noisy[loose, 2] += 3000 * np.random.default_rng(1).standard_normal((len(loose), 60))
    aligned, expected = (
        CovarianceAlignment(n_delays=2, span=3).fit(X, DOMAINS).transform(X, DOMAINS)
        for X in (noisy, trials)
    )
    others = np.setdiff1d(np.arange(24), loose)
    assert np.abs(aligned[others] - expected[others]).mean() < 0.05
    assert np.linalg.eigvalsh(aligned[loose].astype(float)).max() < 20


@pytest.mark.parametrize("robust", [True, False])
def test_samples_that_are_not_finite_are_refused(trials, robust):
    X = np.array(trials)
    X[3, 1, 5] = np.nan
    with pytest.raises(DataError, match=f"1 of {len(X)} trials hold samples that are NaN or inf"):
        CovarianceAlignment(robust=robust).fit(X)
