"""Weights of the source trials inside a method: settings, features, units, and saved values."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from bci_dann.estimators.inputs import source_weights as module
from bci_dann.estimators.inputs.source_weights import (
    SourceWeighted,
    SourceWeights,
    WeightingSettings,
    find_source_weights,
    read_weighting,
)
from bci_dann.exceptions import BCIDannWarning, ConfigError
from bci_dann.persistence import ModelState


class Noting:
    """A weighting that notes what it is given, and weighs trials by their number."""

    def __init__(self):
        self.seen = []

    def __call__(self, X_source, X_target, random_state=None):
        self.seen.append((X_source, X_target, random_state))
        weights = np.arange(1.0, len(X_source) + 1)
        return weights / weights.mean()


def settings_for(weighting, **more):
    return WeightingSettings(weighting, **more)


# --- settings -------------------------------------------------------------------------------------


def test_no_weighting():
    assert read_weighting(None) is None


@pytest.mark.parametrize(
    "spec",
    ["logistic", {"name": "logistic"}, "kmm", {"name": "rulsif", "temper": "auto"}],
    ids=str,
)
def test_a_weighting_by_name_is_a_callable(spec):
    settings = read_weighting(spec)
    assert callable(settings.weighting)
    assert settings.features == "tangent_space"
    assert settings.n_components == 10


def test_keys_of_the_settings_are_taken_out_and_the_others_reach_the_weighting():
    spec = {
        "name": "logistic",
        "clip": 0.2,
        "features": "csp",
        "n_components": 3,
        "temper": 0.5,
        "unit": "subject",
        "n_subjects": 2,
    }
    settings = read_weighting(spec)
    assert settings.weighting.clip == 0.2
    values = {name: getattr(settings, name) for name in module.SETTINGS}
    assert values == {name: spec[name] for name in module.SETTINGS}
    assert "clip" in spec  # what a user gave is not changed


def test_a_callable_in_the_place_of_a_name():
    weighting = Noting()
    for spec in (weighting, {"name": weighting}, {"name": weighting, "temper": 2.0}):
        settings = read_weighting(spec)
        assert isinstance(settings.weighting, Noting)
        assert settings.weighting is not weighting  # an instance is copied
    assert settings.temper == 2.0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"features": "spectra"}, "features must be one of 'tangent_space', 'csp', 'network'"),
        ({"unit": "session"}, "unit must be one of 'trial', 'subject'"),
        ({"n_components": 0}, "n_components must be a whole number above 0"),
        ({"temper": -0.1}, "temper must be a number at least 0"),
        ({"temper": "none"}, "temper must be a number at least 0"),
        ({"n_subjects": 0, "unit": "subject"}, "n_subjects must be a whole number above 0"),
        ({"n_subjects": 2}, "it needs unit='subject'"),
    ],
)
def test_settings_that_cannot_be(more, message):
    with pytest.raises(ConfigError, match=message):
        settings_for(Noting(), **more)


# --- weights --------------------------------------------------------------------------------------


def test_a_weighting_sees_features_of_either_side_in_double_precision(draw_trials):
    weighting, trials = Noting(), draw_trials(n_labelled=5)
    result = find_source_weights(settings_for(weighting, n_components=4), trials, 0)
    ((source, target, seed),) = weighting.seen
    assert (source.shape, target.shape) == ((40, 4), (20, 4))
    assert source.dtype == target.dtype == np.float64
    assert isinstance(seed, int)
    np.testing.assert_allclose(result.weights, np.arange(1, 41) / 20.5)
    assert result.effective_sample_size == pytest.approx(
        np.arange(1, 41).sum() ** 2 / (np.arange(1, 41) ** 2).sum()
    )
    assert 0 <= result.domain_auc <= 1
    assert result.temper == 1.0


def test_the_same_seed_is_the_same_stream(draw_trials):
    seeds = []
    for random_state in (0, 0, 1):
        weighting = Noting()
        find_source_weights(settings_for(weighting), draw_trials(), random_state)
        seeds.append(weighting.seen[0][2])
    assert seeds[0] == seeds[1] != seeds[2]


def test_plain_vectors_are_used_as_they_are(draw_trials):
    X = np.random.default_rng(0).normal(size=(60, 7)).astype(np.float32)
    weighting = Noting()
    find_source_weights(settings_for(weighting, n_components=2), draw_trials(X=X), 0)
    np.testing.assert_array_equal(weighting.seen[0][0], X[:40])


def test_features_of_the_methods_own_are_reduced(draw_trials):
    vectors = np.random.default_rng(0).normal(size=(60, 30)).astype(np.float32)
    weighting = Noting()
    find_source_weights(settings_for(weighting, n_components=5), draw_trials(), 0, vectors=vectors)
    (source, target, _), *_ = weighting.seen
    assert source.shape[1] == 5
    standardised = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    variances = np.linalg.svd(standardised, compute_uv=False)[:5] ** 2
    total = np.square(np.vstack([source, target])).sum(axis=0)
    np.testing.assert_allclose(np.sort(total)[::-1], variances, rtol=1e-4)  # principal components


def test_features_of_a_network_are_asked_for_with_all_trials(draw_trials):
    trials, weighting, given = draw_trials(), Noting(), []

    def network(of):
        given.append(of)
        return np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)

    find_source_weights(settings_for(weighting, features="network"), trials, 0, network)
    assert given == [trials]
    assert weighting.seen[0][0].shape == (40, 8)
    with pytest.raises(ConfigError, match="needs a method that has a network"):
        find_source_weights(settings_for(weighting, features="network"), trials, 0)


def test_labels_of_the_target_do_not_reach_the_features(draw_trials):
    """Common spatial patterns are found on labelled trials; here the target has none."""
    weighting = Noting()
    settings = settings_for(weighting, features="csp", n_components=2)
    first = draw_trials()
    find_source_weights(settings, first, 0)
    poisoned = draw_trials()
    poisoned.X[40:] = first.X[40:]
    find_source_weights(settings, poisoned, 0)
    np.testing.assert_array_equal(weighting.seen[0][0], weighting.seen[1][0])


@pytest.mark.parametrize("temper", [0.0, 0.5, 1.0, 2.0])
def test_weights_are_raised_to_a_power(draw_trials, temper):
    result = find_source_weights(settings_for(Noting(), temper=temper), draw_trials(), 0)
    expected = np.arange(1.0, 41) ** temper
    np.testing.assert_allclose(result.weights, expected / expected.mean())
    assert result.temper == temper


def test_whole_subjects_have_their_mean(draw_trials):
    result = find_source_weights(settings_for(Noting(), unit="subject"), draw_trials(), 0)
    np.testing.assert_allclose(result.weights[:20], np.arange(1, 21).mean() / 20.5)
    np.testing.assert_allclose(result.weights[20:], np.arange(21, 41).mean() / 20.5)
    nearest = settings_for(Noting(), unit="subject", n_subjects=1)
    np.testing.assert_allclose(
        find_source_weights(nearest, draw_trials(), 0).weights, [0] * 20 + [2] * 20
    )


def test_the_power_is_chosen_on_the_labels_of_the_sources_alone(draw_trials, monkeypatch):
    seen = []

    def choose(sources, weights):
        seen.append((sources, weights))
        return 0.5

    monkeypatch.setattr(module, "_chosen_temper", choose)
    trials = draw_trials(n_labelled=10)
    result = find_source_weights(settings_for(Noting(), temper="auto"), trials, 0)
    assert result.temper == 0.5
    ((sources, weights),) = seen
    assert not sources.is_target.any()
    assert weights.shape == (40,)


@pytest.mark.parametrize(
    ("n_source", "n_target", "warned"), [(40, 0, False), (40, 4, True), (4, 40, True)]
)
def test_too_few_trials_for_folds_leave_equal_weights(
    draw_trials, n_source, n_target, warned, caplog
):
    weighting, trials = Noting(), draw_trials(n_source=n_source, n_target=n_target)
    with caplog.at_level(logging.INFO):
        if warned:
            with pytest.warns(BCIDannWarning, match=f"{n_target} target trials are too few"):
                result = find_source_weights(settings_for(weighting), trials, 0)
        else:
            result = find_source_weights(settings_for(weighting), trials, 0)
    assert weighting.seen == []
    np.testing.assert_array_equal(result.weights, np.ones(n_source))
    assert np.isnan(result.domain_auc)
    assert (result.effective_sample_size, result.temper) == (n_source, 0.0)
    assert "all source weights are 1" in caplog.text


# --- the fitted values of a method ------------------------------------------------------------


def test_target_trials_count_as_one(draw_trials):
    method = SourceWeighted()
    weights = method.weigh(Noting(), draw_trials(n_labelled=5), 0)
    np.testing.assert_allclose(weights[:40], np.arange(1, 41) / 20.5)
    np.testing.assert_array_equal(weights[40:], 1)
    np.testing.assert_array_equal(method.weights_, weights[:40])
    assert method.source_weights_.domain_auc == method.domain_auc_


def test_without_a_weighting_all_trials_count_as_one(draw_trials):
    method = SourceWeighted()
    method.weigh(Noting(), draw_trials(), 0)
    np.testing.assert_array_equal(method.weigh(None, draw_trials(), 0), np.ones(60))
    assert (method.weights_, method.domain_auc_) == (None, None)
    assert (method.effective_sample_size_, method.temper_) == (None, None)


@pytest.mark.parametrize("auc", [0.75, float("nan")])
def test_weights_are_saved_and_restored(auc):
    method, again = SourceWeighted(), SourceWeighted()
    method.source_weights_ = SourceWeights(np.array([0.5, 1.5]), auc, 1.6, 0.5)
    state = ModelState({})
    method.add_weights_to(state)
    assert state.description["domain_auc"] == (None if np.isnan(auc) else auc)  # NaN is no JSON
    again.take_weights_from(state)
    np.testing.assert_array_equal(again.weights_, [0.5, 1.5])
    np.testing.assert_equal(again.domain_auc_, auc)
    assert (again.effective_sample_size_, again.temper_) == (1.6, 0.5)


def test_a_model_without_weights_has_none():
    method, state = SourceWeighted(), ModelState({})
    method.source_weights_ = SourceWeights(np.ones(2), 0.5, 2.0, 1.0)
    method.take_weights_from(state)
    assert method.source_weights_ is None
    method.add_weights_to(state)
    assert state == ModelState({})


def test_weights_do_not_fill_the_screen():
    weights = SourceWeights(np.ones(10_000), 0.5, 1e4, 1.0)
    assert len(repr(weights)) < 120
