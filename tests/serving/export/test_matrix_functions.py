"""Functions of matrices by matrix products equal those by eigen-decomposition."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bci_dann._arrays import floored_log
from bci_dann.serving.export.matrix_functions import inverse, logarithm, roots, sign


def matrices(n, condition, seed=0):
    """Return five matrices with eigenvalues from 3 / condition to 3, and their eigen-systems."""
    rng = np.random.default_rng(seed)
    vectors = np.linalg.qr(rng.standard_normal((5, n, n)))[0]
    values = np.exp(rng.uniform(-np.log(condition), 0, (5, n)))
    values[:, 0], values[:, -1] = 1 / condition, 1
    values *= 3
    return torch.from_numpy((vectors * values[:, None]) @ vectors.swapaxes(1, 2)), values, vectors


@pytest.mark.parametrize("n", [2, 15, 40])
@pytest.mark.parametrize(("condition", "error"), [(1.5, 1e-12), (1e3, 1e-12), (1e6, 1e-8)])
def test_a_logarithm(n, condition, error):
    given, values, vectors = matrices(n, condition)
    expected = (vectors * np.log(values)[:, None]) @ vectors.swapaxes(1, 2)
    np.testing.assert_allclose(logarithm(given).numpy(), expected, atol=error)


def test_the_logarithm_of_a_zero_matrix_is_that_of_the_features():
    given, *_ = matrices(4, 10.0)
    given[2] = 0.0
    found = logarithm(given)
    np.testing.assert_allclose(found[2].numpy(), floored_log(np.zeros(1)) * np.eye(4))
    assert torch.equal(found[:2], logarithm(given[:2]))


@pytest.mark.parametrize(("condition", "error"), [(1.5, 1e-12), (1e3, 1e-10), (1e6, 1e-7)])
def test_an_inverse(condition, error):
    given, *_ = matrices(12, condition)
    product = (inverse(given) @ given).numpy()
    np.testing.assert_allclose(product, np.broadcast_to(np.eye(12), product.shape), atol=error)


def test_amplitude_does_not_matter():
    given, *_ = matrices(6, 100.0)
    shift = np.log(1e-12) * np.eye(6)
    expected = logarithm(given).numpy() + shift
    np.testing.assert_allclose(logarithm(1e-12 * given).numpy(), expected, atol=1e-9)
    scaled = inverse(1e12 * given).numpy() * 1e12
    np.testing.assert_allclose(scaled, inverse(given).numpy(), rtol=1e-8, atol=1e-9)


def test_a_square_root_and_its_inverse():
    given, values, vectors = matrices(12, 1e3)
    for found, power in zip(roots(given), (0.5, -0.5), strict=True):
        expected = (vectors * values[:, None] ** power) @ vectors.swapaxes(1, 2)
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-9)


@pytest.mark.parametrize("n_positive", [0, 3, 12])
def test_a_sign(n_positive):
    _, values, vectors = matrices(12, 1e6)
    signs = np.where(np.arange(12) < n_positive, 1.0, -1.0)
    indefinite = (vectors * (values * signs)[:, None]) @ vectors.swapaxes(1, 2)
    expected = (vectors * signs) @ vectors.swapaxes(1, 2)
    np.testing.assert_allclose(sign(torch.from_numpy(indefinite)).numpy(), expected, atol=1e-8)
