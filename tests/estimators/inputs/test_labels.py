from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.estimators.inputs.labels import (
    check_labels,
    encode_partial_labels,
    encode_source_labels,
    encode_target_labels,
    missing_labels,
)
from bci_dann.exceptions import DataError
from bci_dann.objectives import UNLABELLED


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
    names, encoded = encode_source_labels(y)
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
        encode_source_labels(y)


def test_labels_of_the_target_point_at_the_classes_of_the_sources():
    classes = np.array(["a", "b", "c"])
    assert encode_target_labels(["c", "a"], classes, 2).tolist() == [2, 0]
    assert encode_target_labels(np.array(["b"], dtype=object), classes, 1).tolist() == [1]
    assert encode_target_labels([2, 1], np.array([1, 2]), 2).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, r"y_target_labeled must have shape \(2,\); got None"),
        (["a"], r"must have shape \(2,\); got \(1,\)"),
        ([["a"], ["b"]], r"got \(2, 1\)"),
        (["a", "z"], r"labels \['z'\] that the sources do not have; the sources have \['a', 'b'\]"),
    ],
)
def test_labels_of_the_target_that_do_not_fit(y, message):
    with pytest.raises(DataError, match=message):
        encode_target_labels(y, np.array(["a", "b"]), 2)


@pytest.mark.parametrize(
    "missing", [None, np.nan, pd.NA, pd.NaT, "nan", "NaN", "None", "", " ", "<NA>"]
)
def test_a_missing_label_is_counted(missing):
    y = np.array(["left", "right"] * 10, dtype=object)
    y[[3, 7]] = missing
    with pytest.raises(DataError, match=r"2 of 20 labels are missing .* at \[3, 7\]"):
        check_labels(y)


@pytest.mark.parametrize(
    "y",
    [
        pd.Series([1.0, np.nan, 2.0]),
        pd.Categorical(["a", None, "b"]),
        pd.Series(["a", None, "b"], dtype="string"),
        [1, None, 2],
    ],
)
def test_missing_labels_are_found_in_every_container(y):
    assert missing_labels(y).tolist() == [False, True, False]
    with pytest.raises(DataError, match="1 of 3 labels"):
        check_labels(y)


def test_what_is_no_gap_passes():
    check_labels(["none", "rest", "0", "na"])
    check_labels(np.array([[0], [1]]))
    check_labels([0, 1, False])


def test_one_column_a_class_is_refused_with_advice():
    with pytest.raises(DataError, match=r"got shape \(4, 2\).*y.argmax"):
        check_labels(np.eye(2)[[0, 1, 0, 1]])


@pytest.mark.parametrize("once", ["Rihgt", "up"])
def test_a_class_of_one_trial_beside_many_is_refused(once):
    y = ["left"] * 10 + ["right"] * 9 + [once]
    with pytest.raises(DataError, match=rf"\['{once}'\] occur once.*'right': 9"):
        encode_source_labels(y)
    encode_source_labels(["left"] * 9 + ["right"] * 9 + [once])  # too few to say so


@pytest.mark.parametrize("other", ["Right", "right ", "RIGHT"])
def test_names_that_differ_in_writing_alone_are_refused(other):
    y = ["left"] * 10 + ["right"] * 10 + [other] * 5
    with pytest.raises(DataError, match=rf"'{other}'.*differ only in capitals"):
        encode_source_labels(y)


def test_messages_and_classes_hold_plain_names():
    y = np.array([np.str_("a"), np.str_("b")] * 8 + [np.str_("c")], dtype=object)
    with pytest.raises(DataError) as raised:
        encode_source_labels(np.append(y, y[:8]))
    assert "np.str_" not in str(raised.value)
    classes, _ = encode_source_labels(y[:8])
    assert repr(classes) == "array(['a', 'b'], dtype=object)"
    with pytest.raises(DataError, match=r"labels \['c'\] that"):
        encode_target_labels(y[-1:], classes, 1)


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (["b", None, "a", ""], ["a", "b"]),
        (np.array(["b", "nan", "a", "nan"]), ["a", "b"]),
        ([2.0, np.nan, 1.0, np.nan], [1, 2]),
        (pd.Series([2, None, 1, None], dtype="Int64"), [1, 2]),
    ],
)
def test_some_labels_may_be_missing(y, classes):
    assert encode_partial_labels(y, np.array(classes), 4).tolist() == [1, UNLABELLED, 0, UNLABELLED]


def test_labels_beside_missing_ones_must_fit():
    classes = np.array(["a", "b"])
    with pytest.raises(DataError, match=r"labels \['c'\] that the sources do not have"):
        encode_partial_labels(["a", None, "c"], classes, 3)
    with pytest.raises(DataError, match=r"y must have shape \(3,\); got \(2,\)"):
        encode_partial_labels(["a", None], classes, 3)
