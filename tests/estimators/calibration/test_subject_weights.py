"""Every subject counts the same, whatever its number of trials."""

from __future__ import annotations

import numpy as np

from bci_dann.estimators.calibration.subject_weights import subject_balanced_weights


def test_weights_of_each_subject_sum_to_one():
    subjects = np.array(["a", "b", "a", "a", "b", "c"])
    weights = subject_balanced_weights(subjects)
    np.testing.assert_allclose(weights, [1 / 3, 1 / 2, 1 / 3, 1 / 3, 1 / 2, 1])
