from __future__ import annotations

import random

import pytest

from bci_dann.data.recordings.natural_order import natural_key


@pytest.mark.parametrize(
    "names",
    [
        ["1", "2", "10"],
        ["S1", "S02", "S10"],
        ["A:2", "A:10", "B:1"],
        ["2", "sub-a", "sub-b2", "sub-b10"],
    ],
)
def test_numbers_are_in_numerical_order(names):
    shuffled = random.Random(0).sample(names, len(names))
    assert sorted(shuffled, key=natural_key) == names


def test_names_may_be_numbers():
    assert sorted([10, 2], key=natural_key) == [2, 10]
