from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data.lazy_rows import LazyRows

ARRAY = np.arange(24, dtype=np.float32).reshape(6, 2, 2)
INDEX = np.array([5, 0, 3])


def test_rows_are_those_of_a_copy():
    rows = LazyRows(ARRAY, INDEX)
    assert (rows.shape, rows.dtype, len(rows)) == ((3, 2, 2), np.float32, 3)
    np.testing.assert_array_equal(np.asarray(rows), ARRAY[INDEX])
    np.testing.assert_array_equal(rows[1:], ARRAY[INDEX][1:])
    assert np.asarray(rows, dtype=np.float64).dtype == np.float64


@pytest.mark.parametrize("index", [slice(1, 3), ARRAY[:, 0, 0] > 8])
def test_rows_take_any_index(index):
    np.testing.assert_array_equal(np.asarray(LazyRows(ARRAY, index)), ARRAY[index])


def test_what_is_read_belongs_to_the_reader():
    array = ARRAY.copy()
    np.asarray(LazyRows(array, INDEX))[:] = -1
    np.testing.assert_array_equal(array, ARRAY)


def test_rows_cannot_be_had_without_a_copy():
    with pytest.raises(ValueError, match="copy"):
        np.array(LazyRows(ARRAY, INDEX), copy=False)
