"""Saving models: own methods, classes of the package, and what cannot be saved."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from bci_dann import load_model
from bci_dann.estimators import (
    DANNClassifier,
    EnsembleClassifier,
    NetworkClassifier,
    ProcrustesClassifier,
    RiemannianClassifier,
    ShallowClassifier,
    TransferClassifier,
)
from bci_dann.exceptions import ConfigError


@pytest.fixture(scope="module")
def given(draw_toy_eeg):
    eeg = draw_toy_eeg(n_subjects=3, n_trials=20, n_chans=4)
    X, y, subjects = eeg.without(1)
    return {"X": X, "y": y, "subjects": subjects, "X_target_unlabeled": eeg.of(1)[0]}


def description_of(folder):
    return json.loads((folder / "model.json").read_text())


class Power(TransferClassifier):
    """Logistic regression on the power of channels, written in numbers."""

    state_attributes = ("weights_", "bias_", "count_")

    def __init__(self, alignment="euclidean", C=1.0):
        self.alignment = alignment
        self.C = C

    def fit_aligned(self, trials):
        known = trials.labelled()
        model = LogisticRegression(C=self.C).fit(known.X.var(axis=2), known.labels)
        self.weights_, self.bias_ = model.coef_[0], float(model.intercept_[0])
        self.count_ = len(known.labels)

    def predict_proba_aligned(self, X):
        p = 1 / (1 + np.exp(-(X.var(axis=2) @ self.weights_ + self.bias_)))
        return np.stack([1 - p, p], axis=1)


class Forgetful(Power):
    state_attributes = ("weights_",)


class Written(Power):
    """Writes its state itself."""

    state_attributes = ()

    def to_state(self):
        state = super().to_state()
        state.arrays["weights"] = self.weights_
        state.description["bias"] = self.bias_
        return state

    def from_state(self, state):
        super().from_state(state)
        self.weights_, self.bias_ = state.arrays["weights"], state.description["bias"]


class Thresholded(ShallowClassifier):
    """A class of the package that learns one number more."""

    def fit_aligned(self, trials):
        super().fit_aligned(trials)
        self.threshold_ = 0.25

    def predict_proba_aligned(self, X):
        return np.clip(super().predict_proba_aligned(X), self.threshold_, 1 - self.threshold_)


class ThresholdedAndNamed(Thresholded):
    state_attributes = ("threshold_",)


@pytest.mark.parametrize("kind", [Power, Written, ThresholdedAndNamed])
def test_a_method_of_ones_own_is_saved_and_loaded(given, tmp_path, kind):
    model = kind().fit(**given)
    loaded = load_model(model.save(tmp_path / "model"))
    new = given["X_target_unlabeled"]
    assert type(loaded) is kind
    assert description_of(tmp_path / "model")["class"] == f"{__name__}:{kind.__name__}"
    np.testing.assert_array_equal(loaded.predict_proba(new), model.predict_proba(new))
    adapted = loaded.adapt(new[:10]).predict_proba(new)
    np.testing.assert_array_equal(adapted, model.adapt(new[:10]).predict_proba(new))


def test_numbers_among_the_state_are_numbers_again(given, tmp_path):
    loaded = load_model(Power(C=0.5).fit(**given).save(tmp_path / "model"))
    assert (type(loaded.bias_), type(loaded.count_)) == (float, int)
    assert (loaded.count_, loaded.C, loaded.weights_.shape) == (40, 0.5, (4,))


@pytest.mark.parametrize(
    ("kind", "lost"), [(Forgetful, "bias_, count_"), (Thresholded, "threshold_")]
)
def test_what_would_be_lost_is_told_before_anything_is_written(given, tmp_path, kind, lost):
    model = kind().fit(**given)
    message = f"{kind.__name__} cannot be saved: {lost} would be lost. Name arrays and numbers in"
    with pytest.raises(ConfigError, match=message):
        model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    "model",
    [
        ShallowClassifier(),
        ProcrustesClassifier(),
        RiemannianClassifier(n_windows=1, n_delays=1),
        NetworkClassifier(weighting="kmm", max_epochs=1),
        EnsembleClassifier([(ShallowClassifier(), 1.0)]),
    ],
    ids=lambda model: type(model).__name__,
)
def test_classes_of_the_package_are_saved_by_their_names(given, tmp_path, model):
    folder = model.fit(**given).save(tmp_path / "model")
    assert description_of(folder)["class"] == type(model).__name__


def test_a_model_that_was_not_fitted(tmp_path):
    with pytest.raises(NotFittedError):
        ShallowClassifier().save(tmp_path / "model")


def test_a_class_of_a_script_is_not_saved(given, tmp_path):
    kind = type("Mine", (ShallowClassifier,), {"__module__": "__main__"})
    with pytest.raises(ConfigError, match=r"Mine cannot be saved: .* top level of a module"):
        kind().fit(**given).save(tmp_path / "model")


def test_a_parameter_that_no_file_can_hold_is_refused_before_training():
    model = NetworkClassifier({"name": "MLP", "hidden": {8, 16}})
    with pytest.raises(
        ConfigError, match=r"NetworkClassifier cannot be saved: .* of type set .*Give"
    ):
        model.check_savable()


@pytest.mark.parametrize(
    "model",
    [
        EnsembleClassifier(
            [(ShallowClassifier(), 1.0), (ShallowClassifier("tangent_space"), 1.0)],
            weights=np.array([1.0, 0.5]),
        ),
        RiemannianClassifier(n_windows=np.int64(1), n_delays=np.int64(2), C=np.float32(0.5)),
        ShallowClassifier(n_components=np.int64(2), random_state=np.int64(3)),
        DANNClassifier(max_epochs=np.int64(1), lr=np.float32(1e-3), random_state=np.int64(3)),
        EnsembleClassifier(
            [(ShallowClassifier(n_components=np.int64(2)), np.float64(1.0))],
            random_state=np.int64(3),
        ),
    ],
)
def test_numbers_of_numpy_as_a_parameter_search_sets_them(model, given, tmp_path):
    read = load_model(model.fit(**given).save(tmp_path / "model"))
    X = given["X_target_unlabeled"]
    np.testing.assert_array_equal(read.predict_proba(X), model.predict_proba(X))
    assert getattr(read, "random_state", None) == getattr(model, "random_state", None)
