"""The inverse square root of a mean covariance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import fractional_matrix_power

from bci_dann.alignment.whitening import inverse_square_root
from bci_dann.exceptions import DataError


@pytest.mark.parametrize("n_chans", [1, 2, 5, 20])
def test_inverse_square_root_whitens(n_chans):
    rng = np.random.default_rng(n_chans)
    factor = rng.standard_normal((n_chans, 2 * n_chans))
    reference = factor @ factor.T
    whitening = inverse_square_root(reference)
    np.testing.assert_allclose(whitening, whitening.T, atol=1e-10)
    np.testing.assert_allclose(
        whitening @ reference @ whitening, np.eye(n_chans), atol=1e-9 * n_chans
    )
    np.testing.assert_allclose(whitening, fractional_matrix_power(reference, -0.5), atol=1e-8)


def test_directions_without_signal_are_left_empty():
    rng = np.random.default_rng(0)
    factor = rng.standard_normal((4, 2))
    whitening = inverse_square_root(factor @ factor.T)
    projector = factor @ np.linalg.pinv(factor)
    np.testing.assert_allclose(whitening @ factor @ factor.T @ whitening, projector, atol=1e-10)
    assert np.linalg.matrix_rank(whitening) == 2


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_the_rank_does_not_depend_on_the_unit(scale):
    reference = scale * np.diag([1.0, 1e-6, 1e-12])
    values = np.linalg.eigvalsh(inverse_square_root(reference)) * np.sqrt(scale)
    np.testing.assert_allclose(values, [0, 1, 1e3], atol=1e-9)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (np.zeros((3, 3)), "is zero: the trials hold no signal"),
        (np.diag([1.0, np.inf]), "is not finite: look for NaN"),
        (-np.eye(2), "is zero"),
    ],
)
def test_references_that_cannot_be_inverted(reference, message):
    with pytest.raises(DataError, match=message):
        inverse_square_root(reference)
