from __future__ import annotations

import numpy as np
import pytest

from bci_dann._chunks import chunk_slices


@pytest.mark.parametrize(("n", "size"), [(0, 4), (1, 4), (4, 4), (5, 4), (12, 4), (3, 100)])
def test_parts_cover_all_in_order_and_none_is_too_long(n, size):
    values = np.arange(n)
    parts = [values[part] for part in chunk_slices(n, size)]
    assert [value for part in parts for value in part] == values.tolist()
    assert all(1 <= len(part) <= size for part in parts)
    assert len(parts) == -(-n // size)


def test_slices_end_where_the_axis_ends():
    assert chunk_slices(5, 4) == [slice(0, 4), slice(4, 5)]
