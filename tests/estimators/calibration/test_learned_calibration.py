"""What is learned from source subjects, and its way to a file and back."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.estimators.calibration.learned_calibration import Calibration, CalibrationSettings
from bci_dann.estimators.calibration.temperature import tempered


@pytest.fixture(scope="module")
def overconfident():
    """Probabilities that should be divided by a temperature of 4, labels and subjects."""
    rng = np.random.default_rng(0)
    one = rng.uniform(0.05, 0.95, 6000)
    labels = (rng.uniform(size=6000) < one).astype(int)
    honest = np.stack([1 - one, one], axis=1)
    return tempered(honest, 0.25), labels, np.repeat(np.arange(6), 1000).astype(str)


def learned(overconfident, **rules):
    given = {"set_coverage": 0.9, "conservative": False, "abstain_below": None, "max_error": None}
    return Calibration.learn(*overconfident, CalibrationSettings(**{**given, **rules}))


def test_thresholds_are_those_of_calibrated_probabilities(overconfident):
    found = learned(overconfident, max_error=0.15)
    assert found.temperature == pytest.approx(4, rel=0.05)
    probabilities, labels, _ = overconfident
    calibrated = tempered(probabilities, found.temperature)
    own = calibrated[np.arange(6000), labels]
    for index in (0, 1):
        covered = own[labels == index] >= found.class_thresholds[index]
        assert covered.mean() == pytest.approx(0.9, abs=0.005)
    answered = calibrated.max(axis=1) >= found.abstain_below
    error = (calibrated.argmax(axis=1) != labels)[answered].mean()
    assert error == pytest.approx(0.15, abs=0.005)
    assert 0.3 < answered.mean() < 0.9


@pytest.mark.parametrize("rules", [{}, {"abstain_below": 0.7}, {"max_error": 1e-9}])
def test_arrays_restore_it(overconfident, rules):
    found = learned(overconfident, **rules)
    again = Calibration.from_arrays(found.to_arrays())
    assert (again.temperature, again.abstain_below) == (found.temperature, found.abstain_below)
    np.testing.assert_array_equal(again.class_thresholds, found.class_thresholds)
