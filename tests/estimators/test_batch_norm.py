"""Batch-norm statistics of the new subject."""

from __future__ import annotations

import numpy as np
import pytest
from torch.nn.modules.batchnorm import _BatchNorm

from bci_dann import load_model
from bci_dann.estimators import DANNClassifier, SourceOnlyClassifier
from bci_dann.exceptions import ConfigError

QUICK = {"max_epochs": 2, "random_state": 0}


@pytest.fixture
def fold(toy_eeg):
    X, y, subjects = toy_eeg.without(1)
    X_new, _ = toy_eeg.of(1)
    loud = X_new * np.linspace(1, 4, X_new.shape[2], dtype="f4")  # whitening does not undo this
    return X, y, subjects, loud


def statistics(model):
    (network,) = model.networks_
    layers = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    return np.concatenate([layer.running_var.numpy() for layer in layers])


def weights(model):
    (network,) = model.networks_
    return np.concatenate([w.detach().numpy().ravel() for w in network.parameters()])


def test_adapt_takes_statistics_anew_and_leaves_weights(fold):
    X, y, subjects, X_new = fold
    model = SourceOnlyClassifier(**QUICK).fit(X, y, subjects=subjects)
    before = statistics(model)
    adapted = model.adapt(X_new)
    assert not np.allclose(statistics(adapted), before, rtol=0.05)
    np.testing.assert_array_equal(weights(adapted), weights(model))
    np.testing.assert_array_equal(statistics(model), before)


def test_few_trials_say_too_little_of_a_variance(fold):
    X, y, subjects, X_new = fold
    model = SourceOnlyClassifier(**QUICK).fit(X, y, subjects=subjects)
    np.testing.assert_array_equal(statistics(model.adapt(X_new[:19])), statistics(model))


@pytest.mark.parametrize("kind", [SourceOnlyClassifier, DANNClassifier])
def test_fit_takes_those_of_the_target_where_it_is_asked_to(fold, kind):
    X, y, subjects, X_new = fold
    given = {"subjects": subjects, "X_target_unlabeled": X_new}
    pooled = kind(**QUICK).fit(X, y, **given)
    own = kind(**QUICK, batch_norm="target").fit(X, y, **given)
    np.testing.assert_array_equal(weights(own), weights(pooled))
    np.testing.assert_array_equal(statistics(own), statistics(pooled.adapt(X_new)))


@pytest.mark.parametrize("name", ["target", "domain"])
def test_without_a_target_there_is_nothing_to_take(fold, name):
    X, y, subjects, _ = fold
    pooled, own = (
        SourceOnlyClassifier(**QUICK, batch_norm=kind).fit(X, y, subjects=subjects)
        for kind in ("pooled", name)
    )
    np.testing.assert_array_equal(statistics(own), statistics(pooled))


def test_apart_a_target_of_another_amplitude_trains_the_same_network(fold):
    X, y, subjects, X_new = fold
    moved = {}
    for name in ("pooled", "target", "domain"):
        first, second = (
            DANNClassifier(**QUICK, batch_norm=name, alignment=None, terms={"mcc": 1.0}).fit(
                X, y, subjects=subjects, X_target_unlabeled=gain * X_new
            )
            for gain in (1.0, 3.0)
        )
        moved[name] = np.linalg.norm(weights(first) - weights(second))
    assert moved["domain"] < 0.2 * moved["pooled"]
    assert moved["target"] == moved["pooled"]


def test_an_unknown_choice_is_refused():
    with pytest.raises(ConfigError, match="'pooled'"):
        SourceOnlyClassifier(batch_norm="own").check_parameters()


def test_trial_by_trial_statistics_know_no_later_trial(fold):
    X, y, subjects, X_new = fold
    model = SourceOnlyClassifier(**QUICK).fit(X, y, subjects=subjects)
    other = X_new.copy()
    other[22:] *= 5
    seen = []
    for trials in (X_new[:24], other[:24]):
        online = model.partial_adapt(trials[:20])
        outputs = []
        for trial in trials[20:]:
            outputs.append(online.predict_proba(trial[None])[0])
            online = online.partial_adapt(trial[None])
        seen.append(np.array(outputs))
    assert not np.allclose(statistics(online), statistics(model))
    np.testing.assert_array_equal(seen[0][:2], seen[1][:2])
    assert not np.array_equal(seen[0][2:], seen[1][2:])


def test_statistics_of_the_subject_are_saved(fold, tmp_path):
    X, y, subjects, X_new = fold
    adapted = SourceOnlyClassifier(**QUICK).fit(X, y, subjects=subjects).adapt(X_new)
    adapted.save(tmp_path / "model")
    read = load_model(tmp_path / "model")
    np.testing.assert_array_equal(read.predict_proba(X_new), adapted.predict_proba(X_new))
