"""What `fit` shows while it trains: epochs in a terminal, one line elsewhere."""

from __future__ import annotations

import io

import numpy as np
import pytest
import rich.console

from bci_dann import (
    DANNClassifier,
    EnsembleClassifier,
    ReweightedClassifier,
    RiemannianClassifier,
)
from bci_dann.serving.training_display import count_epochs, training_shown
from bci_dann.training import observed_epochs

X = np.random.default_rng(0).normal(size=(40, 4))
Y = X[:, 0] > 0


def network(**parameters):
    return DANNClassifier("MLP", **{"max_epochs": 3, "random_state": 0, **parameters})


@pytest.mark.parametrize(
    ("model", "n_epochs"),
    [
        (network(), 3),
        (network(n_members=2), 6),
        (RiemannianClassifier(), 0),
        (ReweightedClassifier(learner="tangent_space"), 0),
        (EnsembleClassifier([(network(n_members=2), 1.0), (RiemannianClassifier(), 0.5)]), 6),
    ],
    ids=["network", "members", "linear", "weighted", "ensemble"],
)
def test_epochs_of_all_networks_are_counted(model, n_epochs):
    assert count_epochs(model) == n_epochs


def test_each_epoch_is_told_until_the_block_ends():
    counts = []
    with observed_epochs(counts.append):
        network(n_members=2).fit(X, Y)
    network().fit(X, Y)
    assert counts == [1] * 6


@pytest.fixture
def shown(monkeypatch):
    """Return what is shown while a model is fitted, by a terminal or not."""
    real = rich.console.Console

    def show(terminal, wanted=True):
        stream = io.StringIO()
        monkeypatch.setattr(
            rich.console,
            "Console",
            lambda **_: real(file=stream, force_terminal=terminal, width=120),
        )
        model = network()
        with training_shown("Training [mine]", model, wanted):
            model.fit(X, Y)
        return stream.getvalue()

    return show


def test_a_terminal_shows_the_epochs(shown):
    text = shown(terminal=True)
    assert "Training [mine]" in text
    assert "3/3" in text


def test_a_file_gets_one_line_without_epochs(shown):
    lines = shown(terminal=False).splitlines()
    assert [line.strip() for line in lines if "Training [mine]" in line] == [
        line.strip() for line in lines if line.strip()
    ]
    assert "3/3" not in "".join(lines)


def test_nothing_is_shown_unasked(shown):
    assert shown(terminal=True, wanted=False) == ""
