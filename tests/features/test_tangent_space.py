from __future__ import annotations

import numpy as np
import pytest
from pyriemann.geometry.mean import mean_riemann
from scipy.linalg import logm, sqrtm

from bci_dann.alignment.shrunk_covariance import shrunk_covariances
from bci_dann.features.tangent_space import covariances, reduce_features, tangent_space


@pytest.fixture(scope="module")
def trials():
    rng = np.random.default_rng(0)
    return rng.standard_normal((3, 3)) @ rng.standard_normal((15, 3, 50))


def test_covariances_are_the_shrunk_ones(trials):
    np.testing.assert_array_equal(covariances().fit_transform(trials), shrunk_covariances(trials))


def test_tangent_vectors_by_the_formula(trials):
    vectors = tangent_space().fit_transform(trials)
    C = shrunk_covariances(trials)
    whitening = np.linalg.inv(np.real(sqrtm(mean_riemann(C))))
    logarithm = np.real(logm(whitening @ C[4] @ whitening))
    rows, columns = np.triu_indices(3)
    expected = logarithm[rows, columns] * np.where(rows == columns, 1, np.sqrt(2))
    np.testing.assert_allclose(vectors[4], expected, atol=1e-6)
    np.testing.assert_allclose(vectors.mean(0), 0, atol=1e-6)


def test_new_trials_are_mapped_at_the_mean_of_the_old_ones(trials):
    fitted = tangent_space().fit(trials[:10])
    louder = fitted.transform(10 * trials[:10])
    assert louder.mean(0)[[0, 3, 5]] == pytest.approx(2 * np.log(10))


def test_reduced_features_are_standardised_principal_components():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 5)) * [1, 10, 100, 1000, 1e4]
    scores = reduce_features(X, 2)
    scaled = (X - X.mean(0)) / X.std(0)
    values = np.linalg.svd(scaled, full_matrices=False)[1]
    np.testing.assert_allclose(np.linalg.norm(scores, axis=0), values[:2])
    assert abs(scores[:, 0] @ scores[:, 1]) < 1e-8


@pytest.mark.parametrize(("shape", "expected"), [((40, 5), 5), ((4, 9), 4), ((40, 30), 10)])
def test_there_are_no_more_components_than_features_or_trials(shape, expected):
    X = np.random.default_rng(0).normal(size=shape)
    assert reduce_features(X, 10).shape == (shape[0], expected)


def test_constant_features_do_not_contribute():
    X = np.random.default_rng(0).normal(size=(20, 3))
    with_constant = np.c_[X, np.full(20, 7.0)]
    np.testing.assert_allclose(
        np.abs(reduce_features(with_constant, 3)), np.abs(reduce_features(X, 3)), atol=1e-9
    )
