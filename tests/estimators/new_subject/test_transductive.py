"""Methods in scikit-learn's cross-validation: with adaptation to the test fold, or a warning."""

from __future__ import annotations

import mne
import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from bci_dann import EnsembleClassifier, RiemannianClassifier, ShallowClassifier, load_model
from bci_dann import TransductiveClassifier as Transductive
from bci_dann.exceptions import BCIDannWarning, ConfigError, UnadaptedWarning


@pytest.fixture(scope="module")
def toy(draw_toy_eeg):
    return draw_toy_eeg(n_subjects=3, n_trials=30, shift=1.0)


def folds(toy):
    return {"groups": toy.subjects, "cv": LeaveOneGroupOut()}


@pytest.mark.parametrize("by", ["adapt", "fit"])
@pytest.mark.parametrize("method", ["ra_ts_logistic", ShallowClassifier(n_components=4)])
def test_each_fold_is_adapted_to_without_its_labels(toy, by, method):
    given = {"params": {"subjects": toy.subjects}, **folds(toy)}
    scores = cross_val_score(Transductive(method, by=by), toy.X, toy.y, **given)
    expected = []
    for subject in (1, 2, 3):
        X, y, subjects = toy.without(subject)
        X_new, y_new = toy.of(subject)
        model = clone(Transductive(method).fit(X, y, subjects=subjects).method_)
        model.fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
        expected.append(model.score(X_new, y_new))
    np.testing.assert_allclose(scores, expected)


def test_trials_with_names_are_cut_into_folds_and_adapted_to_by_subject(toy, eeg_trials):
    trials = eeg_trials(toy.X, toy.y, toy.subjects)
    model = Transductive(ShallowClassifier())
    alone = cross_val_score(model, trials, trials.y, **folds(toy))
    with config_context(enable_metadata_routing=True):
        routed = {"params": {"subjects": toy.subjects, "groups": toy.subjects}}
        arrays = cross_val_score(model, toy.X, toy.y, cv=LeaveOneGroupOut(), **routed)
    np.testing.assert_allclose(alone, arrays)
    fitted = model.fit(trials[toy.subjects == 1], toy.y[toy.subjects == 1])
    both = fitted.predict_proba(trials[toy.subjects != 1])
    for subject in (2, 3):
        one = fitted.predict_proba(trials[toy.subjects == subject])
        np.testing.assert_array_equal(both[toy.subjects[toy.subjects != 1] == subject], one)


@pytest.mark.parametrize("by", ["adapt", "fit"])
def test_epochs_without_metadata_have_the_given_subjects(toy, eeg_trials, by):
    source = toy.subjects != 3
    trials = eeg_trials(toy.X, toy.y, toy.subjects)

    def epochs(chosen):
        return mne.EpochsArray(1e-6 * toy.X[chosen].astype(float), trials.info, verbose="error")

    model = Transductive(ShallowClassifier(), by=by)
    probabilities = [
        model.fit(X[0], toy.y[source], subjects=toy.subjects[source]).predict_proba(X[1])
        for X in ([toy.X[source], toy.X[~source]], [epochs(source), epochs(~source)])
    ]
    np.testing.assert_allclose(*probabilities, atol=1e-4)


def test_sources_need_their_subjects(toy):
    with pytest.warns(BCIDannWarning, match="the sources have no subjects"):
        Transductive(ShallowClassifier()).fit(toy.X, toy.y)


def test_parameters_are_checked(toy):
    with pytest.raises(ConfigError, match="by must be one of 'adapt', 'fit'"):
        Transductive(by="refit").fit(toy.X, toy.y, subjects=toy.subjects)
    with pytest.raises(ConfigError, match="Did you mean 'rts_im'"):
        Transductive("rts_imm").fit(toy.X, toy.y, subjects=toy.subjects)


@parametrize_with_checks([Transductive(ShallowClassifier(), by=by) for by in ("adapt", "fit")])
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_check(estimator, check):
    check(estimator)


# --- the warning ----------------------------------------------------------------------------

METHODS = {
    "shallow": ShallowClassifier,
    "riemannian": RiemannianClassifier,
    "ensemble": lambda: EnsembleClassifier([(ShallowClassifier(), 1.0)]),
}


@pytest.fixture(params=list(METHODS))
def fitted(request, toy):
    return METHODS[request.param]().fit(*toy.without(1)[:2], subjects=toy.without(1)[2])


def test_cross_validation_without_adaptation_warns(toy):
    with pytest.warns(UnadaptedWarning, match="wrap the method in bci_dann.TransductiveClassifier"):
        cross_val_score(ShallowClassifier(), toy.X, toy.y, groups=toy.subjects, cv=GroupKFold(3))


def test_an_unadapted_model_warns_also_after_loading(toy, fitted, tmp_path):
    X_new = toy.of(1)[0]
    fitted.save(tmp_path)
    for model in (fitted, load_model(tmp_path)):
        with pytest.warns(UnadaptedWarning, match="adapt"):
            model.predict(X_new)


@pytest.mark.filterwarnings("error")
def test_whoever_adapts_is_not_warned(toy, fitted, tmp_path, eeg_trials):
    X, y, subjects = toy.without(1)
    X_new, y_new = toy.of(1)
    adapted = fitted.adapt(X_new)
    adapted.predict(X_new)
    adapted.save(tmp_path)
    load_model(tmp_path).predict(X_new)
    clone(fitted).fit(X, y, subjects=subjects, X_target_unlabeled=X_new).predict(X_new)
    few = {"X_target_labeled": X_new[:6], "y_target_labeled": y_new[:6]}
    clone(fitted).fit(X, y, subjects=subjects, **few).predict(X_new)
    fitted.predict(X_new[:1])  # trial by trial there is nothing to adapt to yet
    online = fitted.partial_adapt(X_new[:1])
    online.predict(X_new[1:2])
    sources = eeg_trials(X, y, subjects)
    clone(fitted).fit(sources, y).predict(sources)  # their own references are known
    plain = ShallowClassifier(alignment=None).fit(X, y, subjects=subjects)
    plain.predict(X_new)
