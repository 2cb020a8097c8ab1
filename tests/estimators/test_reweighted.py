from __future__ import annotations

import numpy as np
import pytest

from bci_dann.estimators import ReweightedClassifier
from bci_dann.exceptions import BCIDannWarning


@pytest.fixture(scope="module")
def concept():
    """The label follows the first feature on the left, the second on the right."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (1200, 2))
    side = np.where(X[:, 0] > 0, X[:, 1] > 0, X[:, 1] < 0)
    target = X[X[:, 0] > 0.5]
    return X, side.astype(int), target, (target[:, 1] > 0).astype(int)


@pytest.mark.parametrize("classifier", ["logistic", "forest"])
def test_weights_favour_the_part_that_the_target_lives_in(concept, classifier):
    X, y, X_new, y_new = concept
    model = ReweightedClassifier(learner="tangent_space", classifier=classifier, random_state=0)
    model.fit(X, y, X_target_unlabeled=X_new)
    assert model.weights_.mean() == pytest.approx(1)
    assert model.weights_[X[:, 0] > 0.5].mean() > 3 * model.weights_[X[:, 0] < 0].mean()
    assert 0.5 < model.domain_auc_ < 1
    assert 1 <= model.effective_sample_size_ < len(X)
    unweighted = ReweightedClassifier(learner="tangent_space", random_state=0).fit(X, y)
    assert model.score(X_new, y_new) > unweighted.score(X_new, y_new) + 0.2


def test_weights_reach_the_networks_loss(concept):
    X, y, X_new, y_new = concept
    params = {"backbone": "MLP", "max_epochs": 8, "lr": 3e-3, "random_state": 0}
    params["backbone_params"] = {"hidden": []}  # too small to learn both halves
    weighted = ReweightedClassifier(**params).fit(X, y, X_target_unlabeled=X_new)
    unweighted = ReweightedClassifier(**params).fit(X, y)
    assert weighted.score(X_new, y_new) > unweighted.score(X_new, y_new) + 0.1


def test_without_a_target_every_trial_counts_alike(concept):
    X, y, *_ = concept
    model = ReweightedClassifier(learner="tangent_space", random_state=0).fit(X, y)
    np.testing.assert_array_equal(model.weights_, 1)
    assert model.effective_sample_size_ == len(X)
    assert np.isnan(model.domain_auc_)


def test_a_target_of_three_trials_warns_and_trains(concept):
    X, y, X_new, _ = concept
    model = ReweightedClassifier(learner="tangent_space", random_state=0)
    with pytest.warns(BCIDannWarning, match="3 target trials are too few"):
        model.fit(X, y, X_target_unlabeled=X_new[:3])
    np.testing.assert_array_equal(model.weights_, 1)
