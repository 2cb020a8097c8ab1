from __future__ import annotations

import numpy as np
import pytest

from bci_dann.exceptions import ConfigError, DataError
from bci_dann.reweighting import domain_errors, maximum_mean_discrepancy, proxy_a_distance


def pair(seed=0, n_source=60, n_target=30, mean=0.0, n_features=3):
    rng = np.random.default_rng(seed)
    source = rng.standard_normal((n_source, n_features))
    return source, rng.standard_normal((n_target, n_features)) + mean


def test_a_distance_at_its_ends_and_between():
    assert proxy_a_distance(0.0) == 2
    assert proxy_a_distance(0.25) == 1
    assert proxy_a_distance(0.5) == 0
    assert proxy_a_distance(0.8) == 0  # worse than chance is chance
    assert proxy_a_distance(1) == 0
    with pytest.raises(ConfigError, match="error"):
        proxy_a_distance(-0.1)


def test_errors_weigh_both_domains_equally_whatever_their_sizes():
    same = domain_errors(*pair(n_source=2000, n_target=100), random_state=0)
    assert same == pytest.approx((0.5, 0.5), abs=0.15)
    assert domain_errors(*pair(mean=20.0), random_state=0) == (0.0, 0.0)
    overlapping = domain_errors(*pair(n_source=2000, n_target=400, mean=1.0), random_state=0)
    # two normals apart by sqrt(3) standard deviations: each is wrong in Phi(-sqrt(3) / 2)
    assert overlapping == pytest.approx((0.193, 0.193), abs=0.05)


def by_hand(source, target):
    """Lemma 6 of Gretton et al., pair by pair."""
    trials = np.vstack([source, target])
    distances = [np.sum((a - b) ** 2) for i, a in enumerate(trials) for b in trials[:i]]
    width = np.median(distances)

    def kernel(a, b):
        return np.exp(-np.sum((a - b) ** 2) / (2 * width))

    def within(X):
        return np.mean([kernel(a, b) for i, a in enumerate(X) for j, b in enumerate(X) if i != j])

    across = np.mean([kernel(a, b) for a in source for b in target])
    return within(source) + within(target) - 2 * across


def test_mmd_by_hand():
    source, target = pair(n_source=8, n_target=5, mean=1.0)
    mmd2, _ = maximum_mean_discrepancy(source, target, 1, random_state=0)
    assert mmd2 == pytest.approx(by_hand(source, target))


def test_p_values_are_uniform_where_nothing_differs():
    found = [maximum_mean_discrepancy(*pair(seed), 99, random_state=seed) for seed in range(100)]
    estimates, p_values = np.array(found).T
    assert np.mean(estimates) == pytest.approx(0, abs=0.003)
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.1)
    assert np.mean(p_values <= 0.1) < 0.2


def test_a_shift_is_seen_also_in_the_spread_alone():
    source, target = pair(mean=1.0)
    assert maximum_mean_discrepancy(source, target, 99, random_state=0)[1] == 0.01
    source, target = pair(n_target=60)
    estimate, p_value = maximum_mean_discrepancy(source, 3 * target, 99, random_state=0)
    assert estimate > 0.05
    assert p_value == 0.01


def test_large_sides_are_represented_by_some_of_their_trials():
    source, target = pair(n_source=5000, n_target=3000, mean=1.0)
    few = maximum_mean_discrepancy(source, target, 20, random_state=0, max_trials=100)
    more = maximum_mean_discrepancy(source, target, 20, random_state=0, max_trials=400)
    assert few[0] == pytest.approx(more[0], abs=0.08)


def test_features_that_are_constant_do_not_differ():
    assert maximum_mean_discrepancy(np.ones((9, 2)), np.ones((7, 2)), 19) == (0.0, 1.0)
    assert np.isfinite(domain_errors(np.ones((9, 2)), np.ones((7, 2)))).all()


def test_the_same_seed_gives_the_same_and_the_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    source, target = pair(n_source=300)
    one, two = (
        (*maximum_mean_discrepancy(source, target, 50, 3), *domain_errors(source, target, 3))
        for _ in range(2)
    )
    assert one == two
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("measure", [domain_errors, maximum_mean_discrepancy])
def test_bad_input(measure):
    source, target = pair()
    with pytest.raises(DataError, match="same features"):
        measure(source, target[:, :2])
    with pytest.raises(DataError, match="60 source and 1 target trials"):
        measure(source, target[:1])
    with pytest.raises(ValueError, match="NaN"):
        measure(source, np.full_like(target, np.nan))


def test_the_estimate_does_not_depend_on_the_direction_or_on_the_units():
    source, target = pair(mean=1.0, n_source=40, n_target=30)
    estimate = maximum_mean_discrepancy(source, target, 1, 0)[0]
    assert maximum_mean_discrepancy(target, source, 1, 0)[0] == pytest.approx(estimate)
    assert maximum_mean_discrepancy(1e3 * source, 1e3 * target, 1, 0)[0] == pytest.approx(estimate)


def test_the_smallest_p_value_follows_from_the_number_of_permutations():
    source, target = pair(mean=5.0)
    for n_permutations in (1, 9, 49):
        p_value = maximum_mean_discrepancy(source, target, n_permutations, 0)[1]
        assert p_value == pytest.approx(1 / (n_permutations + 1))


@pytest.mark.parametrize("name", ["n_permutations", "max_trials"])
def test_counts_that_cannot_be(name):
    with pytest.raises(ConfigError, match=f"{name} must be a whole number above 0"):
        maximum_mean_discrepancy(*pair(), **{name: 0})


def test_a_domain_that_contains_the_other_has_unequal_errors():
    """Source trials far out are recognised; target trials lie among sources."""
    rng = np.random.default_rng(0)
    source = np.concatenate([rng.normal(0, 1, (200, 1)), rng.normal(8, 1, (200, 1))])
    source_error, target_error = domain_errors(source, rng.normal(0, 1, (100, 1)), 0)
    assert source_error == pytest.approx(0.5, abs=0.05)
    assert target_error < 0.1
