from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import eigh

from bci_dann.alignment.shrunk_covariance import shrunk_covariances
from bci_dann.features.filter_bank_csp import FilterBankCSP


@pytest.fixture(scope="module")
def bank():
    """Two bands; in the second, class 1 has more power at the first channel."""
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    X = rng.standard_normal((40, 2, 4, 100))
    X[y == 1, 1, 0] *= 3
    return X, y


def test_shapes(bank):
    X, y = bank
    csp = FilterBankCSP(2).fit(X, y)
    assert csp.filters_.shape == (2, 2, 4)
    assert csp.transform(X[:7]).shape == (7, 4)


def test_features_are_logarithms_of_filtered_power(bank):
    X, y = bank
    csp = FilterBankCSP(2).fit(X, y)
    expected = [
        np.log(np.mean((csp.filters_[band, pattern] @ X[3, band]) ** 2))
        for band in range(2)
        for pattern in range(2)
    ]
    np.testing.assert_allclose(csp.transform(X)[3], expected)


def test_filters_are_generalised_eigenvectors_of_the_class_covariances(bank):
    X, y = bank
    filters = FilterBankCSP(1).fit(X, y).filters_[1]
    covariances = shrunk_covariances(X[:, 1])
    means = [covariances[y == label].mean(0) for label in (0, 1)]
    expected = eigh(means[1], means[0] + means[1])[1][:, -1]
    cosine = filters[0] @ expected / np.linalg.norm(filters[0]) / np.linalg.norm(expected)
    assert abs(cosine) == pytest.approx(1.0, abs=1e-3)


def test_only_the_informative_band_separates_the_classes(bank):
    X, y = bank
    features = FilterBankCSP(2).fit(X[:20], y[:20]).transform(X[20:])
    gaps = np.abs(features[y[20:] == 1].mean(0) - features[y[20:] == 0].mean(0))
    assert gaps[2:].max() > 1.5 > 5 * gaps[:2].max()


def test_there_are_no_more_patterns_than_channels(bank):
    X, y = bank
    assert FilterBankCSP(9).fit(X, y).filters_.shape == (2, 4, 4)


def test_silence_has_finite_features(bank):
    X, y = bank
    assert np.isfinite(FilterBankCSP(2).fit(X, y).transform(np.zeros((1, 2, 4, 100)))).all()
