"""The contract of a source weighting, for the built-in ones and for a user's own."""

from __future__ import annotations

import functools
import importlib
import subprocess
import sys

import numpy as np
import pytest

from bci_dann.exceptions import DataError
from bci_dann.reweighting import WEIGHTINGS, SourceWeighting, check_weights, weigh_with
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


def test_a_function_with_some_arguments_fixed_is_a_weighting():
    def power(X_source, X_target, exponent, random_state=None):
        weights = np.abs(X_source[:, 1]) ** exponent
        return weights / weights.mean()

    weights = apply_weighting(functools.partial(power, exponent=0), SOURCE, TARGET)
    np.testing.assert_array_equal(weights, np.ones(6))


def test_a_compiled_function_has_no_signature_and_gets_both_sides_alone():
    class Compiled:
        __signature__ = "unknown"

        def __call__(self, *sides):
            assert len(sides) == 2
            return np.ones(len(sides[0]))

    np.testing.assert_array_equal(apply_weighting(Compiled(), SOURCE, TARGET, 0), np.ones(6))


def test_an_error_inside_a_weighting_is_the_users_to_see():
    def broken(X_source, X_target):
        raise ZeroDivisionError("in my own code")

    with pytest.raises(ZeroDivisionError, match="in my own code"):
        apply_weighting(broken, SOURCE, TARGET)


def test_every_name_leads_to_a_class():
    for path in WEIGHTINGS.values():
        module, _, class_name = path.partition(":")
        assert isinstance(getattr(importlib.import_module(module), class_name), type)


def test_a_weighting_of_a_file_of_ones_own_works(tmp_path, monkeypatch):
    """As a user would write it: one class, one parameter, nothing imported from the package."""
    (tmp_path / "nearest_sources.py").write_text(
        "import numpy as np\n"
        "class NearestSources:\n"
        "    def __init__(self, share=0.5):\n"
        "        self.share = share\n"
        "    def __call__(self, X_source, X_target):\n"
        "        distance = np.linalg.norm(X_source - X_target.mean(0), axis=1)\n"
        "        weights = (distance <= np.quantile(distance, self.share)).astype(float)\n"
        "        return weights / weights.mean()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("nearest_sources")
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(100, 2)), rng.normal(2, 1, size=(50, 2))
    weighed = weigh_with(module.NearestSources(share=0.2), source, target, 0)
    assert np.count_nonzero(weighed.weights) == 20
    assert weighed.effective_sample_size == pytest.approx(20)
    assert np.average(source[:, 0], weights=weighed.weights) > 0.8
