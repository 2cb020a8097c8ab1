from __future__ import annotations

import numpy as np
from pyriemann.classification import MDM
from pyriemann.geometry.distance import distance_riemann

from bci_dann.alignment.shrunk_covariance import shrunk_covariances
from bci_dann.features.nearest_mean import nearest_mean


def covariances():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20, 3, 80))
    X[::2, 0] *= 3
    return shrunk_covariances(X), np.arange(20) % 2


def test_it_predicts_as_pyriemann_does_once_fitted():
    C, y = covariances()
    ours, theirs = nearest_mean().fit(C, y), MDM(metric="riemann").fit(C, y)
    np.testing.assert_array_equal(ours.predict_proba(C), theirs.predict_proba(C))


def test_class_means_read_from_a_file_are_enough_to_predict():
    C, y = covariances()
    fitted = nearest_mean().fit(C, y)
    restored = nearest_mean()
    restored.classes_, restored.covmeans_ = fitted.classes_, fitted.covmeans_
    np.testing.assert_array_equal(restored.predict(C), fitted.predict(C))
    nearest = [min((0, 1), key=lambda k, c=c: distance_riemann(c, fitted.covmeans_[k])) for c in C]
    np.testing.assert_array_equal(restored.predict(C), nearest)
