"""Trials that come one after another; that none depends on a later one is in the contract."""

from __future__ import annotations

import copy
from dataclasses import replace

import mne
import numpy as np
import pytest
from sklearn.base import clone

from bci_dann import load_model
from bci_dann.data import EEGTrials
from bci_dann.estimators import (
    DANNClassifier,
    EnsembleClassifier,
    ReweightedClassifier,
    RiemannianClassifier,
    ShallowClassifier,
    fit_together,
)
from bci_dann.estimators.saved_models import model_from_state
from bci_dann.exceptions import ConfigError, DataError


@pytest.fixture
def fold(toy_eeg):
    return *toy_eeg.without(1), *toy_eeg.of(1)


def riemannian():
    return RiemannianClassifier(terms={"information_maximisation": 0.5})


def test_a_buffer_may_be_used_again(fold):
    X, y, subjects, X_new, _ = fold
    reused = copied = riemannian().fit(X, y, subjects=subjects)
    buffer = np.empty_like(X_new[:1])
    for trial in X_new[:12]:
        buffer[0] = trial
        reused, copied = reused.partial_adapt(buffer), copied.partial_adapt(trial[None].copy())
    np.testing.assert_array_equal(reused.predict_proba(X_new), copied.predict_proba(X_new))


def test_fit_and_adapt_begin_anew(fold):
    X, y, subjects, X_new, _ = fold
    online = riemannian().fit(X, y, subjects=subjects).partial_adapt(X_new[:10])
    again = clone(online).fit(X, y, subjects=subjects)
    for one, other in (
        (online.adapt(X_new[10:20]), again.adapt(X_new[10:20])),
        (online.fit(X, y, subjects=subjects), again),
    ):
        one, other = (model.partial_adapt(X_new[20:30]) for model in (one, other))
        np.testing.assert_array_equal(one.predict_proba(X_new), other.predict_proba(X_new))


def test_trials_that_do_not_belong_are_not_taken_in(fold, eeg_trials):
    X, y, subjects, X_new, y_new = fold
    new = eeg_trials(X_new, y_new, np.repeat("new", len(X_new)))
    turned = EEGTrials(
        X_new[:, ::-1].copy(),
        y_new,
        new.metadata,
        mne.create_info(new.ch_names[::-1], new.sfreq, "eeg"),
    )
    online = riemannian().fit(eeg_trials(X, y, subjects), y)
    broken = np.full_like(X_new[:1], np.nan)
    for wrong in (turned[1:2], X_new[:1, :, :-5], broken):
        with pytest.raises(ValueError):  # noqa: PT011 (also scikit-learn's of NaN)
            online.partial_adapt(new[:1]).partial_adapt(wrong)
    assert len(online.partial_adapt(new[:8]).predict(new)) == len(new)


# --- labels of the new subject ---------------------------------------------------------------


QUICK = {"max_epochs": 2, "random_state": 0}
LABEL_USERS = {
    "no terms": RiemannianClassifier,
    "terms": riemannian,
    "no alignment": lambda: RiemannianClassifier(alignment=None, n_windows=1, n_delays=1),
    "ensemble": lambda: EnsembleClassifier([(riemannian(), 1.0), (ShallowClassifier(), 0.5)]),
    "network": lambda: DANNClassifier(n_members=2, guard=True, **QUICK),
    "network without alignment": lambda: DANNClassifier("Deep4Net", alignment=None, **QUICK),
    "weighted network": lambda: ReweightedClassifier(batch_norm="target", **QUICK),
    "ensemble of networks": lambda: EnsembleClassifier(
        [(DANNClassifier(**QUICK), 1.0), (ShallowClassifier(), 0.5)]
    ),
}


@pytest.fixture(scope="module", params=list(LABEL_USERS))
def of_sources(request, toy_eeg):
    X, y, subjects = toy_eeg.without(1)
    return LABEL_USERS[request.param]().fit(X, y, subjects=subjects)


def test_adapt_learns_from_labels(of_sources, fold):
    *_, X_new, y_new = fold
    assert of_sources.uses_labels
    first = np.arange(len(y_new)) < 20
    truth = np.searchsorted(of_sources.classes_, y_new)

    def confidence(labels):
        model = of_sources.adapt(X_new, np.where(first, labels, None))
        return model.predict_proba(X_new)[np.arange(len(truth)), truth][first].mean()

    assert confidence(y_new) > confidence(np.where(y_new == "a", "b", "a"))


def test_no_label_is_the_same_as_none(of_sources, fold):
    *_, X_new, y_new = fold
    if not of_sources.can_adapt:
        pytest.skip("there is nothing to adapt")
    expected = of_sources.adapt(X_new).predict_proba(X_new)
    for empty in ([None] * len(y_new), [""] * len(y_new), np.full(len(y_new), np.nan)):
        np.testing.assert_array_equal(of_sources.adapt(X_new, empty).predict_proba(X_new), expected)


