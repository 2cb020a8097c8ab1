"""References from rest windows: what is accepted, and the points between two means."""

from __future__ import annotations

import numpy as np
import pytest
from pyriemann.geometry.distance import distance_riemann
from pyriemann.geometry.mean import mean_riemann

from bci_dann.exceptions import ConfigError, DataError
from bci_dann.features import TangentViews
from bci_dann.features.rest_reference import blended_reference, rest_weight
from bci_dann.features.shrunk_covariance import shrunk_covariances

DOMAINS = np.repeat(["a/0", "b/0"], 12)
REST_DOMAINS = np.repeat(["a/0", "b/0"], 30)


def noise(n_trials, n_times, seed=0):
    rng = np.random.default_rng(seed)
    mixing = np.eye(3) + 0.3 * rng.standard_normal((3, 3))
    return 10 * mixing @ rng.standard_normal((n_trials, 3, n_times))


@pytest.fixture
def trials():
    return noise(24, 120)


@pytest.fixture
def rest():
    return noise(60, 80, seed=1)


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


def test_the_reference_is_the_mean_of_the_rest_windows_alone(trials, rest):
    views = TangentViews(n_windows=1, n_delays=1, robust=False, rest_weight=1.0)
    views.fit(trials, DOMAINS, rest, REST_DOMAINS)
    for name in ("a/0", "b/0"):
        expected = mean_riemann(shrunk_covariances(rest[name == REST_DOMAINS]))
        np.testing.assert_allclose(views.centres_[0].references_[name], expected, rtol=1e-4)
    other = views.fit(5 * trials, DOMAINS, rest, REST_DOMAINS).centres_[0].references_["a/0"]
    expected = mean_riemann(shrunk_covariances(rest[:30]))
    np.testing.assert_allclose(other, expected, rtol=1e-4)


def test_a_blend_lies_between_both_means_in_every_view(trials, rest):
    settings = {"n_windows": 2, "n_delays": 2, "span": 4}
    at, toward, half = (
        TangentViews(rest_weight=weight, **settings).fit(trials, DOMAINS, rest, REST_DOMAINS)
        for weight in (0.0, 1.0, 0.5)
    )
    for view in range(4):
        first, last, middle = (one.centres_[view].references_["b/0"] for one in (at, toward, half))
        whole = distance_riemann(first, last)
        assert distance_riemann(first, middle) == pytest.approx(whole / 2, rel=1e-6)
        assert distance_riemann(middle, last) == pytest.approx(whole / 2, rel=1e-6)


def test_a_weight_of_zero_changes_no_bit(trials, rest):
    plain, zero = TangentViews(), TangentViews(rest_weight=0.0)
    np.testing.assert_array_equal(
        plain.fit(trials, DOMAINS).transform(trials, DOMAINS),
        zero.fit(trials, DOMAINS, rest, REST_DOMAINS).transform(trials, DOMAINS),
    )
    assert not zero.takes_rest


def test_a_new_domain_is_added_and_saved(trials, rest):
    views = TangentViews(n_windows=1, n_delays=2, span=4, rest_weight=1.0)
    views.fit(trials, DOMAINS, rest, REST_DOMAINS)
    views.extend(3 * trials[:12], np.repeat("c/0", 12), 3 * rest[:30], np.repeat("c/0", 30))
    np.testing.assert_allclose(
        views.transform(3 * trials[:12], np.repeat("c/0", 12)),
        views.transform(trials[:12], DOMAINS[:12]),
        atol=1e-3,
    )
    again = TangentViews(n_windows=1, n_delays=2, span=4, rest_weight=1.0)
    again.from_arrays(views.domains_, views.to_arrays())
    np.testing.assert_array_equal(
        again.transform(trials, DOMAINS), views.transform(trials, DOMAINS)
    )


def test_windows_too_short_for_the_delays_are_refused(trials, rest):
    views = TangentViews(n_windows=1, n_delays=7, span=48, rest_weight=1.0)
    with pytest.raises(DataError, match=r"rest windows have 80 samples, .* need 112"):
        views.fit(trials, DOMAINS, rest, REST_DOMAINS)


def test_rest_windows_are_needed(trials):
    with pytest.raises(DataError, match="needs rest windows"):
        TangentViews(rest_weight=0.5).fit(trials, DOMAINS)


def test_there_must_be_a_mean_to_re_centre_by():
    with pytest.raises(ConfigError, match="reference='rest'"):
        TangentViews(None, rest_weight=1.0).check_parameters()
