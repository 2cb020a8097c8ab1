"""Rest windows as arrays: which exist, and how parts are joined."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data.screening.rest_signals import joined_rest, rest_mask
from bci_dann.exceptions import DataError


def windows(n_trials, n_times=5):
    return np.ones((n_trials, 2, n_times), dtype=np.float32)


def test_missing_windows_are_found():
    rest = windows(3)
    rest[1] = np.nan
    assert rest_mask(rest).tolist() == [True, False, True]


def test_trials_of_parts_without_windows_have_none():
    joined = joined_rest([windows(2), None], [(2, 2), (3, 2)])
    assert joined.shape == (5, 2, 5)
    assert joined.dtype == np.float32
    assert rest_mask(joined).tolist() == [True, True, False, False, False]
    assert joined_rest([None, None], [(2, 2), (3, 2)]) is None


def test_windows_of_other_lengths_are_refused():
    with pytest.raises(DataError, match=r"have \[4, 5\] samples"):
        joined_rest([windows(2), windows(2, 4)], [(2, 2), (2, 2)])
