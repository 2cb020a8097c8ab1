from __future__ import annotations

import numpy as np
import pytest
from pyriemann.classification import MDM
from pyriemann.estimation import Covariances

from bci_dann import load_model
from bci_dann.estimators import ShallowClassifier
from bci_dann.exceptions import ConfigError, DataError


@pytest.fixture(scope="module")
def rhythms():
    """Class 1 has more of 10 Hz on channel 0, and as much less of 22 Hz: broadband is blind."""
    rng = np.random.default_rng(0)
    time = np.arange(384) / 128
    y = np.arange(60) % 2
    X = rng.normal(0, 3, (60, 4, 384))
    for hz, powers in ((10, (0.6, 1.4)), (22, (1.4, 0.6))):
        phase = rng.uniform(0, 2 * np.pi, 60)[:, None]
        amplitude = 4 * np.sqrt(np.take(powers, y))[:, None]
        X[:, 0] += amplitude * np.sin(2 * np.pi * hz * time + phase)
    return X.astype("f4"), y


def test_a_filter_bank_sees_what_broadband_patterns_do_not(rhythms):
    X, y = rhythms
    bank = ShallowClassifier("filter_bank_csp", sfreq=128.0).fit(X[:40], y[:40])
    broad = ShallowClassifier("csp").fit(X[:40], y[:40])
    assert bank.score(X[40:], y[40:]) > 0.9
    assert broad.score(X[40:], y[40:]) < 0.8


def test_a_filter_bank_without_alignment_is_saved_and_read(rhythms, tmp_path):
    X, y = rhythms
    model = ShallowClassifier("filter_bank_csp", sfreq=128.0, alignment=None).fit(X, y)
    model.save(tmp_path / "model")
    read = load_model(tmp_path / "model")
    np.testing.assert_array_equal(read.predict_proba(X), model.predict_proba(X))


def test_nearest_mean_is_that_of_pyriemann(rhythms):
    X, y = rhythms
    model = ShallowClassifier("covariances", "mdm", alignment=None).fit(X, y)
    covariances = Covariances("oas").transform(X.astype(float))
    theirs = MDM().fit(covariances, y).predict_proba(covariances)
    np.testing.assert_allclose(model.predict_proba(X), theirs, atol=1e-6)


def test_what_does_not_go_together(rhythms):
    X, y = rhythms
    with pytest.raises(ConfigError, match="use 'covariances' with 'mdm'"):
        ShallowClassifier("csp", "mdm").fit(X, y)
    with pytest.raises(ConfigError, match="use 'covariances' with 'mdm'"):
        ShallowClassifier("covariances", "lda").fit(X, y)
    with pytest.raises(DataError, match="needs the sampling frequency"):
        ShallowClassifier("filter_bank_csp").fit(X, y)
    with pytest.raises(DataError, match="not vectors"):
        ShallowClassifier("covariances", "mdm").fit(X[:, :, 0], y)


@pytest.mark.parametrize("alignment", [None, "euclidean", "riemannian"])
def test_dependent_channels_do_no_harm(rhythms, alignment):
    X, y = rhythms
    referenced = X - X.mean(axis=1, keepdims=True)
    for features, classifier in (
        ("filter_bank_csp", "lda"),
        ("tangent_space", "logistic"),
        ("covariances", "mdm"),
    ):
        model = ShallowClassifier(features, classifier, alignment=alignment, sfreq=128.0)
        probabilities = model.fit(referenced[:40], y[:40]).predict_proba(referenced[40:])
        assert np.isfinite(probabilities).all()


@pytest.mark.parametrize("alignment", ["euclidean", "riemannian", None])
@pytest.mark.parametrize("n_chans", [2, 4])
def test_patterns_after_an_average_reference(rhythms, n_chans, alignment, tmp_path):
    """Channels are then dependent, two of them opposite."""
    X, y = rhythms
    X = X[:, :n_chans] - X[:, :n_chans].mean(axis=1, keepdims=True)
    model = ShallowClassifier("csp", alignment=alignment).fit(X, y)
    features = model.transform(X)
    assert features.shape == (60, n_chans - 1)
    assert features.std() < 2.0  # logarithms of the power of signals, not of rounding errors
    read = load_model(model.save(tmp_path / "model"))
    np.testing.assert_array_equal(read.predict_proba(X), model.predict_proba(X))


def test_patterns_for_a_weighting_after_an_average_reference(rhythms):
    X, y = rhythms
    X = X[:, :2] - X[:, :2].mean(axis=1, keepdims=True)
    weighting = {"name": "logistic", "features": "csp"}
    model = ShallowClassifier("tangent_space", "logistic", weighting=weighting, random_state=0)
    model.fit(X[:40], y[:40], X_target_unlabeled=X[40:])
    assert np.isfinite(model.weights_).all()
