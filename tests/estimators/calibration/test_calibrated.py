"""A calibrated method: probabilities, sets and abstention for a new subject."""

from __future__ import annotations

import warnings

import mne
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import issparse
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from bci_dann import (
    CalibratedClassifier,
    EnsembleClassifier,
    RiemannianClassifier,
    ShallowClassifier,
    TransductiveClassifier,
    load_model,
)
from bci_dann.alignment import ResultCache
from bci_dann.estimators.calibration.temperature import tempered
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError, UnadaptedWarning

METHOD = {"name": "ShallowClassifier", "features": "tangent_space", "classifier": "logistic"}


@pytest.fixture(scope="module")
def noisy_eeg(draw_toy_eeg):
    """Return a function that draws subjects who are decoded with errors."""

    def draw(noise=5.0, **sizes):
        toy = draw_toy_eeg(**sizes)
        toy.X[:] += noise * np.random.default_rng(0).standard_normal(toy.X.shape)
        return toy

    return draw


@pytest.fixture(scope="module")
def toy(noisy_eeg):
    return noisy_eeg(n_subjects=5, n_trials=30, shift=1.0)


def fitted(toy, target=False, **parameters):
    X, y, subjects = toy.without(1)
    given = {"X_target_unlabeled": toy.of(1)[0]} if target else {}
    model = CalibratedClassifier(**{"method": METHOD, **parameters})
    return model.fit(X, y, subjects=subjects, **given)


@pytest.fixture(scope="module")
def of_sources(toy):
    """Fitted to four sources, which every test leaves as it is."""
    return fitted(toy, abstain_below=0.8)


@pytest.fixture(scope="module")
def adapted(toy, of_sources):
    return of_sources.adapt(toy.of(1)[0])


def test_probabilities_are_those_of_the_method_divided_by_the_temperature(toy, adapted):
    X, y, subjects = toy.without(1)
    X_new = toy.of(1)[0]
    alone = ShallowClassifier("tangent_space", "logistic").fit(X, y, subjects=subjects)
    expected = alone.adapt(X_new).predict_proba(X_new)
    temperature = adapted.calibration_.temperature
    assert temperature != pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(
        adapted.predict_proba(X_new), tempered(expected, temperature), atol=1e-12
    )


def test_an_overconfident_method_is_brought_down(noisy_eeg):
    toy = noisy_eeg(noise=30.0, n_subjects=6, n_trials=20)
    hardly_penalised = RiemannianClassifier(C=100.0, local_span=None, remove_drift=False)
    losses = []
    for subject in (2, 4, 6):
        X, y, subjects = toy.without(subject)
        X_new, y_new = toy.of(subject)
        model = CalibratedClassifier(hardly_penalised, n_folds=3)
        model.fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
        assert model.calibration_.temperature > 1.3
        losses.append([log_loss(y_new, p.predict_proba(X_new)) for p in (model.method_, model)])
    before, after = np.mean(losses, axis=0)
    assert after < 0.95 * before


def test_subjects_that_were_not_adapted_to_have_a_calibration_of_their_own(toy, of_sources):
    assert of_sources.calibration_ is of_sources.unadapted_calibration_
    assert of_sources.adapt(toy.of(1)[0]).calibration_ is of_sources.adapted_calibration_
    assert fitted(toy, target=True).calibration_.temperature == pytest.approx(
        of_sources.adapted_calibration_.temperature
    )
    assert (
        of_sources.unadapted_calibration_.temperature > of_sources.adapted_calibration_.temperature
    )
    with pytest.warns(UnadaptedWarning):
        of_sources.predict_proba(toy.of(1)[0])


