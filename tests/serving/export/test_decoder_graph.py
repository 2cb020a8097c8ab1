"""Torch modules give the probabilities of the estimators, and what cannot be one is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bci_dann import (
    CalibratedClassifier,
    DANNClassifier,
    EnsembleClassifier,
    RiemannianClassifier,
    ShallowClassifier,
)
from bci_dann.estimators import ReweightedClassifier, TransductiveClassifier
from bci_dann.exceptions import ConfigError
from bci_dann.serving.export.decoder_graph import ExportedDecoder, decoder_graph

NETWORK = {"max_epochs": 1, "random_state": 0}

METHODS = {
    "network": lambda: DANNClassifier("ShallowFBCSPNet", alignment="euclidean", **NETWORK),
    "members": lambda: DANNClassifier("EEGNet", alignment="riemannian", n_members=2, **NETWORK),
    "robust network": lambda: DANNClassifier(
        "ShallowFBCSPNet", alignment={"name": "euclidean", "robust": True}, **NETWORK
    ),
    "unaligned": lambda: DANNClassifier("EEGNet", alignment=None, **NETWORK),
    "reweighted": lambda: ReweightedClassifier("EEGNet", **NETWORK),
    "covariances": lambda: RiemannianClassifier(terms={"information_maximisation": 0.4}),
    "one view": lambda: RiemannianClassifier(n_windows=1, n_delays=1, robust=False),
    "euclidean mean": lambda: RiemannianClassifier(alignment="euclidean", n_delays=2),
    "ensemble": lambda: EnsembleClassifier(
        [(DANNClassifier("EEGNet", **NETWORK), 1.0), (RiemannianClassifier(n_delays=1), 0.5)]
    ),
    "calibrated": lambda: CalibratedClassifier(RiemannianClassifier(n_delays=1), n_folds=2),
}


@pytest.fixture
def new_trials(toy_eeg):
    """Trials of the new subject that adaptation has not seen."""
    return toy_eeg.of(4)[0] + np.float32(0.5)


def probabilities(estimator, trials):
    with torch.no_grad():
        return ExportedDecoder(decoder_graph(estimator))(torch.from_numpy(trials)).numpy()


@pytest.mark.parametrize("name", METHODS)
def test_the_probabilities_are_those_of_the_estimator(served, new_trials, name):
    estimator = served(METHODS[name]()).estimator
    expected = estimator.predict_proba(new_trials)
    np.testing.assert_allclose(probabilities(estimator, new_trials), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["covariances", "robust network"])
def test_artefacts_and_constant_trials_are_exported_correctly(served, new_trials, name):
    estimator = served(METHODS[name]()).estimator
    new_trials[0, 0, 30:35] += 500
    new_trials[1] = 3.0
    new_trials[2:6, 1, 40:60] += 2000 * np.hanning(20)  # burst
    new_trials[3, 0, 80:110] -= 1000 * np.hanning(30)  # and another one
    new_trials[4, :, 10:120] *= 50  # more than half of the trial
    new_trials[6, 2] *= 30  # a loose electrode
    found = probabilities(estimator, new_trials)
    np.testing.assert_allclose(found, estimator.predict_proba(new_trials), atol=1e-5)
    assert found[1].tolist() == [0.5, 0.5]


REFUSED = {
    "ShallowClassifier cannot be exported": lambda: ShallowClassifier("csp"),
    "TransductiveClassifier cannot be exported": lambda: TransductiveClassifier("csp_lda"),
    "filter_bank: true": lambda: RiemannianClassifier(filter_bank=True, n_delays=1, sfreq=128.0),
}


@pytest.mark.parametrize("message", REFUSED)
def test_methods_that_cannot_be_exported_are_refused(served, message):
    model = served(REFUSED[message](), adapt=False)
    with pytest.raises(ConfigError, match=message):
        decoder_graph(model.estimator)


def test_plain_vectors_are_refused(toy_eeg):
    X, y = toy_eeg.of(1)
    model = DANNClassifier("MLP", **NETWORK).fit(X[:, :, 0], y)
    with pytest.raises(ConfigError, match="only models of trials can be exported"):
        decoder_graph(model)


def test_a_singular_mean_is_refused(served, toy_eeg):
    toy_eeg = type(toy_eeg)(
        toy_eeg.X - toy_eeg.X.mean(axis=1, keepdims=True), toy_eeg.y, toy_eeg.subjects
    )
    X, y, subjects = toy_eeg.without(4)
    estimator = RiemannianClassifier(n_windows=1, n_delays=1).fit(X, y, subjects=subjects)
    for centre in estimator.alignment_.centres_:
        centre.fallback_ = np.cov(X[0])
    with pytest.raises(ConfigError, match=r"rank 5 instead of 6, as after an average reference"):
        decoder_graph(estimator)
