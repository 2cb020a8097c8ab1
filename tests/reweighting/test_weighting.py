"""The contract of a source weighting, for the built-in ones and for a user's own."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bci_dann.exceptions import DataError
from bci_dann.reweighting import SourceWeighting, check_weights
from bci_dann.reweighting.weighting import apply_weighting, weighting_name

SOURCE, TARGET = np.arange(12.0).reshape(6, 2), np.arange(8.0).reshape(4, 2)


def ones(X_source, X_target):
    return np.ones(len(X_source))


class FirstFeature:
    def __call__(self, X_source, X_target, random_state=None):
        return X_source[:, 0] / X_source[:, 0].mean()


def test_weights_that_keep_the_contract_come_back_in_double_precision():
    weights = check_weights([2, 0, 1], 3, "mine")
    assert weights.dtype == np.float64
    np.testing.assert_array_equal(weights, [2, 0, 1])
    check_weights(np.full(3, 1.0001), 3, "rounded")


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(5), r"shape \(6,\); got shape \(5,\)"),
        (np.ones((6, 1)), r"shape \(6,\); got shape \(6, 1\)"),
        (1.0, r"shape \(6,\); got shape \(\)"),
        ([1, 1, 1, 1, 1, np.nan], "got 1 that are not finite"),
        ([1, 1, 1, 1, np.inf, np.nan], "got 2 that are not finite"),
        ([4, 4, -1, -1, 0, 0], "none below 0; got 2 below 0"),
        (np.full(6, 3.2), r"got mean 3\.2\. Divide them by their mean"),
        (np.zeros(6), "got mean 0"),
        (None, r"got shape \(\)"),
        ("heavy", "got str: 'heavy'"),
        ([[1], [1, 2]], "got list"),
    ],
)
def test_weights_that_break_the_contract(weights, message):
    with pytest.raises(
        DataError, match=r"^weighting 'mine': expected one weight of mean 1"
    ) as told:
        check_weights(weights, 6, "mine")
    told.match(message)


def test_functions_and_instances_are_weightings():
    assert isinstance(ones, SourceWeighting)
    assert isinstance(FirstFeature(), SourceWeighting)
    assert not isinstance("logistic", SourceWeighting)


def test_messages_name_the_function_or_class():
    assert weighting_name(ones) == "ones"
    assert weighting_name(FirstFeature()) == "FirstFeature"


def test_a_function_that_breaks_the_contract_is_named():
    def half(X_source, X_target):
        return np.full(len(X_source), 0.5)

    with pytest.raises(DataError, match=r"^weighting 'half'.*got mean 0\.5"):
        apply_weighting(half, SOURCE, TARGET)


def test_a_function_without_random_state_is_called_without_it():
    np.testing.assert_array_equal(apply_weighting(ones, SOURCE, TARGET, 0), np.ones(6))


def test_an_instance_is_called_with_both_sides():
    weights = apply_weighting(FirstFeature(), SOURCE, TARGET, 0)
    np.testing.assert_allclose(weights, SOURCE[:, 0] / 5)


def test_a_random_weighting_gets_an_int_that_follows_from_the_seed():
    seen = []

    def random(X_source, X_target, random_state=None):
        seen.append(random_state)
        weights = np.random.default_rng(random_state).uniform(size=len(X_source))
        return weights / weights.mean()

    sequence = np.random.SeedSequence(3)
    one, two = (apply_weighting(random, SOURCE, TARGET, sequence) for _ in range(2))
    other = apply_weighting(random, SOURCE, TARGET, 4)
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
    assert all(type(seed) is int for seed in seen)


def test_keywords_of_any_name_reach_random_state_too():
    def loose(X_source, X_target, **options):
        assert set(options) == {"random_state"}
        return np.ones(len(X_source))

    apply_weighting(loose, SOURCE, TARGET, 0)


def test_names_are_known_before_anything_heavy_is_loaded():
    code = (
        "import sys; from bci_dann.reweighting import WEIGHTINGS, check_weights;"
        "print(len(WEIGHTINGS), sorted({'sklearn', 'scipy', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "9 []"
