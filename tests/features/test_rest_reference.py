"""References from rest windows: what is accepted, and the points between two means."""

from __future__ import annotations

import numpy as np
import pytest
from pyriemann.geometry.distance import distance_riemann

from bci_dann.alignment.shrunk_covariance import shrunk_covariances
from bci_dann.exceptions import ConfigError
from bci_dann.features.rest_reference import blended_reference, rest_weight


def noise(n_trials, n_times, seed=0):
    rng = np.random.default_rng(seed)
    mixing = np.eye(3) + 0.3 * rng.standard_normal((3, 3))
    return 10 * mixing @ rng.standard_normal((n_trials, 3, n_times))


@pytest.mark.parametrize(
    ("reference", "weight"),
    [
        ("trials", 0.0),
        ("rest", 1.0),
        ({"name": "rest"}, 1.0),
        ({"name": "rest", "weight": 0.25}, 0.25),
    ],
)
def test_weights(reference, weight):
    assert rest_weight(reference) == weight


@pytest.mark.parametrize(
    "reference",
    ["Rest", None, 0.5, {"weight": 0.5}, {"name": "rest", "weight": 1.5}, {"name": "rest", "w": 1}],
)
def test_other_references_are_refused(reference):
    with pytest.raises(ConfigError, match="reference"):
        rest_weight(reference)


def test_a_blend_is_a_point_of_the_geodesic():
    of_trials, of_rest = shrunk_covariances(noise(2, 100))
    between = blended_reference(of_trials, of_rest, 0.25, "riemannian")
    whole = distance_riemann(of_trials, of_rest)
    assert distance_riemann(of_trials, between) == pytest.approx(0.25 * whole)
    assert distance_riemann(between, of_rest) == pytest.approx(0.75 * whole)
    straight = blended_reference(of_trials, of_rest, 0.25, "euclidean")
    np.testing.assert_allclose(straight, 0.75 * of_trials + 0.25 * of_rest)
