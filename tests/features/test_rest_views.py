"""Views that are re-centred by rest windows."""

from __future__ import annotations

import numpy as np
import pytest
from pyriemann.geometry.distance import distance_riemann
from pyriemann.geometry.mean import mean_riemann

from bci_dann.alignment.shrunk_covariance import shrunk_covariances
from bci_dann.exceptions import ConfigError, DataError
from bci_dann.features.rest_views import RestViews

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


def test_the_reference_is_the_mean_of_the_rest_windows_alone(trials, rest):
    views = RestViews(n_windows=1, n_delays=1, robust=False)
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
        RestViews(weight=weight, **settings).fit(trials, DOMAINS, rest, REST_DOMAINS)
        for weight in (1e-9, 1.0, 0.5)
    )
    for view in range(4):
        first, last, middle = (one.centres_[view].references_["b/0"] for one in (at, toward, half))
        whole = distance_riemann(first, last)
        assert distance_riemann(first, middle) == pytest.approx(whole / 2, rel=1e-6)
        assert distance_riemann(middle, last) == pytest.approx(whole / 2, rel=1e-6)


def test_a_new_domain_is_added_and_saved(trials, rest):
    views = RestViews(n_windows=1, n_delays=2, span=4)
    views.fit(trials, DOMAINS, rest, REST_DOMAINS)
    views.extend(3 * trials[:12], np.repeat("c/0", 12), 3 * rest[:30], np.repeat("c/0", 30))
    np.testing.assert_allclose(
        views.transform(3 * trials[:12], np.repeat("c/0", 12)),
        views.transform(trials[:12], DOMAINS[:12]),
        atol=1e-3,
    )
    again = RestViews(n_windows=1, n_delays=2, span=4)
    again.from_arrays(views.domains_, views.to_arrays())
    np.testing.assert_array_equal(
        again.transform(trials, DOMAINS), views.transform(trials, DOMAINS)
    )


def test_windows_too_short_for_the_delays_are_refused(trials, rest):
    views = RestViews(n_windows=1, n_delays=7, span=48)
    with pytest.raises(DataError, match=r"rest windows have 80 samples, .* need 112"):
        views.fit(trials, DOMAINS, rest, REST_DOMAINS)


def test_rest_windows_are_needed(trials):
    with pytest.raises(DataError, match="needs rest windows"):
        RestViews().fit(trials, DOMAINS)


def test_there_must_be_a_mean_to_re_centre_by():
    with pytest.raises(ConfigError, match="reference='rest'"):
        RestViews(None).check_parameters()
