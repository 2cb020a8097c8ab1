from __future__ import annotations

import numpy as np

from bci_dann.alignment import Span


def test_vectors_of_the_span_come_back_and_products_stay():
    X = np.random.default_rng(0).normal(size=(12, 50))
    span = Span.of(X)
    within = span.coordinates(X)
    assert within.shape == (12, 12)
    np.testing.assert_allclose(span.vectors(within), X, atol=1e-12)
    np.testing.assert_allclose(within @ within.T, X @ X.T, atol=1e-12)


def test_what_lies_outside_is_left_out():
    X = np.random.default_rng(0).normal(size=(4, 9))
    span = Span.of(X)
    stranger = np.random.default_rng(1).normal(size=(1, 9))
    rest = stranger - span.vectors(span.coordinates(stranger))
    assert np.linalg.norm(rest) > 0.1
    np.testing.assert_allclose(X @ rest.T, 0, atol=1e-12)


def test_centred_trials_span_a_direction_less():
    X = np.random.default_rng(0).normal(size=(12, 50))
    X -= X.mean(axis=0)
    assert Span.of(X).coordinates(X).shape == (12, 11)
    assert Span.of(np.zeros((3, 5))).coordinates(X[:, :5]).shape == (12, 0)


def test_many_trials_need_no_other_coordinates():
    X = np.random.default_rng(0).normal(size=(9, 9)).astype(np.float32)
    assert Span.of(X).coordinates(X) is X
    assert Span.of(X).vectors(X) is X
