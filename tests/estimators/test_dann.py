from __future__ import annotations

import numpy as np
import pytest

from bci_dann.estimators import DANNClassifier, SourceOnlyClassifier


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 5)).astype("f4")
    return X, (X[:, 0] > 0).astype(int), X + 1, np.repeat(["p", "q", "r"], 20)


UNTRAINED = {"max_epochs": 1, "lr": 1e-6, "terms": {"domain_adversary": 1.0}}


def n_domains(model: DANNClassifier) -> float:
    """The domain loss starts near the logarithm of the number of domains."""
    return float(np.exp(model.history_[0]["domain_adversary"]))


@pytest.mark.parametrize(
    ("domains", "expected"), [("subject", 4), ("session", 4), ("source_target", 2)]
)
def test_domain_head_tells_apart_what_it_is_asked_to(pair, domains, expected):
    X, y, X_new, subjects = pair
    model = DANNClassifier("MLP", domains=domains, random_state=0, **UNTRAINED)
    model.fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
    assert n_domains(model) == pytest.approx(expected, rel=0.15)


def test_smoothed_domain_labels_keep_the_head_from_being_sure(pair):
    X, y, X_new, _ = pair
    losses = []
    for smoothing in (0.0, 0.5):
        # at gamma 0 nothing is hidden, so the head sees domains that lie far apart
        model = DANNClassifier(
            "MLP",
            domains="source_target",
            terms={"domain_adversary": {"weight": 0.1, "gamma": 0, "smoothing": smoothing}},
            lr=0.03,
            max_epochs=60,
            random_state=0,
        )
        model.fit(X, y, X_target_unlabeled=X_new + 10)
        losses.append(model.history_[-1]["domain_adversary"] / 0.1)
    floor = -0.75 * np.log(0.75) - 0.25 * np.log(0.25)
    assert losses[0] < 0.1 < floor < losses[1] + 1e-3


def test_adversary_rests_where_there_is_one_domain(pair):
    X, y, *_ = pair
    dann = DANNClassifier("MLP", max_epochs=3, random_state=0).fit(X, y)
    assert set(dann.history_[0]) == {"classification"}


def test_without_a_target_subjects_are_hidden_from_each_other(pair):
    X, y, _, subjects = pair
    model = DANNClassifier("MLP", random_state=0, **UNTRAINED)
    assert n_domains(model.fit(X, y, subjects=subjects)) == pytest.approx(3, rel=0.15)


def test_adversary_of_weight_zero_is_source_only_training_on_the_same_batches(pair):
    X, y, _, subjects = pair
    dann = DANNClassifier("MLP", terms={"domain_adversary": 0.0}, max_epochs=3, random_state=0)
    plain = SourceOnlyClassifier("MLP", max_epochs=3, random_state=0)
    np.testing.assert_allclose(
        dann.fit(X, y, subjects=subjects).predict_proba(X),
        plain.fit(X, y, subjects=subjects).predict_proba(X),
        atol=1e-6,
    )


def test_features_have_the_width_of_the_backbone(pair):
    X, y, X_new, _ = pair
    model = DANNClassifier({"name": "MLP", "hidden": [7]}, max_epochs=1, random_state=0)
    assert model.fit(X, y, X_target_unlabeled=X_new).transform(X_new).shape == (60, 7)
