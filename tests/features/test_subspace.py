from __future__ import annotations

import numpy as np
import pytest

from bci_dann.features import Subspace


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_vectors_of_the_subspace_come_back_and_products_stay():
    X = drawn(12, 50)
    subspace, within = Subspace.spanned_by(X)
    assert within.shape == (12, 12)
    np.testing.assert_allclose(subspace.vectors(within), X, atol=1e-12)
    np.testing.assert_allclose(within @ within.T, X @ X.T, atol=1e-12)


@pytest.mark.parametrize("shape", [(12, 50), (600, 1300)])  # in one block, and in several
def test_coordinates_of_the_trials_are_those_of_any_vectors(shape):
    X = drawn(*shape).astype(np.float32)
    subspace, within = Subspace.spanned_by(X)
    assert within.dtype == np.float64
    np.testing.assert_allclose(subspace.coordinates(X[3:9]), within[3:9], atol=1e-9)
    np.testing.assert_allclose(subspace.vectors(within[3:9]), X[3:9], atol=1e-9)


def test_what_lies_outside_is_left_out():
    X = drawn(4, 9)
    subspace, _ = Subspace.spanned_by(X)
    stranger = drawn(1, 9, seed=1)
    rest = stranger - subspace.vectors(subspace.coordinates(stranger))
    assert np.linalg.norm(rest) > 0.1
    np.testing.assert_allclose(X @ rest.T, 0, atol=1e-12)


def test_centred_trials_span_a_direction_less():
    X = drawn(12, 50)
    X -= X.mean(axis=0)
    assert Subspace.spanned_by(X)[1].shape == (12, 11)


def test_trials_of_zeros_span_nothing():
    subspace, coordinates = Subspace.spanned_by(np.zeros((3, 5)))
    assert coordinates.shape == (3, 0)
    assert subspace.coordinates(drawn(12, 5)).shape == (12, 0)
    np.testing.assert_array_equal(subspace.vectors(np.empty((2, 0))), np.zeros((2, 5)))


def test_many_trials_need_no_other_coordinates():
    X = drawn(9, 9).astype(np.float32)
    subspace, coordinates = Subspace.spanned_by(X)
    assert coordinates is X
    assert subspace.coordinates(X) is X
    assert subspace.vectors(X) is X


def test_repeated_trials_add_no_direction():
    X = drawn(5, 40)
    assert Subspace.spanned_by(np.vstack([X, X, X[:2]]))[1].shape == (12, 5)


def test_trials_of_centred_domains_in_single_precision():
    """Each domain lacks a direction, up to rounding."""
    X = drawn(8, 30, 500) * np.geomspace(0.01, 10, 500)
    X = (X - X.mean(axis=1, keepdims=True)).reshape(240, 500).astype(np.float32)
    subspace, coordinates = Subspace.spanned_by(X)
    assert coordinates.shape == (240, 232)
    np.testing.assert_allclose(subspace.vectors(coordinates), X, atol=1e-4)


def test_a_ridge_decoder_in_coordinates_is_the_one_in_all_features():
    """The claim that the module rests on."""
    X, y = drawn(15, 60), drawn(15, seed=1)
    direct = np.linalg.solve(X.T @ X + 3.0 * np.eye(60), X.T @ y)
    subspace, Z = Subspace.spanned_by(X)
    within = np.linalg.solve(Z.T @ Z + 3.0 * np.eye(15), Z.T @ y)
    np.testing.assert_allclose(subspace.vectors(within[None])[0], direct, atol=1e-10)