def test_labelled_trials_count_as_they_would_among_those_of_the_sources(fold):
    X, y, subjects, X_new, y_new = fold
    few = {"X_target_labeled": X_new[:20], "y_target_labeled": y_new[:20]}
    model = RiemannianClassifier(alignment=None, n_windows=1, n_delays=1, remove_drift=False)
    together = clone(model).fit(X, y, subjects=subjects, **few).predict_proba(X_new)
    alone = clone(model).fit(X, y, subjects=subjects)
    adapted = alone.adapt(X_new[:20], y_new[:20]).predict_proba(X_new)
    before = alone.predict_proba(X_new)
    assert np.abs(adapted - together).mean() < 0.5 * np.abs(before - together).mean()


def test_labels_must_fit_the_trials_and_the_classes(of_sources, fold):
    *_, X_new, y_new = fold
    with pytest.raises(DataError, match=r"y must have shape \(40,\); got \(3,\)"):
        of_sources.adapt(X_new, y_new[:3])
    with pytest.raises(DataError, match=r"labels \['c'\] that the sources do not have"):
        of_sources.adapt(X_new, np.where(np.arange(40) < 1, "c", y_new))


def test_what_was_learned_of_labels_is_saved(of_sources, fold, tmp_path):
    *_, X_new, y_new = fold
    adapted = of_sources.adapt(X_new, y_new)
    adapted.save(tmp_path)
    np.testing.assert_allclose(
        load_model(tmp_path).predict_proba(X_new), adapted.predict_proba(X_new), rtol=1e-5
    )


def network_of(fold):
    X, y, subjects, *_ = fold
    return DANNClassifier(**QUICK).fit(X, y, subjects=subjects)


def test_the_head_of_a_network_learns_and_its_backbone_stays(fold):
    *_, X_new, y_new = fold
    network = network_of(fold)
    before = copy.deepcopy(network.networks_[0].state_dict())
    plain, taught = network.adapt(X_new), network.adapt(X_new, y_new)
    np.testing.assert_array_equal(plain.transform(X_new), taught.transform(X_new))
    weights = [model.networks_[0].state_dict() for model in (network, plain, taught)]
    for name in ("head.weight", "head.bias"):
        assert weights[0][name].equal(before[name])
        assert weights[1][name].equal(before[name])
        assert not weights[2][name].equal(before[name])


def test_each_adaptation_of_a_network_starts_from_the_sources(fold):
    *_, X_new, y_new = fold
    network = network_of(fold)
    taught = network.adapt(X_new, y_new)
    for labels in (None, np.where(np.arange(len(y_new)) < 8, y_new, "")):
        np.testing.assert_array_equal(
            taught.adapt(X_new, labels).predict_proba(X_new),
            network.adapt(X_new, labels).predict_proba(X_new),
        )


def test_networks_that_are_trained_together_learn_from_labels_as_those_trained_alone(fold):
    X, y, subjects, X_new, y_new = fold
    given = {"X": X, "y": y, "subjects": subjects}
    together = fit_together([DANNClassifier(**QUICK) for _ in range(2)], [given] * 2, stack=True)
    alone = network_of(fold).adapt(X_new, y_new).predict_proba(X_new)
    for model in together:
        assert model.uses_labels
        np.testing.assert_allclose(model.adapt(X_new, y_new).predict_proba(X_new), alone, atol=1e-3)


def test_labels_do_not_change_the_network_that_was_loaded(fold, tmp_path):
    *_, X_new, y_new = fold
    network = network_of(fold)
    loaded = load_model(network.save(tmp_path))
    np.testing.assert_array_equal(
        loaded.adapt(X_new, y_new).predict_proba(X_new),
        network.adapt(X_new, y_new).predict_proba(X_new),
    )
    np.testing.assert_array_equal(loaded.predict_proba(X_new), network.predict_proba(X_new))


def test_a_network_that_was_saved_without_penalties_must_be_fitted_again(fold):
    *_, X_new, y_new = fold
    state = network_of(fold).to_state()
    former = {k: v for k, v in state.arrays.items() if not k.startswith("penalty.")}
    loaded = model_from_state(replace(state, arrays=former))
    assert not loaded.uses_labels
    with pytest.raises(ConfigError, match="an earlier version has saved must be fitted again"):
        loaded.adapt(X_new, y_new)
    np.testing.assert_array_equal(
        loaded.adapt(X_new).predict_proba(X_new), network_of(fold).adapt(X_new).predict_proba(X_new)
    )


def test_methods_that_need_the_sources_for_labels_say_so(fold):
    X, y, subjects, X_new, y_new = fold
    weighted = ReweightedClassifier(learner="tangent_space", alignment="riemannian")
    for method in (ShallowClassifier(), EnsembleClassifier([(ShallowClassifier(), 1.0)]), weighted):
        fitted = method.fit(X, y, subjects=subjects)
        assert not fitted.uses_labels
        with pytest.raises(ConfigError, match=r"X_target_labeled.*RiemannianClassifier"):
            fitted.adapt(X_new, y_new)
