"""Trials that come one after another; that none depends on a later one is in the contract."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import mne
import numpy as np
import pytest
from sklearn.base import clone

from bci_dann import load_model
from bci_dann.alignment import EuclideanAlignment
from bci_dann.data import EEGTrials
from bci_dann.estimators import (
    DANNClassifier,
    EnsembleClassifier,
    ProcrustesClassifier,
    ReweightedClassifier,
    RiemannianClassifier,
    ShallowClassifier,
    fit_together,
)
from bci_dann.estimators.saved_models import model_from_state
from bci_dann.exceptions import ConfigError, DataError

QUICK = {"max_epochs": 2, "random_state": 0}


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
    online = riemannian().fit(eeg_trials(X, y, subjects), y).partial_adapt(new[:1])
    expected = online.partial_adapt(new[1:2]).predict_proba(new)
    broken, silent = np.full_like(X_new[:1], np.nan), np.zeros_like(X_new[:1])
    for wrong in (X_new[:1, :, :-5], X_new[:1, :-1], broken, silent):
        with pytest.raises(ValueError):  # noqa: PT011 (also scikit-learn's of NaN)
            online.partial_adapt(wrong)
    np.testing.assert_array_equal(online.partial_adapt(new[1:2]).predict_proba(new), expected)


def test_channels_of_trials_handed_over_may_come_in_any_order(fold, eeg_trials):
    X, y, subjects, X_new, y_new = fold
    new = eeg_trials(X_new, y_new, np.repeat("new", len(X_new)))
    info = mne.create_info(new.ch_names[::-1], new.sfreq, "eeg")
    turned = EEGTrials(X_new[:, ::-1].copy(), y_new, new.metadata, info)
    online = riemannian().fit(eeg_trials(X, y, subjects), y)
    np.testing.assert_array_equal(
        online.partial_adapt(turned).predict_proba(turned),
        online.partial_adapt(new).predict_proba(new),
    )


# --- constant time and memory ----------------------------------------------------------------


class OfOnesOwn(ShallowClassifier):
    """Notes how many trials it is adapted to, and cannot follow them."""

    def adapt_aligned(self, trials):
        self.n_adapted = len(trials.X)


class OwnAlignment(EuclideanAlignment):
    """An alignment of which the package knows no way from a reference to a trial."""

    def _metric(self):
        return None


FOLLOWERS = {
    "tangent views": lambda: RiemannianClassifier(terms={"information_maximisation": 0.5}),
    "euclidean": ShallowClassifier,
    "filter bank": lambda: ShallowClassifier("filter_bank_csp", sfreq=128.0),
    "procrustes": ProcrustesClassifier,
    "network": lambda: DANNClassifier(**QUICK),
    "method of one's own": OfOnesOwn,
    "alignment of one's own": lambda: ShallowClassifier(alignment=OwnAlignment()),
    "ensemble": lambda: EnsembleClassifier([(riemannian(), 1.0), (OfOnesOwn(), 0.5)]),
}


def state_size(model):
    state = model.to_state()
    return sum(array.nbytes for array in state.arrays.values())


@pytest.mark.parametrize("name", list(FOLLOWERS))
def test_the_state_does_not_grow_with_the_trials(name, fold):
    X, y, subjects, X_new, _ = fold
    model = FOLLOWERS[name]().fit(X, y, subjects=subjects)
    sizes = []
    for _ in range(4):
        model = model.partial_adapt(np.concatenate([X_new, X_new]))
        sizes.append((state_size(model), len(pickle.dumps(model))))
    assert sizes[1][0] == sizes[3][0]  # after 160 and 320 trials
    assert abs(sizes[3][1] - sizes[1][1]) < 500


def test_who_cannot_follow_is_adapted_to_the_last_hundred_trials(fold):
    X, y, subjects, X_new, _ = fold
    model = OfOnesOwn().fit(X, y, subjects=subjects)
    assert not model.is_incremental
    assert not hasattr(model.partial_adapt(X_new[:4]), "n_adapted")
    many = np.concatenate([X_new] * 3)
    online = model.partial_adapt(many)
    assert online.n_adapted == 100
    np.testing.assert_array_equal(
        online.predict_proba(X_new), model.adapt(many[-100:]).predict_proba(X_new)
    )


def test_a_subclass_that_adapts_in_its_own_way_does_not_follow_in_that_of_its_base():
    class Adapting(RiemannianClassifier):
        def adapt_aligned(self, trials):
            pass

    class Following(Adapting):
        def partial_adapt_aligned(self, trials):
            pass

    for kind, follows in ((RiemannianClassifier, True), (Adapting, False), (Following, True)):
        model = kind()
        model.alignment_ = None
        assert model.is_incremental is follows


def test_labels_of_trials_handed_over_have_no_effect(fold, eeg_trials):
    X, y, subjects, X_new, y_new = fold
    new, wrong = (
        eeg_trials(X_new, labels, np.repeat("new", len(X_new)))
        for labels in (y_new, np.where(y_new == "a", "b", "a"))
    )
    model = riemannian().fit(eeg_trials(X, y, subjects), y)
    np.testing.assert_array_equal(
        model.partial_adapt(new).predict_proba(new), model.partial_adapt(wrong).predict_proba(new)
    )


def test_a_new_session_leans_on_the_one_before(fold, eeg_trials):
    X, y, subjects, X_new, y_new = fold
    sessions = np.repeat(["0", "1"], 20)
    new = eeg_trials(X_new, y_new, np.repeat("new", 40), sessions)
    model = ShallowClassifier().fit(eeg_trials(X, y, subjects), y)
    first = model.partial_adapt(new[:20])
    both = first.partial_adapt(new[20:21])
    before, after = (one.alignment_.references_ for one in (first, both))
    assert first.domains_[-1:] == ["new/0"]
    assert both.domains_[-2:] == ["new/0", "new/1"]
    np.testing.assert_array_equal(after["new/0"], before["new/0"])
    covariance = X_new[20].astype(float) @ X_new[20].T / X_new.shape[2]
    np.testing.assert_allclose(after["new/1"], (2 * before["new/0"] + covariance) / 3, rtol=1e-6)


def test_after_adapt_the_trials_handed_over_start_from_what_it_has_learned(fold):
    X, y, subjects, X_new, y_new = fold
    adapted = riemannian().fit(X, y, subjects=subjects).adapt(X_new[:20], y_new[:20])
    online = adapted.partial_adapt(X_new[20:30])
    fewer = online.partial_adapt(X_new[30:31])
    np.testing.assert_array_equal(online.head_.weights, adapted.head_.weights)
    assert len(fewer.predict(X_new)) == 40
    again = online.adapt(X_new[:20], y_new[:20])
    np.testing.assert_array_equal(again.predict_proba(X_new), adapted.predict_proba(X_new))


# --- labels of the new subject ---------------------------------------------------------------


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
