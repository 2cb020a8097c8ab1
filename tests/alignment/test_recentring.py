"""References of domains: how they are pooled, shrunk, set from outside, and kept."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from bci_dann.alignment import EuclideanAlignment, RiemannianAlignment, euclidean_reference
from bci_dann.alignment.recentring import ENOUGH_TRIALS, domain_names
from bci_dann.exceptions import DataError


def covariances(X):
    wide = X.astype(np.float64)
    return wide @ wide.swapaxes(1, 2) / X.shape[2]


# --- domains --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ["", "", ""]),
        ([1, 1, 2], ["1", "1", "2"]),
        (("a/0", "a/1", "b"), ["a/0", "a/1", "b"]),
        (np.array(["a", "b", "c"], dtype=object), ["a", "b", "c"]),
    ],
)
def test_names_of_domains_are_text(given, expected):
    assert domain_names(given, 3).tolist() == expected


@pytest.mark.parametrize("given", [["a"], [["a"], ["b"], ["c"]], "abc", []])
def test_names_must_be_one_a_trial(given):
    with pytest.raises(DataError, match=r"domains must have shape \(3,\); got"):
        domain_names(given, 3)


def test_names_and_numbers_are_the_same_domain(draw_domains):
    X, _ = draw_domains()
    numbers = np.repeat([1, 2, 3], 20)
    alignment = EuclideanAlignment().fit(X, numbers)
    assert alignment.domains_ == ["1", "2", "3"]
    np.testing.assert_array_equal(
        alignment.transform(X, numbers), alignment.transform(X, numbers.astype(str))
    )


def test_domains_are_listed_in_the_order_of_learning(draw_domains):
    X, _ = draw_domains()
    alignment = EuclideanAlignment().fit(X, np.repeat(["m", "a", "m"], 20))
    alignment.extend(X, np.repeat(["z", "b", "a"], 20))
    assert alignment.domains_ == ["a", "m", "b", "z"]


def test_unfitted_it_transforms_nothing(draw_domains):
    X, domains = draw_domains()
    with pytest.raises(NotFittedError):
        EuclideanAlignment().transform(X, domains)


# --- references -----------------------------------------------------------------------------------


def test_trials_without_domains_get_the_fallback_whatever_domains_are_called(draw_domains):
    X, _ = draw_domains()
    alignment = EuclideanAlignment().fit(X, np.where(np.arange(len(X)) < 10, "None", "other"))
    np.testing.assert_array_equal(alignment.transform(X), alignment.transform(X, ["new"] * len(X)))


def test_the_fallback_is_the_mean_over_the_trials_of_the_last_call(draw_domains):
    X, domains = draw_domains()
    uneven = np.r_[np.arange(10), np.arange(20, 60)]  # domains of 10, 20 and 20 trials
    alignment = EuclideanAlignment().fit(X[uneven], domains[uneven])
    np.testing.assert_allclose(alignment.fallback_, euclidean_reference(X[uneven]), rtol=1e-12)
    alignment.extend(X[:7], np.repeat("new", 7))
    np.testing.assert_allclose(alignment.fallback_, euclidean_reference(X[:7]), rtol=1e-12)


@pytest.mark.parametrize("n_trials", [1, 3, 5, 6, 30])
def test_a_short_domain_is_drawn_to_the_mean_of_its_call(draw_domains, n_trials):
    X, _ = draw_domains(n_trials=90)
    names = np.repeat(["long", "short"], [30, n_trials])
    rows = np.r_[np.arange(30), np.arange(60, 60 + n_trials)]
    alignment = EuclideanAlignment().fit(X[:3]).extend(X[rows], names)
    own = euclidean_reference(X[60 : 60 + n_trials])
    share = min(n_trials / ENOUGH_TRIALS, 1.0)
    expected = share * own + (1 - share) * euclidean_reference(X[rows])
    np.testing.assert_allclose(alignment.references_["short"], expected, rtol=1e-12)
    np.testing.assert_allclose(alignment.references_["long"], euclidean_reference(X[:30]))


def test_short_domains_of_the_sources_are_taken_as_they_are(draw_domains):
    X, _ = draw_domains()
    alignment = EuclideanAlignment().fit(X[:8], np.repeat(["a", "b"], [6, 2]))
    np.testing.assert_allclose(alignment.references_["b"], euclidean_reference(X[6:8]))


def test_a_domain_that_is_learned_again_is_replaced_in_its_place(draw_domains):
    X, domains = draw_domains()
    alignment = EuclideanAlignment().fit(X, domains)
    alignment.extend(7 * X[:20], np.repeat("b/0", 20))
    assert alignment.domains_ == ["a/0", "b/0", "b/1"]
    np.testing.assert_allclose(alignment.references_["b/0"], 49 * euclidean_reference(X[:20]))


def references_of(recentring, C, domains):
    """Return names, references and numbers of trials, domain by domain."""
    names, counts = np.unique(domains, return_counts=True)
    parts = [type(recentring)(recentring.mean).fit(C[domains == name]) for name in names]
    return names.tolist(), [part.references_[""] for part in parts], counts


def test_references_from_outside_are_those_that_are_computed(recentring, draw_domains):
    """A run computes the reference of a source once, and hands it to every fold."""
    X, domains = draw_domains()
    C = covariances(X)
    few = np.arange(60) % 20 < 5  # five trials of each domain
    given = type(recentring)(recentring.mean)
    given.set_references(*references_of(recentring, C, domains))
    recentring.fit(C, domains)
    np.testing.assert_array_equal(given.transform(C, domains), recentring.transform(C, domains))
    np.testing.assert_array_equal(given.transform(C), recentring.transform(C))
    new = np.char.add("new ", domains)
    given.add_references(*references_of(recentring, C[few], new[few]))
    recentring.extend(C[few], new[few])
    assert given.domains_ == recentring.domains_
    np.testing.assert_array_equal(given.transform(C, new), recentring.transform(C, new))


def test_recentred_covariances_have_the_identity_as_mean(recentring, draw_domains):
    from pyriemann.geometry.mean import mean_euclid, mean_riemann

    X, domains = draw_domains()
    C = covariances(X)
    centred = recentring.fit(C, domains).transform(C, domains)
    mean = mean_riemann if recentring.mean == "riemannian" else mean_euclid
    for name in np.unique(domains):
        np.testing.assert_allclose(mean(centred[domains == name]), np.eye(4), atol=1e-5)


def test_distances_within_a_domain_are_kept(draw_domains):
    """Re-centring is a congruence, under which the affine-invariant distance does not change."""
    from pyriemann.geometry.distance import distance_riemann

    from bci_dann.alignment.riemannian import CovarianceRecentring

    X, domains = draw_domains()
    C = covariances(X)
    centred = CovarianceRecentring().fit(C, domains).transform(C, domains)
    before, after = (distance_riemann(part[0], part[1]) for part in (C, centred))
    assert after == pytest.approx(before, rel=1e-6)


@pytest.mark.parametrize("kind", [EuclideanAlignment, RiemannianAlignment])
def test_a_mixing_of_the_channels_is_aligned_away_but_for_a_rotation(kind, draw_domains):
    X, _ = draw_domains()
    mixing = np.eye(4) + 0.5 * np.random.default_rng(5).standard_normal((4, 4))
    mixed = (mixing @ X).astype(np.float32)
    one, two = (kind().fit(Z).transform(Z).astype(np.float64) for Z in (X, mixed))
    rotation = np.linalg.lstsq(one[0].T, two[0].T, rcond=None)[0].T
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(4), atol=1e-3)
    np.testing.assert_allclose(rotation @ one[1], two[1], atol=1e-2)
