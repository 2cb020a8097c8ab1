from __future__ import annotations

import numpy as np
import pytest
from pyriemann.transfer import TLScale, encode_domains

from bci_dann.alignment.shrunk_covariance import shrunk_covariances
from bci_dann.estimators import ProcrustesClassifier
from bci_dann.estimators.procrustes import _dispersion, _stretch
from bci_dann.exceptions import ConfigError, DataError


def test_stretching_is_that_of_pyriemann():
    rng = np.random.default_rng(0)
    X = shrunk_covariances(rng.standard_normal((20, 3, 50)))
    scale = TLScale("0", centered_data=True)
    theirs = scale.fit_transform(*encode_domains(X, np.zeros(20, dtype=int), np.repeat("0", 20)))
    np.testing.assert_allclose(_stretch(X, _dispersion(X)), theirs, rtol=1e-8)
    assert _dispersion(theirs) == pytest.approx(1)


def subject(rng, angle=0.0, spread=1.0, n=40):
    """Class 1 has more power in a direction that differs between subjects."""
    y = np.arange(n) % 2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    gains = np.exp(spread * np.stack([np.where(y, 0.8, -0.8), np.where(y, -0.8, 0.8)], axis=1))
    gains *= np.exp(0.3 * spread * rng.standard_normal((n, 2)))
    X = 10 * turn @ (gains[:, :, None] * rng.standard_normal((n, 2, 200)))
    return X.astype("f4"), y


def test_labels_of_the_target_turn_the_sources_to_it():
    rng = np.random.default_rng(0)
    parts = [subject(rng) for _ in range(3)]
    X, y = (np.concatenate(part) for part in zip(*parts, strict=True))
    subjects = np.repeat(["1", "2", "3"], 40)
    X_new, y_new = subject(rng, angle=np.deg2rad(70))
    few = {"X_target_labeled": X_new[:10], "y_target_labeled": y_new[:10]}
    for classifier in ("mdm", "logistic"):
        model = ProcrustesClassifier(classifier=classifier)
        model.fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
        assert model.score(X_new[10:], y_new[10:]) < 0.3  # nearly the other class
        model.fit(X, y, subjects=subjects, X_target_unlabeled=X_new[10:], **few)
        assert model.score(X_new[10:], y_new[10:]) > 0.9
    unrotated = ProcrustesClassifier(classifier="mdm", rotate=False)
    unrotated.fit(X, y, subjects=subjects, X_target_unlabeled=X_new[10:], **few)
    assert unrotated.score(X_new[10:], y_new[10:]) < 0.5


@pytest.mark.parametrize("classifier", ["mdm", "logistic", "mdwm"])
def test_a_source_subject_that_lacks_a_class_is_turned_by_its_other_class(classifier):
    rng = np.random.default_rng(0)
    parts = [subject(rng) for _ in range(3)]
    X, y = (np.concatenate(part) for part in zip(*parts, strict=True))
    subjects = np.repeat(["1", "2", "3"], 40)
    kept = (y == 0) | (subjects == "3")
    X_new, y_new = subject(rng, angle=np.deg2rad(70))
    model = ProcrustesClassifier(classifier=classifier)
    model.fit(
        *(X[kept], y[kept], subjects[kept]),
        X_target_labeled=X_new[:10],
        y_target_labeled=y_new[:10],
    )
    assert model.score(X_new[10:], y_new[10:]) > 0.8


def test_a_weighted_mean_lies_between_the_sources_and_the_target():
    rng = np.random.default_rng(0)
    X, y = subject(rng)
    X_new, y_new = subject(rng, angle=np.deg2rad(70))
    few = {"X_target_labeled": X_new[:10], "y_target_labeled": y_new[:10]}
    scores = []
    for trade_off in (0.0, 0.9):
        model = ProcrustesClassifier(classifier="mdwm", rotate=False, trade_off=trade_off)
        scores.append(model.fit(X, y, **few).score(X_new[10:], y_new[10:]))
    assert scores[0] < 0.3
    assert scores[1] > 0.9


@pytest.mark.parametrize("classifier", ["mdm", "mdwm"])
def test_weights_of_source_trials_move_the_class_means(classifier):
    rng = np.random.default_rng(0)
    X, y = subject(rng)
    X_new, y_new = subject(rng, angle=np.deg2rad(20))
    few = {"X_target_labeled": X_new[:10], "y_target_labeled": y_new[:10]}

    def by_order(source, target):
        return np.linspace(0.1, 1.9, len(source))

    plain, weighted = (
        ProcrustesClassifier(classifier=classifier, weighting=weighting).fit(X, y, **few)
        for weighting in (None, by_order)
    )
    means = [model.pipeline_[-1].covmeans_ for model in (plain, weighted)]
    assert np.abs(means[0] - means[1]).max() > 1e-3


def test_a_target_of_another_dispersion_is_stretched():
    rng = np.random.default_rng(0)
    X, y = subject(rng)
    X_new, _ = subject(rng, spread=0.3)
    model = ProcrustesClassifier().fit(X, y)
    adapted = model.adapt(X_new)
    assert adapted.dispersion_ < 0.5 * model.dispersion_
    spread = [np.ptp(np.log(m.predict_proba(X_new)[:, 0])) for m in (model, adapted)]
    assert spread[0] < spread[1]


def test_bad_input():
    rng = np.random.default_rng(0)
    X, y = subject(rng)
    with pytest.raises(ConfigError, match="needs alignment="):
        ProcrustesClassifier(alignment=None).fit(X, y)
    with pytest.raises(ConfigError, match="trade_off must be"):
        ProcrustesClassifier(trade_off=2.0).fit(X, y)
    with pytest.raises(DataError, match="needs trials"):
        ProcrustesClassifier().fit(X[:, :, 0], y)
