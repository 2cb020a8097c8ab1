from __future__ import annotations

import numpy as np

from bci_dann.features import Subspace


def test_vectors_of_the_subspace_come_back_and_products_stay():
    X = np.random.default_rng(0).normal(size=(12, 50))
    subspace = Subspace.spanned_by(X)
    within = subspace.coordinates(X)
    assert within.shape == (12, 12)
    np.testing.assert_allclose(subspace.vectors(within), X, atol=1e-12)
    np.testing.assert_allclose(within @ within.T, X @ X.T, atol=1e-12)


def test_what_lies_outside_is_left_out():
    X = np.random.default_rng(0).normal(size=(4, 9))
    subspace = Subspace.spanned_by(X)
    stranger = np.random.default_rng(1).normal(size=(1, 9))
    rest = stranger - subspace.vectors(subspace.coordinates(stranger))
    assert np.linalg.norm(rest) > 0.1
    np.testing.assert_allclose(X @ rest.T, 0, atol=1e-12)


def test_centred_trials_span_a_direction_less():
    X = np.random.default_rng(0).normal(size=(12, 50))
    X -= X.mean(axis=0)
    assert Subspace.spanned_by(X).coordinates(X).shape == (12, 11)
    assert Subspace.spanned_by(np.zeros((3, 5))).coordinates(X[:, :5]).shape == (12, 0)


def test_many_trials_need_no_other_coordinates():
    X = np.random.default_rng(0).normal(size=(9, 9)).astype(np.float32)
    assert Subspace.spanned_by(X).coordinates(X) is X
    assert Subspace.spanned_by(X).vectors(X) is X


def test_the_basis_is_orthonormal_and_in_double_precision():
    X = np.random.default_rng(0).normal(size=(20, 70)).astype(np.float32)
    basis = Subspace.spanned_by(X).basis
    assert basis.dtype == np.float64
    np.testing.assert_allclose(basis.T @ basis, np.eye(20), atol=1e-9)


def test_repeated_trials_add_no_direction():
    X = np.random.default_rng(0).normal(size=(5, 40))
    assert Subspace.spanned_by(np.vstack([X, X, X[:2]])).basis.shape == (40, 5)


def test_a_ridge_decoder_in_coordinates_is_the_one_in_all_features():
    """The claim that the module rests on."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(15, 60)), rng.normal(size=15)
    direct = np.linalg.solve(X.T @ X + 3.0 * np.eye(60), X.T @ y)
    subspace = Subspace.spanned_by(X)
    Z = subspace.coordinates(X)
    within = np.linalg.solve(Z.T @ Z + 3.0 * np.eye(15), Z.T @ y)
    np.testing.assert_allclose(subspace.vectors(within[None])[0], direct, atol=1e-10)
