from __future__ import annotations

import numpy as np
import pytest

from bci_dann.exceptions import DataError
from bci_dann.reweighting.sample_pair import check_sample_pair, stack_sample_pair


def test_lists_become_arrays_in_double_precision():
    source, target = check_sample_pair([[1, 2]], np.ones((3, 2), dtype=np.float32), at_least=1)
    assert source.dtype == target.dtype == np.float64
    np.testing.assert_array_equal(source, [[1, 2]])


def test_the_message_names_the_side_and_both_numbers_of_trials():
    with pytest.raises(DataError, match=r"has 4 trials: of 4 source and 9 target.*least 5"):
        check_sample_pair(np.ones((4, 1)), np.ones((9, 1)), at_least=5)
    with pytest.raises(DataError, match=r"X_target has 2 trials"):
        check_sample_pair(np.ones((4, 1)), np.ones((2, 1)), at_least=3)


def test_sides_with_other_features_cannot_be_compared():
    with pytest.raises(DataError, match="X_source has 3 features and X_target 2"):
        check_sample_pair(np.ones((9, 3)), np.ones((9, 2)), at_least=1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("side", ["X_source", "X_target"])
def test_features_that_are_not_finite_are_refused_with_the_name_of_the_side(side, value):
    sides = {"X_source": np.ones((5, 2)), "X_target": np.ones((5, 2))}
    sides[side][2, 1] = value
    with pytest.raises(ValueError, match=side):
        check_sample_pair(**sides, at_least=1)


def test_stacked_sides_carry_the_labels_of_a_domain_classifier():
    X, is_target = stack_sample_pair(np.zeros((2, 1)), np.ones((3, 1)))
    np.testing.assert_array_equal(X[:, 0], is_target)
    np.testing.assert_array_equal(is_target, [0, 0, 1, 1, 1])
