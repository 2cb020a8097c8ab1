from __future__ import annotations

import numpy as np
import pytest

from bci_dann._arrays import CHUNK, as_slice, chunks, floored_log


@pytest.mark.parametrize(("n_rows", "size"), [(0, 3), (1, 3), (3, 3), (7, 3), (CHUNK + 1, CHUNK)])
def test_chunks_cover_every_row_once_and_in_order(n_rows, size):
    rows = np.arange(n_rows)
    parts = [rows[part] for part in chunks(n_rows, size)]
    np.testing.assert_array_equal(np.concatenate([rows[:0], *parts]), rows)
    assert all(1 <= len(part) <= size for part in parts)
    assert len(parts) == -(-n_rows // size)


def test_chunks_are_256_rows_unless_told_otherwise():
    assert [part.stop for part in chunks(600)] == [256, 512, 600]


def test_logarithms_are_numpys_where_values_are_above_the_floor():
    values = np.geomspace(1e-300, 1e300, 50)
    np.testing.assert_array_equal(floored_log(values), np.log(values))


def test_zero_and_what_rounding_made_negative_get_the_floor():
    np.testing.assert_array_equal(floored_log(np.array([0.0, -1e-20]), 1e-12), np.log(1e-12))
    assert np.isfinite(floored_log(np.zeros(3))).all()


def test_what_is_not_a_number_stays_so():
    """A floor must not hide an error that came before."""
    assert np.isnan(floored_log(np.array([np.nan]))).all()


@pytest.mark.parametrize("chosen", [[0, 1, 1, 0], [1] * 4, [0, 0, 0, 1], [1, 0, 1, 1], [0] * 4])
def test_a_slice_selects_the_same_rows(chosen):
    rows, chosen = np.arange(4), np.array(chosen, dtype=bool)
    np.testing.assert_array_equal(rows[as_slice(chosen)], rows[chosen])


def test_contiguous_rows_are_not_copied():
    rows = np.arange(4)
    assert np.shares_memory(rows[as_slice(rows > 1)], rows)