def test_uncertain_trials_get_none(toy, adapted):
    X_new, y_new = toy.of(1)
    given, probabilities = adapted.predict(X_new), adapted.predict_proba(X_new)
    abstained = np.array([name is None for name in given])
    np.testing.assert_array_equal(abstained, probabilities.max(axis=1) < 0.8)
    assert 0 < abstained.sum() < len(X_new)
    decided = adapted.classes_[probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(given[~abstained], decided[~abstained])
    assert adapted.score(X_new, y_new) == np.mean(decided == y_new)
    with pytest.raises((TypeError, ValueError)):  # it is not counted as a class
        accuracy_score(y_new, given)


def test_without_a_threshold_every_trial_has_a_class(toy):
    model = fitted(toy, target=True)
    given = model.predict(toy.of(1)[0])
    assert given.dtype == model.classes_.dtype
    assert model.abstains_below is None


def test_the_error_that_is_allowed_is_kept_on_average(noisy_eeg):
    toy = noisy_eeg(noise=15.0, n_subjects=8, n_trials=40, seed=3)
    errors, all_errors = [], []
    for subject in range(1, 9):
        X, y, subjects = toy.without(subject)
        X_new, y_new = toy.of(subject)
        model = CalibratedClassifier(METHOD, max_error=0.05, n_folds=4)
        model.fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
        given = model.predict(X_new)
        errors += [a != b for a, b in zip(given, y_new, strict=True) if a is not None]
        all_errors.append(1 - model.score(X_new, y_new))
    assert np.mean(all_errors) > 0.1
    assert np.mean(errors) < 0.07
    assert len(errors) > 160  # of 320


def test_an_error_that_cannot_be_kept_is_said_and_nothing_answered(toy):
    y = np.random.default_rng(0).permutation(toy.y)
    model = CalibratedClassifier(METHOD, max_error=0.01)
    with pytest.warns(BCIDannWarning, match=r"max_error=0.01 is exceeded.*abstain"):
        model.fit(toy.X, y, subjects=toy.subjects)
    assert all(name is None for name in model.adapt(toy.X[:30]).predict(toy.X[:30]))


def test_sets_hold_the_true_class_as_often_as_promised(noisy_eeg):
    toy = noisy_eeg(noise=30.0, n_subjects=10, n_trials=40, seed=4)
    hits, sizes = [], []
    for subject in (1, 4, 7, 10):
        X, y, subjects = toy.without(subject)
        X_new, y_new = toy.of(subject)
        model = CalibratedClassifier(METHOD, set_coverage=0.8, n_folds=3)
        sets = model.fit(X, y, subjects=subjects, X_target_unlabeled=X_new).predict_set(X_new)
        hits += sets[np.arange(len(y_new)), np.searchsorted(model.classes_, y_new)].tolist()
        sizes.append(sets.sum(axis=1).mean())
    assert np.mean(hits) == pytest.approx(0.8, abs=0.1)
    assert 1 <= np.mean(sizes) < 1.5


def test_a_trial_without_signal_is_abstained_from_and_has_all_classes(toy, adapted):
    X_new = toy.of(1)[0][:6].copy()
    X_new[2] = 0.0
    assert adapted.predict(X_new)[2] is None
    assert adapted.predict_set(X_new)[2].all()
    np.testing.assert_array_equal(adapted.predict_proba(X_new)[2], [0.5, 0.5])


def test_labels_of_the_target_have_no_part(toy, eeg_trials):
    X, y, subjects = toy.without(1)
    X_new, y_new = toy.of(1)
    sources, own = eeg_trials(X, y, subjects), np.repeat(1, len(X_new))
    honest, other = (
        CalibratedClassifier(METHOD, max_error=0.2).fit(
            sources, y, X_target_unlabeled=eeg_trials(X_new, labels, own)
        )
        for labels in (y_new, np.repeat("no such class", len(y_new)))
    )
    np.testing.assert_array_equal(honest.predict_proba(X_new), other.predict_proba(X_new))
    for name, array in honest.calibration_.to_arrays().items():
        np.testing.assert_array_equal(array, other.calibration_.to_arrays()[name])


def test_a_saved_model_is_the_same_to_the_bit(toy, of_sources, tmp_path):
    X_new = toy.of(1)[0]
    again = load_model(of_sources.save(tmp_path / "model"))
    assert again.plain_parameters() == of_sources.plain_parameters()
    models = [one.adapt(X_new) for one in (of_sources, again)]
    for outputs in ("predict_proba", "predict_set", "predict"):
        one, two = (getattr(model, outputs)(X_new) for model in models)
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    "method",
    [
        "csp_lda",
        ShallowClassifier("csp", n_components=2),
        RiemannianClassifier(n_windows=1, n_delays=1),
        EnsembleClassifier([(METHOD, 1.0), ("ea_csp_lda", 0.5)]),
    ],
)
def test_any_method_is_calibrated_adapted_and_saved(toy, method, tmp_path):
    X_new = toy.of(1)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BCIDannWarning)  # csp_lda has nothing to adapt
        model = fitted(toy, method=method, n_folds=2).adapt(X_new)
        again = load_model(model.save(tmp_path / "model"))
        np.testing.assert_array_equal(again.predict_proba(X_new), model.predict_proba(X_new))
        assert model.partial_adapt(X_new).predict(X_new).shape == (len(X_new),)


def test_trial_by_trial_the_calibration_follows_the_adaptation(toy, of_sources):
    X_new, model = toy.of(1)[0], of_sources
    temperatures = []
    for trial in X_new[:6]:
        temperatures.append(model.calibration_.temperature)
        model = model.partial_adapt(trial[None])
    one, other = of_sources.unadapted_calibration_, of_sources.adapted_calibration_
    assert temperatures == [one.temperature] + [other.temperature] * 5


