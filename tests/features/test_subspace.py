from __future__ import annotations

import numpy as np

from bci_dann.features import Subspace


def test_vectors_of_the_subspace_come_back_and_products_stay():
    X = np.random.default_rng(0).normal(size=(12, 50))
    subspace = Subspace.of(X)
    within = subspace.coordinates(X)
    assert within.shape == (12, 12)
    np.testing.assert_allclose(subspace.vectors(within), X, atol=1e-12)
    np.testing.assert_allclose(within @ within.T, X @ X.T, atol=1e-12)


def test_what_lies_outside_is_left_out():
    X = np.random.default_rng(0).normal(size=(4, 9))
    subspace = Subspace.of(X)
    stranger = np.random.default_rng(1).normal(size=(1, 9))
    rest = stranger - subspace.vectors(subspace.coordinates(stranger))
    assert np.linalg.norm(rest) > 0.1
    np.testing.assert_allclose(X @ rest.T, 0, atol=1e-12)


def test_centred_trials_span_a_direction_less():
    X = np.random.default_rng(0).normal(size=(12, 50))
    X -= X.mean(axis=0)
    assert Subspace.of(X).coordinates(X).shape == (12, 11)
    assert Subspace.of(np.zeros((3, 5))).coordinates(X[:, :5]).shape == (12, 0)


def test_many_trials_need_no_other_coordinates():
    X = np.random.default_rng(0).normal(size=(9, 9)).astype(np.float32)
    assert Subspace.of(X).coordinates(X) is X
    assert Subspace.of(X).vectors(X) is X
