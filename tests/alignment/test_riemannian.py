from __future__ import annotations

import numpy as np
import pytest

from bci_dann.alignment import EuclideanAlignment, ResultCache, RiemannianAlignment
from bci_dann.alignment.riemannian import CovarianceRecentring, mean_covariance
from bci_dann.alignment.whitening import inverse_square_root
from bci_dann.components import resolve
from bci_dann.exceptions import ConfigError, DataError


@pytest.fixture
def trials():
    rng = np.random.default_rng(0)
    mixing = np.diag([30, 10, 1, 0.3]) @ rng.standard_normal((4, 4))
    return (mixing @ rng.standard_normal((30, 4, 400))).astype("f4")


def test_the_riemannian_mean_of_each_domain_becomes_the_identity(trials):
    from pyriemann.geometry.mean import mean_riemann

    two = np.concatenate([trials, 7 * trials[:, ::-1]])
    domains = np.repeat(["1/0", "2/0"], len(trials))
    aligned = resolve("alignment", "riemannian").fit(two, domains).transform(two, domains)
    for name in ("1/0", "2/0"):
        own = aligned[domains == name].astype(float)
        mean = mean_riemann(own @ own.swapaxes(1, 2) / own.shape[2])
        np.testing.assert_allclose(mean, np.eye(4), atol=1e-3)


def test_one_wild_trial_moves_it_less_than_the_arithmetic_mean(trials):
    wild = trials.copy()
    wild[0] *= 50

    def effect(alignment):
        calm = alignment().fit(trials).transform(trials[1:])
        disturbed = alignment().fit(wild).transform(trials[1:])
        return disturbed.std() / calm.std()

    assert effect(RiemannianAlignment) > 0.8
    assert effect(EuclideanAlignment) < 0.2


def test_dependent_channels_do_no_harm(trials):
    referenced = trials - trials.mean(axis=1, keepdims=True)
    aligned = RiemannianAlignment().fit(referenced).transform(referenced)
    assert np.isfinite(aligned).all()
    assert aligned.std() == pytest.approx(np.sqrt(3 / 4), rel=0.01)  # one direction is empty


# --- means of covariances -----------------------------------------------------------------------


@pytest.fixture
def covariances(trials):
    wide = trials.astype(np.float64)
    return wide @ wide.swapaxes(1, 2) / trials.shape[2]


def test_the_euclidean_mean_is_the_arithmetic_one(covariances):
    np.testing.assert_allclose(
        mean_covariance(covariances, "euclidean"), covariances.mean(axis=0), rtol=1e-12
    )


def test_the_riemannian_mean_is_where_the_tangent_vectors_cancel(covariances):
    """The Karcher mean: ``sum_i log(M^(-1/2) C_i M^(-1/2)) = 0`` (Moakher 2005, eq. 4.8)."""
    whitening = inverse_square_root(mean_covariance(covariances, "riemannian"))
    values, vectors = np.linalg.eigh(whitening @ covariances @ whitening)
    tangents = (vectors * np.log(values)[:, None]) @ vectors.swapaxes(1, 2)
    np.testing.assert_allclose(tangents.mean(axis=0), 0, atol=1e-5)


def test_the_mean_of_inverses_is_the_inverse_of_the_mean(covariances):
    """So that a loud and a quiet trial weigh as much as each other."""
    mean = mean_covariance(covariances, "riemannian")
    of_inverses = mean_covariance(np.linalg.inv(covariances), "riemannian")
    np.testing.assert_allclose(of_inverses @ mean, np.eye(4), atol=1e-4)


def test_commuting_covariances_have_the_geometric_mean():
    C = np.stack([np.diag([1.0, 4.0]), np.diag([9.0, 1.0])])
    np.testing.assert_allclose(mean_covariance(C, "riemannian"), np.diag([3.0, 2.0]), rtol=1e-6)


def test_means_are_found_again_in_a_cache(covariances):
    cache = ResultCache()
    first = mean_covariance(covariances, "riemannian", cache)
    assert mean_covariance(covariances.copy(), "riemannian", cache) is first
    assert mean_covariance(covariances, "euclidean", cache) is not first
    assert cache.n_results == 2
    np.testing.assert_array_equal(first, mean_covariance(covariances, "riemannian"))


def test_a_mean_that_does_not_exist(covariances):
    with pytest.raises(ConfigError, match="Did you mean 'riemannian'"):
        mean_covariance(covariances, "rieman")
    with pytest.raises(ConfigError, match="mean must be one of"):
        CovarianceRecentring("median").fit(covariances)


@pytest.mark.parametrize("counts", [[1, 1], [3, 1], [1, 9]])
def test_references_are_pooled_by_their_numbers_of_trials(counts):
    """Two diagonal references on the geodesic: the logarithms are averaged."""
    references = [np.diag([1.0, 4.0]), np.diag([9.0, 1.0])]
    pooled = CovarianceRecentring().set_references(["a", "b"], references, np.array(counts))
    logs = np.average([np.log(np.diag(r)) for r in references], axis=0, weights=counts)
    np.testing.assert_allclose(np.diag(pooled.fallback_), np.exp(logs), rtol=1e-6)


# --- signals ------------------------------------------------------------------------------------


def test_signals_and_their_covariances_are_centred_alike(trials, covariances):
    aligned = RiemannianAlignment().fit(trials).transform(trials).astype(np.float64)
    of_aligned = aligned @ aligned.swapaxes(1, 2) / trials.shape[2]
    centred = CovarianceRecentring().fit(covariances).transform(covariances)
    np.testing.assert_allclose(of_aligned, centred, rtol=0.01, atol=0.01)  # shrunk by a thousandth


def test_fewer_samples_than_channels(trials):
    """Covariances of rank 3 of 4 have no logarithm without shrinkage."""
    short = trials[:, :, :3]
    aligned = RiemannianAlignment().fit(short).transform(short)
    assert np.isfinite(aligned).all()
    assert 0.3 < aligned.std() < 3


@pytest.mark.parametrize(
    ("value", "message"), [(0.0, "is zero: the trials hold no signal"), (np.nan, "not finite")]
)
def test_trials_without_signal_have_no_reference(value, message):
    broken = np.full((10, 3, 50), value, dtype=np.float32)
    with pytest.raises(DataError, match=message):
        RiemannianAlignment().fit(broken).transform(broken)


def test_a_reference_is_computed_once_for_all_folds(trials):
    cache = ResultCache()
    names = np.repeat(["a", "b", "c"], 10)
    first = RiemannianAlignment()
    first.cache = cache
    first.fit(trials, names)
    assert cache.n_results == 3
    fold = RiemannianAlignment()
    fold.cache = cache
    fold.fit(trials[:20], names[:20]).extend(trials[20:], names[20:])
    assert cache.n_results == 3
    np.testing.assert_array_equal(fold.references_["a"], first.references_["a"])
