from __future__ import annotations

import itertools

import numpy as np
import pytest
from pyriemann.tangentspace import TangentSpace
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from bci_dann.estimators import ReweightedClassifier
from bci_dann.exceptions import BCIDannWarning, ConfigError
from bci_dann.features.tangent_space import reduce_features
from bci_dann.reweighting import weigh_with


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
    model = ReweightedClassifier(learner="tangent_space", weighting=classifier, random_state=0)
    model.fit(X, y, X_target_unlabeled=X_new)
    assert model.weights_.mean() == pytest.approx(1)
    assert model.weights_[X[:, 0] > 0.5].mean() > 3 * model.weights_[X[:, 0] < 0].mean()
    assert 0.5 < model.domain_auc_ < 1
    assert 1 <= model.effective_sample_size_ < len(X)
    unweighted = ReweightedClassifier(learner="tangent_space", random_state=0).fit(X, y)
    assert model.score(X_new, y_new) > unweighted.score(X_new, y_new) + 0.2


def test_weights_reach_the_networks_loss(concept):
    X, y, X_new, y_new = concept
    params = {
        "backbone": {"name": "MLP", "hidden": []},
        "max_epochs": 8,
        "lr": 3e-3,
        "random_state": 0,
    }
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


def test_whole_subjects_are_weighed_and_kept(concept):
    X, y, X_new, _ = concept
    subjects = np.where(X[:, 0] > 0, "near", np.where(X[:, 0] > -1, "far", "farther"))
    model = ReweightedClassifier(learner="tangent_space", unit="subject", random_state=0)
    model.fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
    weights = {name: set(model.weights_[subjects == name].tolist()) for name in np.unique(subjects)}
    assert all(len(values) == 1 for values in weights.values())
    assert min(weights["near"]) > 2 * max(weights["far"])
    model.set_params(n_subjects=1).fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
    assert set(subjects[model.weights_ > 0]) == {"near"}


def test_the_power_of_the_weights_is_chosen_on_the_sources(concept):
    X, y, X_new, y_new = concept
    model = ReweightedClassifier(learner="tangent_space", temper="auto", random_state=0)
    model.fit(X, y, X_target_unlabeled=X_new)
    assert model.temper_ >= 0.5  # weights help here
    assert model.score(X_new, y_new) > 0.9
    alike = ReweightedClassifier(learner="tangent_space", temper="auto", random_state=0)
    assert alike.fit(X, y, X_target_unlabeled=X[::2]).effective_sample_size_ > 0.9 * len(X)


def test_any_classifier_that_takes_weights_learns_with_them(concept, tmp_path):
    X, y, X_new, y_new = concept
    learner = DecisionTreeClassifier(max_depth=1, random_state=0)
    model = ReweightedClassifier(learner=learner, random_state=0)
    assert model.fit(X, y, X_target_unlabeled=X_new).score(X_new, y_new) > 0.9
    assert not hasattr(learner, "tree_")  # a copy was fitted
    with pytest.raises(ConfigError, match="cannot be saved"):
        model.save(tmp_path / "model")
    with pytest.raises(ConfigError, match="sample_weight"):
        ReweightedClassifier(learner=KNeighborsClassifier()).check_parameters()


def test_weights_are_found_on_the_features_that_are_asked_for(toy_eeg, monkeypatch):
    X, y, subjects = toy_eeg.without(1)
    X_new, _ = toy_eeg.of(1)
    seen = noted_features(monkeypatch)
    for features in ("tangent_space", "csp", "network"):
        model = ReweightedClassifier(
            learner="tangent_space",
            features=features,
            alignment="euclidean",
            max_epochs=1,
            n_components=3,
            random_state=0,
        )
        model.fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
        assert len(model.weights_) == len(X)
    assert [part.shape for part in seen] == 3 * [(len(X), 3)]
    assert not any(np.allclose(one, two) for one, two in itertools.combinations(seen, 2))


def test_weights_of_covariances_are_found_on_their_own_tangent_vectors(toy_eeg, monkeypatch):
    X, y, subjects = toy_eeg.without(1)
    X_new, _ = toy_eeg.of(1)
    seen = noted_features(monkeypatch)
    model = ReweightedClassifier(
        "SPDNet", alignment="covariance", n_components=3, temper="auto", random_state=0
    )
    trials = model.training_trials(X, y, subjects, X_target_unlabeled=X_new)
    vectors = TangentSpace("riemann").fit_transform(trials.X.astype(np.float64))
    expected = reduce_features(vectors, 3)[: len(X)]
    model.plan(trials)
    np.testing.assert_allclose(seen[0], expected, atol=1e-3)
    with pytest.raises(ConfigError, match="features of the weighting must be one of"):
        model.set_params(features="csp").fit(X, y, subjects, X_target_unlabeled=X_new)


def test_a_target_smaller_than_the_features_gets_fewer(toy_eeg, monkeypatch):
    X, y, subjects = toy_eeg.without(1)
    X_new, _ = toy_eeg.of(1)
    seen = noted_features(monkeypatch)
    model = ReweightedClassifier(
        learner="tangent_space", n_components=30, alignment="euclidean", random_state=0
    )
    model.fit(X, y, subjects=subjects, X_target_unlabeled=X_new[:6])
    assert seen[0].shape == (len(X), 6)


def noted_features(monkeypatch):
    """Return a list that fills with the source features which weights are found on."""
    seen = []

    def noting(weighting, source, *others, **more):
        seen.append(source)
        return weigh_with(weighting, source, *others, **more)

    monkeypatch.setattr("bci_dann.reweighting.weigh_with", noting, raising=False)
    return seen


def test_subjects_without_overlap_are_warned_of(toy_eeg):
    X, y, subjects = toy_eeg.without(1)
    X_new, _ = toy_eeg.of(1)
    model = ReweightedClassifier(learner="tangent_space", random_state=0)
    with pytest.warns(BCIDannWarning, match="hardly overlap"):
        model.fit(X, y, subjects=subjects, X_target_unlabeled=30 * X_new[:, ::-1])


def test_n_subjects_without_subjects_is_refused():
    with pytest.raises(ConfigError, match="unit='subject'"):
        ReweightedClassifier(n_subjects=2).check_parameters()