def test_it_is_a_member_of_ensembles_and_of_cross_validation(toy):
    X, y, subjects = toy.without(1)
    members = [(CalibratedClassifier(METHOD, n_folds=2), 1.0), ("ea_csp_lda", 1.0)]
    model = EnsembleClassifier(members).fit(X, y, subjects=subjects)
    assert model.adapt(toy.of(1)[0]).predict(toy.of(1)[0]).shape == (30,)
    scores = cross_val_score(
        TransductiveClassifier(CalibratedClassifier(METHOD, n_folds=2, abstain_below=0.9)),
        *(toy.X, toy.y),
        groups=toy.subjects,
        cv=LeaveOneGroupOut(),
        params={"subjects": toy.subjects},
    )
    assert scores.mean() > 0.7  # abstention has no influence


@pytest.mark.parametrize("named", [True, False])
def test_epochs_are_calibrated_in_cross_validation_as_arrays_are(toy, named):
    info = mne.create_info(toy.X.shape[1], 128.0, "eeg")
    metadata = pd.DataFrame({"subject": toy.subjects.astype(str)}) if named else None
    epochs = mne.EpochsArray(toy.X * 1e-6, info, metadata=metadata, verbose="error")
    params = {} if named else {"params": {"subjects": toy.subjects}}
    model = TransductiveClassifier(CalibratedClassifier(METHOD, n_folds=2))
    folds = {"groups": toy.subjects, "cv": LeaveOneGroupOut(), "scoring": "neg_log_loss"}
    of_epochs = cross_val_score(model, epochs, toy.y, **folds, **params, error_score="raise")
    of_arrays = cross_val_score(
        model, toy.X, toy.y, **folds, params={"subjects": toy.subjects}, error_score="raise"
    )
    np.testing.assert_allclose(of_epochs, of_arrays, atol=1e-3)


def test_a_cache_changes_nothing_and_seeds_reach_the_method(toy):
    X_new = toy.of(1)[0]
    plain, cached = CalibratedClassifier("ra_ts_logistic"), CalibratedClassifier("ra_ts_logistic")
    X, y, subjects = toy.without(1)
    cached.use_cache(cache := ResultCache()).fit(X, y, subjects=subjects)
    plain.fit(X, y, subjects=subjects)
    np.testing.assert_array_equal(
        cached.adapt(X_new).predict_proba(X_new), plain.adapt(X_new).predict_proba(X_new)
    )
    assert cache.n_results > 0
    seeded = CalibratedClassifier({"name": "DANNClassifier", "random_state": 5}, random_state=3)
    assert seeded.build().random_state == 3
    assert seeded.set_params(random_state=None).build().random_state == 5


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"method": "csp_ldaa"}, "Did you mean 'csp_lda'"),
        ({"by": "fitt"}, "Did you mean 'fit'"),
        ({"n_folds": 1}, "n_folds must be a number at least 2"),
        ({"set_coverage": 1.0}, "set_coverage must be a number above 0 and below 1"),
        ({"abstain_below": 1.2}, "abstain_below must be a number above 0 and below 1"),
        ({"max_error": 0}, "max_error must be a number above 0 and below 1"),
        ({"max_error": 0.1, "abstain_below": 0.6}, "determines the threshold; got 0.6 and 0.1"),
    ],
)
def test_parameters_that_cannot_be_used(toy, parameters, message):
    with pytest.raises(ConfigError, match=message):
        fitted(toy, **parameters)


def test_sources_that_cannot_calibrate(toy):
    X, y, subjects = toy.without(1)
    with pytest.raises(DataError, match="name the subject of each trial in `subjects`"):
        CalibratedClassifier(METHOD).fit(X, y)
    with pytest.raises(DataError, match="at least 3 of them; got 2"):
        CalibratedClassifier(METHOD).fit(X[:60], y[:60], subjects=subjects[:60])
    silent = X.copy()
    silent[7] = 0.0
    model = CalibratedClassifier(METHOD)
    with pytest.raises(DataError, match=r"1 of 120 trials hold no signal.*\[7\]"):
        model.fit(silent, y, subjects=subjects)
    assert not model.__sklearn_is_fitted__()


class WithSubjects(CalibratedClassifier):
    """Divides the vectors of scikit-learn's checks, which have no subjects, among three."""

    def fit(self, X, y, subjects=None, **target):
        if subjects is None and y is not None and not issparse(X):
            X = X if hasattr(X, "__len__") else np.asarray(X)
            place = np.arange(len(np.asarray(y)))
            subjects = (place + place // 3) % 3  # each of them with every class
        return super().fit(X, y, subjects, **target)


@parametrize_with_checks([WithSubjects(ShallowClassifier())])
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_check(estimator, check):
    check(estimator)
