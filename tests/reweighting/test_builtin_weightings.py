from __future__ import annotations

import importlib
import pickle
from dataclasses import asdict, replace

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError
from bci_dann.reweighting import WEIGHTINGS, SourceWeighting, check_weights, density_ratio
from bci_dann.reweighting.builtin_weightings import (
    ForestWeighting,
    KernelMeanMatchingWeighting,
    LogisticWeighting,
    RULSIFWeighting,
    ULSIFWeighting,
)
from bci_dann.reweighting.domain_classifier import calibrate


def built(name, **parameters):
    module, _, class_name = WEIGHTINGS[name].partition(":")
    return getattr(importlib.import_module(module), class_name)(**parameters)


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    return rng.normal(size=(80, 2)), rng.normal(1.0, 1, size=(40, 2))


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_every_name_is_a_weighting_that_keeps_its_contract(name, pair):
    weighting = built(name)
    assert isinstance(weighting, SourceWeighting)
    weights = check_weights(weighting(*pair, random_state=0), 80, name)
    assert np.average(pair[0].mean(1), weights=weights) > pair[0].mean() + 0.2


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_equal_parameters_make_equal_weightings(name):
    """So that scikit-learn's clone and comparisons of parameters work."""
    weighting = built(name)
    assert weighting == built(name, **asdict(weighting))
    assert weighting != LogisticWeighting(clip=0.123)


def test_weights_of_a_domain_classifier_are_bounded_by_the_clip(pair):
    loose, tight = (LogisticWeighting(clip=clip)(*pair, random_state=0) for clip in (0.01, 0.4))
    assert loose.max() / loose.min() > tight.max() / tight.min()
    assert tight.max() / tight.min() <= (0.6 / 0.4) ** 2 + 1e-9


def test_a_seed_makes_a_forest_reproducible(pair):
    forest = ForestWeighting()
    one, two, other = (forest(*pair, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("clip", [0, 0.5, -0.1, "small"])
def test_a_clip_outside_its_range_is_refused_when_the_weighting_is_made(clip):
    with pytest.raises(ConfigError, match=r"clip must be a number above 0 and below 0\.5"):
        ForestWeighting(clip=clip)


@pytest.mark.parametrize("relative", [0, 1, 2])
def test_a_share_outside_its_range_is_refused_when_the_weighting_is_made(relative):
    with pytest.raises(ConfigError, match="relative must be a number above 0 and below 1"):
        RULSIFWeighting(relative=relative)


@pytest.mark.parametrize(("name", "value"), [("bound", 0), ("slack", -0.1), ("ridge", -1)])
def test_numbers_of_kernel_mean_matching_are_checked_when_the_weighting_is_made(name, value):
    with pytest.raises(ConfigError, match=f"{name} must be a number (above|at least) 0"):
        KernelMeanMatchingWeighting(**{name: value})


def test_a_larger_share_bounds_the_relative_ratio_more(pair):
    """The ratio to a mixture never exceeds 1 / share, whatever the scale of the features."""
    spread = [np.ptp(RULSIFWeighting(relative=share)(*pair)) for share in (0.1, 0.5, 0.9)]
    assert spread[0] > spread[1] > spread[2]


def test_a_larger_ridge_smooths_kernel_mean_matching(pair):
    usual = KernelMeanMatchingWeighting()
    assert np.var(replace(usual, ridge=20.0)(*pair)) < np.var(usual(*pair))
    bounded = KernelMeanMatchingWeighting(bound=1.5)
    assert bounded.unscaled(*pair).max() <= 1.5


def test_density_ratios_see_features_on_the_scale_of_the_sources(pair):
    scaler = StandardScaler().fit(pair[0])
    expected = density_ratio.ulsif(scaler.transform(pair[0]), scaler.transform(pair[1]))
    np.testing.assert_allclose(ULSIFWeighting()(*pair), expected / expected.mean())
    stretched = [part * [1000.0, 1e-3] + [5.0, -5.0] for part in pair]
    np.testing.assert_allclose(ULSIFWeighting()(*stretched), ULSIFWeighting()(*pair), rtol=1e-6)


def test_without_overlap_all_weights_are_1_and_a_warning_says_so():
    rng = np.random.default_rng(0)
    source, target = rng.normal(0, 0.1, (30, 2)), rng.normal(1e4, 0.1, (20, 2))
    with pytest.warns(BCIDannWarning, match="do not overlap. Align them first"):
        weights = ULSIFWeighting()(source, target)
    np.testing.assert_array_equal(weights, 1)


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_sides_that_cannot_be_compared(name, pair):
    with pytest.raises(DataError, match="X_target has 4 trials"):
        built(name)(pair[0], pair[1][:4])
    with pytest.raises(DataError, match="same features"):
        built(name)(pair[0], pair[1][:, :1])


PURE = {
    "gaussian": density_ratio.gaussian,
    "neighbours": density_ratio.neighbours,
    "kmm": density_ratio.kernel_mean_matching,
    "kliep": density_ratio.kliep,
    "ulsif": density_ratio.ulsif,
    "rulsif": density_ratio.rulsif,
}


@pytest.mark.parametrize(("name", "ratio"), PURE.items())
def test_each_name_is_the_function_of_that_name(name, ratio, pair):
    scaler = StandardScaler().fit(pair[0])
    expected = ratio(*(scaler.transform(part) for part in pair))
    np.testing.assert_array_equal(built(name).unscaled(*pair), expected)


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_processes_can_hand_weightings_to_each_other(name, pair):
    weighting = built(name)
    copy = pickle.loads(pickle.dumps(weighting))
    assert copy == weighting
    np.testing.assert_array_equal(copy(*pair, random_state=1), weighting(*pair, random_state=1))


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_inputs_are_not_changed(name, pair):
    before = [part.copy() for part in pair]
    built(name)(*pair, random_state=0)
    for part, original in zip(pair, before, strict=True):
        np.testing.assert_array_equal(part, original)


def test_parameters_are_given_by_name():
    """So that a configuration and a call read alike."""
    with pytest.raises(TypeError, match="positional"):
        LogisticWeighting(0.1)
    with pytest.raises(TypeError, match="unexpected keyword"):
        ULSIFWeighting(clip=0.1)


def test_weights_from_probabilities_by_hand():
    """Three source and two target trials; calibration of an ideal classifier changes nothing."""
    weighting = LogisticWeighting(clip=0.25)
    p = np.array([0.1, 0.2, 0.3, 0.8, 0.9])
    is_target = np.array([0, 0, 0, 1, 1])
    calibrated = calibrate(p, is_target)[:3].clip(0.25, 0.75)
    odds = calibrated / (1 - calibrated)
    np.testing.assert_allclose(weighting.from_probability(p, is_target), odds / odds.mean())
