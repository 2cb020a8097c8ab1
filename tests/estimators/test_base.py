"""The contract from a method's own side: what it is given, shares, forgets, and may override."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from bci_dann.alignment import EuclideanAlignment, ResultCache
from bci_dann.estimators import (
    DANNClassifier,
    EnsembleClassifier,
    ProcrustesClassifier,
    RiemannianClassifier,
    ShallowClassifier,
    TransferClassifier,
)
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError

SMALL = {"n_windows": 1, "n_delays": 1}


class Noting(TransferClassifier):
    """Keeps what it is given, and finds all classes equally likely."""

    def __init__(self, alignment="euclidean", sfreq=None, broken=False):
        self.alignment = alignment
        self.sfreq = sfreq
        self.broken = broken

    def fit_aligned(self, trials):
        if self.broken:
            raise RuntimeError("no convergence")
        self.given_ = trials
        self.adapted_to_ = None

    def adapt_aligned(self, trials):
        self.adapted_to_ = trials

    def predict_proba_aligned(self, X):
        self.seen_ = X
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


@pytest.fixture(scope="module")
def eeg(draw_toy_eeg):
    return draw_toy_eeg(n_subjects=4, n_trials=20, n_chans=4)


@pytest.fixture
def given(eeg):
    X, y, subjects = eeg.without(1)
    return {"X": X, "y": y, "subjects": subjects, "X_target_unlabeled": eeg.of(1)[0]}


# --- what a method is given -------------------------------------------------------------------


def test_a_method_is_given_all_trials_aligned(given, eeg):
    X_new, y_new = eeg.of(1)
    given |= {"X_target_unlabeled": X_new[6:], "X_target_labeled": X_new[:6]}
    trials = Noting().fit(**given, y_target_labeled=y_new[:6]).given_
    assert trials.X.shape == (80, 4, 128)
    assert trials.is_target.tolist() == [False] * 60 + [True] * 20
    assert trials.is_labelled.tolist() == [True] * 66 + [False] * 14
    assert set(trials.subjects[:60]) == {"2", "3", "4"}
    for name in ("2", "3", "4", "<target>"):
        part = trials.X[trials.domains == name].astype(float)
        covariance = np.einsum("nct,ndt->cd", part, part) / (len(part) * 128)
        np.testing.assert_allclose(covariance, np.eye(4), atol=1e-4)


def test_a_method_may_overwrite_what_it_is_given(given):
    class Careless(Noting):
        def fit_aligned(self, trials):
            trials.X[:] = 0

    before = {name: np.array(value) for name, value in given.items()}
    for alignment in (None, "euclidean"):
        Careless(alignment).fit(**given)
        for name, value in before.items():
            np.testing.assert_array_equal(given[name], value)


def test_a_method_predicts_aligned_trials(given):
    model = Noting().fit(**given)
    new = given["X_target_unlabeled"]
    model.predict_proba(new[:3])
    np.testing.assert_array_equal(model.seen_, model.alignment_.transform(new[:3]))
    np.testing.assert_array_equal(model.read_aligned(new[:3]), model.seen_)


def test_trials_without_signal_are_not_given_and_are_equally_likely(given):
    model = Noting().fit(**given)
    new = given["X_target_unlabeled"][:4].copy()
    new[[0, 2]] = 3.0
    np.testing.assert_array_equal(model.predict_proba(new), 0.5)
    assert len(model.seen_) == 2
    model.seen_ = None
    model.predict_proba(new[[0, 2]])
    assert model.seen_ is None


def test_adapting_hands_over_the_new_trials_to_a_copy(given):
    model = Noting().fit(**given)
    new = 2 * given["X_target_unlabeled"][:, ::-1]
    adapted = model.adapt(new)
    assert model.adapted_to_ is None
    trials = adapted.adapted_to_
    assert trials.is_unlabelled_target.all()
    np.testing.assert_array_equal(trials.X, adapted.alignment_.transform(new))


def test_a_method_without_adaptation_of_its_own_is_only_recentred(given):
    model = ShallowClassifier().fit(**given)
    adapted = model.adapt(given["X_target_unlabeled"][:10])
    assert adapted.pipeline_ is not model.pipeline_
    np.testing.assert_array_equal(adapted.pipeline_[-1].coef_, model.pipeline_[-1].coef_)


def test_a_method_must_say_how_it_learns_and_predicts(given):
    class Empty(TransferClassifier):
        def __init__(self, alignment=None):
            self.alignment = alignment

    with pytest.raises(NotImplementedError):
        Empty().fit(**given)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda X: np.full((len(X), 5), 0.2), r"here \(20, 2\); got shape \(20, 5\)"),
        (lambda X: np.zeros(len(X), int), r"here \(20, 2\); got shape \(20,\)"),
        (lambda X: np.full((len(X) - 1, 2), 0.5), r"here \(20, 2\); got shape \(19, 2\)"),
        (lambda X: None, r"here \(20, 2\); got shape \(\)"),
        (lambda X: np.where(np.arange(len(X)) < 3, np.nan, 0.5)[:, None].repeat(2, 1), "3 of 20 "),
    ],
)
def test_what_a_method_predicts_is_checked(given, returned, message):
    model = Noting().fit(**given)
    model.predict_proba_aligned = returned
    with pytest.raises(ConfigError, match=f"Noting: predict_proba_aligned must return.*{message}"):
        model.predict(given["X_target_unlabeled"])


def test_methods_of_ones_own_are_checked_before_training(given):
    with pytest.raises(ConfigError, match="sfreq must be a number above 0"):
        Noting(sfreq=-1).fit(**given)
    with pytest.raises(ConfigError, match="there is no alignment 'no'"):
        Noting(alignment="no").fit(**given)


def test_labels_that_a_method_cannot_use_are_refused(given, eeg):
    model = Noting().fit(**given)
    said = r"Noting cannot learn from labels without .* give them to fit\(\).* RiemannianClassifier"
    with pytest.raises(ConfigError, match=said):
        model.adapt(*eeg.of(1))
    X, y = eeg.of(1)
    model.adapt(X, [None] * len(y))  # none is given


# --- what a failed or repeated fit leaves ---------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        Noting(),
        ShallowClassifier(),
        EnsembleClassifier([(ShallowClassifier(), 1.0)]),
        DANNClassifier(max_epochs=1),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_fit_that_fails_leaves_no_model_of_before(given, model):
    model = clone(model).fit(**given)
    with pytest.raises(DataError, match="100 samples"):
        model.fit(**{**given, "X_target_unlabeled": given["X_target_unlabeled"][:, :, :100]})
    with pytest.raises(NotFittedError):
        model.predict(given["X"])


def test_an_error_of_the_method_is_passed_on(given):
    model = Noting().fit(**given).set_params(broken=True)
    with pytest.raises(RuntimeError, match="no convergence"):
        model.fit(**given)
    with pytest.raises(NotFittedError):
        model.predict(given["X"])


def test_a_second_fit_knows_nothing_of_the_first(given, eeg):
    model, fresh = ShallowClassifier(), ShallowClassifier()
    model.fit(eeg.of(2)[0] * 7, eeg.of(2)[1])
    for one in (model, fresh):
        one.fit(**given)
    assert model.domains_ == fresh.domains_ == ["2", "3", "4", "<target>"]
    new = given["X_target_unlabeled"]
    np.testing.assert_array_equal(model.predict_proba(new), fresh.predict_proba(new))


def test_parameters_are_not_changed_by_a_fit(given):
    alignment = EuclideanAlignment()
    model = Noting(alignment).fit(**given)
    assert model.alignment is alignment
    assert vars(alignment) == {"robust": False}
    assert model.alignment_ is not alignment


# --- a cache that a run owns ----------------------------------------------------------------------


def riemannian(**more):
    return RiemannianClassifier(**{**SMALL, **more})


METHODS = {
    "riemannian": lambda: riemannian(terms={"entropy": 0.1}),
    "windows and delays": lambda: riemannian(n_windows=2, n_delays=2),
    "raw covariances": lambda: riemannian(alignment=None),
    "aligned by one's own": lambda: riemannian(alignment=EuclideanAlignment()),
    "signals": lambda: ShallowClassifier(alignment="riemannian"),
    "procrustes": lambda: ProcrustesClassifier(),
    "ensemble": lambda: EnsembleClassifier([(riemannian(), 1.0), (ShallowClassifier(), 0.5)]),
    "network": lambda: DANNClassifier(alignment="riemannian", max_epochs=1, random_state=0),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_shared_cache_changes_no_bit(given, name):
    new = given["X_target_unlabeled"]
    expected = METHODS[name]().fit(**given).predict_proba(new)
    cache = ResultCache()
    for _ in range(2):
        model = METHODS[name]().use_cache(cache).fit(**given)
        np.testing.assert_array_equal(model.predict_proba(new), expected)
    adapted = METHODS[name]().fit(**given).adapt(new[:12]).predict_proba(new)
    np.testing.assert_array_equal(model.adapt(new[:12]).predict_proba(new), adapted)


@pytest.mark.parametrize("name", ["riemannian", "signals", "procrustes", "ensemble", "network"])
def test_a_second_fit_computes_nothing_of_known_domains_anew(given, name):
    cache = ResultCache()
    METHODS[name]().use_cache(cache).fit(**given)
    n_results = cache.n_results
    assert n_results > 0
    METHODS[name]().use_cache(cache).fit(**given)
    assert cache.n_results == n_results


@pytest.mark.parametrize("name", ["riemannian", "signals"])
def test_folds_share_their_sources(eeg, name):
    """Leaving another subject out asks for the references of one new domain at most."""
    cache = ResultCache()
    counts = []
    for target in (1, 2, 3, 4):
        X, y, subjects = eeg.without(target)
        METHODS[name]().use_cache(cache).fit(X, y, subjects=subjects)
        counts.append(cache.n_results)
    new = np.diff(counts)
    assert (new[1:] == 0).all()  # after two folds all four domains are known
    assert counts[-1] < 2 * counts[0]


def test_a_cache_is_used_by_members_and_copies_and_is_not_pickled(given):
    cache = ResultCache()
    model = EnsembleClassifier([(riemannian(), 1.0)]).use_cache(cache).fit(**given)
    assert copy.deepcopy(model).members_[0].alignment_.cache is cache
    sent = pickle.loads(pickle.dumps(model))
    assert sent.members_[0].alignment_.cache.n_results == 0
    new = given["X_target_unlabeled"]
    np.testing.assert_array_equal(sent.predict_proba(new), model.predict_proba(new))
    assert clone(model)._cache is None  # no parameter


def test_without_a_run_a_cache_lives_as_long_as_one_fit(given):
    model = riemannian().fit(**given)
    assert model.alignment_.cache is None
    shared = riemannian().use_cache(ResultCache()).fit(**given)
    assert shared.alignment_.cache.n_results > 0
    assert shared.use_cache(None).fit(**given).alignment_.cache is None


# --- warnings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        ShallowClassifier(alignment=None),
        EnsembleClassifier([(ShallowClassifier(alignment=None), 1.0)]),
        DANNClassifier({"name": "MLP"}, alignment=None, max_epochs=1),
    ],
    ids=lambda model: type(model).__name__,
)
def test_adapting_what_cannot_adapt_is_warned_of(given, model):
    if isinstance(model, DANNClassifier):
        given = {name: v[:, :, 0] if "X" in name else v for name, v in given.items()}
    model = clone(model).fit(**given)
    assert not model.can_adapt
    with pytest.warns(
        BCIDannWarning, match=r"adapt\(\) changes nothing in a model without alignment"
    ):
        model.adapt(given["X_target_unlabeled"])


@pytest.mark.parametrize(
    "model",
    [
        ShallowClassifier(),
        riemannian(alignment=None, terms={"entropy": 0.1}),
        riemannian(alignment=None, target_prior={"a": 0.5, "b": 0.5}),
        EnsembleClassifier([(ShallowClassifier(alignment=None), 1.0), (ShallowClassifier(), 1.0)]),
        DANNClassifier(alignment=None, max_epochs=1),  # which has batch normalisation
    ],
    ids=lambda model: type(model).__name__,
)
def test_what_can_adapt_says_so(given, model):
    model = clone(model).fit(**given)
    assert model.can_adapt
    new = given["X_target_unlabeled"]
    outputs = [m.predict_proba(new) for m in (model, model.adapt(2 * new[:, ::-1]))]
    assert np.abs(outputs[0] - outputs[1]).max() > 0
