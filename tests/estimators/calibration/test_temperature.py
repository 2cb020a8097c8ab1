"""Temperatures are found again that were put in."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import config_context

from bci_dann.estimators.calibration.temperature import fit_temperature, tempered


def drawn(n_classes, n_trials=20_000, seed=0):
    """Probabilities, and labels that are drawn by them."""
    rng = np.random.default_rng(seed)
    honest = softmax(1.5 * rng.standard_normal((n_trials, n_classes)), axis=1)
    uniform = rng.uniform(size=(n_trials, 1))
    return honest, (uniform > honest.cumsum(axis=1)).sum(axis=1)


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("factor", [0.3, 1.0, 2.5])
def test_a_temperature_is_found_again(n_classes, factor):
    honest, labels = drawn(n_classes)
    exaggerated = tempered(honest, 1 / factor)
    found = fit_temperature(exaggerated, labels, np.ones(len(labels)))
    assert found == pytest.approx(factor, rel=0.04)
    np.testing.assert_allclose(tempered(exaggerated, factor), honest, atol=1e-6)


def test_it_is_the_one_of_least_log_loss():
    honest, labels = drawn(3, 3000, seed=1)
    weights = np.random.default_rng(2).uniform(0.2, 2, len(labels))
    best = fit_temperature(honest, labels, weights)

    def loss(temperature):
        own = tempered(honest, temperature)[np.arange(len(labels)), labels]
        return -np.average(np.log(own), weights=weights)

    assert loss(best) < min(loss(0.98 * best), loss(1.02 * best))


def test_sources_without_an_error_do_not_make_the_next_error_impossible():
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=400)
    right = rng.uniform(0.6, 0.7, 400)
    probabilities = np.where(np.arange(2) == labels[:, None], right[:, None], 1 - right[:, None])
    temperature = fit_temperature(probabilities, labels, np.ones(400))
    wrong = 1 - tempered(probabilities, temperature).max(axis=1)
    assert wrong.mean() == pytest.approx(1 / 402, rel=0.5)


def test_weights_count():
    honest, labels = drawn(2)
    first = np.arange(len(labels)) < len(labels) // 2
    mixed = np.where(first[:, None], honest, tempered(honest, 0.25))
    assert fit_temperature(mixed, labels, np.where(first, 1.0, 1e-9)) == pytest.approx(1, rel=0.05)
    assert fit_temperature(mixed, labels, np.where(first, 1e-9, 1.0)) == pytest.approx(4, rel=0.05)


def test_it_neither_warns_nor_depends_on_routing():
    honest, labels = drawn(2, 200)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = fit_temperature(honest, labels, np.ones(200))
        with config_context(enable_metadata_routing=True):
            assert fit_temperature(honest, labels, np.ones(200)) == plain


@pytest.mark.parametrize("temperature", [0.1, 3.0])
def test_decisions_stay_and_rows_sum_to_one(temperature):
    honest, _ = drawn(4, 500)
    changed = tempered(np.vstack([honest, [[1, 0, 0, 0]]]), temperature)
    np.testing.assert_allclose(changed.sum(axis=1), 1)
    np.testing.assert_array_equal(changed[:-1].argmax(axis=1), honest.argmax(axis=1))
    np.testing.assert_array_equal(tempered(np.full((1, 4), 0.25), temperature), [[0.25] * 4])
