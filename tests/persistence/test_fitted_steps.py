"""Fitted scikit-learn steps as arrays."""

from __future__ import annotations

import numpy as np
import pytest
from pyriemann.tangentspace import TangentSpace
from sklearn.base import BaseEstimator
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from bci_dann.features.nearest_mean import nearest_mean
from bci_dann.persistence import ModelState, read_state, write_state
from bci_dann.persistence.fitted_steps import read_steps, write_steps


@pytest.fixture
def vectors():
    rng = np.random.default_rng(0)
    X = rng.normal(3, 2, (40, 4))
    return X, (X[:, 0] > 3).astype(int)


@pytest.fixture
def covariances(vectors):
    rng = np.random.default_rng(1)
    factors = rng.normal(size=(40, 3, 30)) * (1 + vectors[1])[:, None, None]
    return factors @ factors.swapaxes(1, 2) / 30, vectors[1]


PIPELINES = {
    "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "lda": lambda: make_pipeline(LinearDiscriminantAnalysis()),
    "tangent": lambda: make_pipeline(TangentSpace("riemann"), LogisticRegression()),
    "nearest": lambda: make_pipeline(nearest_mean()),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_is_restored_to_the_bit(name, vectors, covariances, tmp_path):
    X, y = covariances if name in ("tangent", "nearest") else vectors
    fitted = PIPELINES[name]().fit(X, y)
    folder = write_state(ModelState({}, write_steps(fitted)), tmp_path)
    restored = read_steps(PIPELINES[name](), read_state(folder).arrays)
    np.testing.assert_array_equal(restored.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(restored.predict(X), fitted.predict(X))


class Noted(BaseEstimator):
    """A step with attributes of every kind."""

    def fit(self, X, y=None):
        self.mean_ = X.mean(0)
        self.count_ = len(X)
        self.ratio_ = np.float32(0.5)
        self.is_centred_ = True
        self.names_ = np.array(["a", "b"])  # text is no number
        self.function_ = np.mean
        self.scratch = X  # no underscore: not learned
        self._cache_ = X  # private
        return self

    def transform(self, X):
        return X - self.mean_


def test_learned_numbers_are_written_and_nothing_else(vectors):
    X, _ = vectors
    arrays = write_steps(Pipeline([("noted", Noted().fit(X))]))
    assert set(arrays) == {f"steps.noted.{n}" for n in ("mean_", "count_", "ratio_", "is_centred_")}
    assert all(isinstance(array, np.ndarray) for array in arrays.values())


def test_numbers_are_numbers_again(vectors, tmp_path):
    X, _ = vectors
    state = ModelState({}, write_steps(Pipeline([("noted", Noted().fit(X))])))
    arrays = read_state(write_state(state, tmp_path)).arrays
    step = read_steps(Pipeline([("noted", Noted())]), arrays).named_steps["noted"]
    assert (type(step.count_), step.count_) == (int, 40)
    assert (type(step.ratio_), step.ratio_) == (float, 0.5)
    assert step.is_centred_ is True
    np.testing.assert_array_equal(step.mean_, X.mean(0))


def test_other_arrays_are_left_alone(vectors):
    X, y = vectors
    fitted = PIPELINES["logistic"]().fit(X, y)
    arrays = {"alignment.references": np.eye(2), "weights": np.ones(3), **write_steps(fitted)}
    restored = read_steps(PIPELINES["logistic"](), arrays)
    assert not hasattr(restored, "references")
    np.testing.assert_array_equal(restored.predict(X), fitted.predict(X))


def test_a_step_that_does_not_exist_is_an_error(vectors):
    with pytest.raises(KeyError, match="nowhere"):
        read_steps(PIPELINES["lda"](), {"steps.nowhere.mean_": np.zeros(2)})
