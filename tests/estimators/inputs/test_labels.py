from __future__ import annotations

import numpy as np
import pytest

from bci_dann.estimators.inputs.labels import encode, encode_first
from bci_dann.exceptions import DataError


@pytest.mark.parametrize(
    ("y", "classes", "labels"),
    [
        (["b", "a", "b"], ["a", "b"], [1, 0, 1]),
        ([3, 1, 2], [1, 2, 3], [2, 0, 1]),
        ([True, False], [False, True], [1, 0]),
        (np.array(["left", "right"], dtype=object), ["left", "right"], [0, 1]),
        (np.array([1.0, 0.0]), [0.0, 1.0], [1, 0]),
    ],
)
def test_classes_are_sorted_and_labels_point_at_them(y, classes, labels):
    names, encoded = encode_first(y)
    assert names.tolist() == classes
    assert encoded.tolist() == labels
    assert encoded.dtype == np.int64
    np.testing.assert_array_equal(names[encoded], np.asarray(y))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a", "a"], r"y has one class only, \['a'\]; at least 2 are needed"),
        ([0.5, 1.5], "Unknown label type"),
        ([["a", "b"]], "Unknown label type|1d array"),
    ],
)
def test_labels_that_are_no_classes(y, message):
    with pytest.raises(ValueError, match=message):
        encode_first(y)


def test_labels_of_the_target_point_at_the_classes_of_the_sources():
    classes = np.array(["a", "b", "c"])
    assert encode(["c", "a"], classes, 2).tolist() == [2, 0]
    assert encode(np.array(["b"], dtype=object), classes, 1).tolist() == [1]
    assert encode([2, 1], np.array([1, 2]), 2).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, r"y_target_labeled must have shape \(2,\); got \(\)"),
        (["a"], r"must have shape \(2,\); got \(1,\)"),
        ([["a"], ["b"]], r"got \(2, 1\)"),
        (["a", "z"], r"labels \['z'\] that the sources do not have; the sources have \['a', 'b'\]"),
    ],
)
def test_labels_of_the_target_that_do_not_fit(y, message):
    with pytest.raises(DataError, match=message):
        encode(y, np.array(["a", "b"]), 2)
