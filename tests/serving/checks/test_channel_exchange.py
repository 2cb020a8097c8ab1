"""Exchanged channels are told by their correlations, and channels in order are left alone."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

from bci_dann import load_dataset
from bci_dann.data import SimulatedMI
from bci_dann.exceptions import BCIDannWarning
from bci_dann.serving import adapt_model
from bci_dann.serving.checks.channel_exchange import (
    _correlations,
    _gains,
    exchanged_channels,
    mean_correlations,
    warn_of_exchange,
)


@pytest.fixture(scope="module")
def subjects():
    """Correlations of each simulated subject, and the names of the channels."""
    trials = load_dataset(SimulatedMI(n_subjects=8, n_trials=8, random_state=3))
    X = np.asarray(trials.X)
    names = np.unique(trials.subjects)
    return [_correlations(X[trials.subjects == name]) for name in names], trials.ch_names


def others(correlations, left_out):
    return np.mean([one for i, one in enumerate(correlations) if i != left_out], axis=0)


def reordered(correlations, order):
    return correlations[np.ix_(order, order)]


def test_gains_are_differences_of_squared_distances(subjects):
    (first, second, *_), _ = subjects
    gains = _gains(first, second)
    for i, j in itertools.combinations(range(len(first)), 2):
        order = np.arange(len(first))
        order[[i, j]] = j, i
        after = np.linalg.norm(reordered(first, order) - second) ** 2
        assert gains[i, j] == pytest.approx(np.linalg.norm(first - second) ** 2 - after)


def test_no_exchange_is_reported_for_channels_in_order(subjects):
    correlations, _ = subjects
    for i, one in enumerate(correlations):
        assert not exchanged_channels(one, others(correlations, i))


def test_two_exchanged_channels_are_named(subjects):
    correlations, names = subjects
    i, j = names.index("C3"), names.index("C4")
    order = np.arange(len(names))
    order[[i, j]] = j, i
    for k, one in enumerate(correlations):
        found = exchanged_channels(reordered(one, order), others(correlations, k))
        assert {(i, j), (j, i)} <= set(found)


def test_a_rotation_of_three_channels_is_named_as_one(subjects):
    correlations, names = subjects
    order = np.arange(len(names))
    places = [names.index(name) for name in ("Fp1", "C4", "O1") if name in names]
    order[places] = np.roll(places, 1)
    for k, one in enumerate(correlations):
        found = exchanged_channels(reordered(one, order), others(correlations, k))
        assert len({signal for signal, _ in found}) == len(found)
        assert {signal for signal, _ in found} == {place for _, place in found}


def test_channels_in_random_order_are_detected(subjects):
    correlations, names = subjects
    rng = np.random.default_rng(0)
    for k, one in enumerate(correlations):
        order = rng.permutation(len(names))
        assert exchanged_channels(reordered(one, order), others(correlations, k))


def test_no_exchange_is_reported_for_too_few_channels_or_subjects(subjects):
    correlations, _ = subjects
    X = np.random.default_rng(0).normal(size=(30, 15, 50))
    four = np.repeat(["1", "2", "3", "4"], [8, 7, 7, 8])
    assert mean_correlations(X, np.repeat(["1", "2", "3"], 10)) is None
    assert mean_correlations(X[:, :7], four) is None
    assert len(mean_correlations(X, four)) == 15
    assert not exchanged_channels(np.full((15, 15), np.nan), correlations[0])
    assert not exchanged_channels(correlations[0], correlations[0])


def test_exchanged_channels_cause_a_warning(model, subjects):
    correlations, names = subjects
    rows = [" ".join(f"{value:.3f}" for value in row) for row in np.mean(correlations, axis=0)]
    steps = model.recipe.preprocessing.model_copy(update={"channels": names})
    recipe = model.recipe.model_copy(update={"correlations": rows, "preprocessing": steps})
    X = load_dataset(SimulatedMI(n_subjects=1, n_trials=8, random_state=9)).X.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_exchange(X, recipe, "a.edf")
    i, j = names.index("C3"), names.index("C4")
    X[:, [i, j]] = X[:, [j, i]]
    with pytest.warns(BCIDannWarning, match=r"a.edf: .* C4 seems to be C3, C3 seems to be C4\. "):
        warn_of_exchange(X, recipe, "a.edf")
    before = recipe.model_copy(update={"correlations": None})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_exchange(X, before, "a.edf")
        warn_of_exchange(X[:5], recipe, "a.edf")


def test_every_recording_is_checked(model, raw, monkeypatch):
    labels = []
    monkeypatch.setattr(
        "bci_dann.serving.reading.epochs_trials.warn_of_exchange",
        lambda X, recipe, label: labels.append(X),
    )
    adapt_model(model, raw)
    assert [X.ndim for X in labels] == [3]
