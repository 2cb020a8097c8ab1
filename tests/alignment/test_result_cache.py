from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bci_dann.alignment.result_cache import Memory


@pytest.fixture
def counted():
    calls = []

    def total(X):
        calls.append(1)
        return X.sum(axis=0, dtype=np.float64)

    return Memory(total, n_bytes=40), calls  # two results of two numbers


def test_the_same_content_is_computed_once(counted):
    memory, calls = counted
    X = np.arange(6.0).reshape(3, 2)
    first = memory(X)
    np.testing.assert_array_equal(memory(X.copy()), first)
    np.testing.assert_array_equal(memory(np.asfortranarray(X)), first)
    assert len(calls) == 1


def test_other_content_shape_or_kind_is_not_mistaken(counted):
    memory, _ = counted
    X = np.arange(6.0).reshape(3, 2)
    memory(X)
    np.testing.assert_array_equal(memory(X.reshape(2, 3)), X.reshape(2, 3).sum(0))
    np.testing.assert_array_equal(memory(X + 1), (X + 1).sum(0))
    same_bytes = X.view(np.int64)
    np.testing.assert_array_equal(memory(same_bytes), same_bytes.sum(0, dtype=np.float64))


def test_the_oldest_is_forgotten_first(counted):
    memory, calls = counted
    one, two, three = (np.full((2, 2), float(i)) for i in range(3))
    for X in (one, two, one, three, one, two):
        memory(X)
    assert len(calls) == 4  # `two` had to make room for `three`


def test_settings_are_part_of_the_question_and_results_may_be_several_arrays():
    memory = Memory(lambda X, power: (X**power, X.sum(0)), n_bytes=1000)
    X = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(memory(X, 2)[0], X**2)
    np.testing.assert_array_equal(memory(X, 3)[0], X**3)
    assert memory.find(X, 2) is memory(X, 2)
    assert memory.find(X, 4) is None
    assert memory.find(X + 1, 2) is None


def test_what_is_larger_than_the_memory_is_not_kept(counted):
    memory, calls = counted
    X = np.ones((2, 9))
    assert [memory(X).tolist() for _ in range(2)] == [[2.0] * 9] * 2
    assert len(calls) == 2


def test_what_is_remembered_cannot_be_changed(counted):
    memory, _ = counted
    with pytest.raises(ValueError, match="read-only"):
        memory(np.ones((2, 2)))[0] = 7


def test_threads_do_not_lose_count():
    memory = Memory(lambda X: X.copy(), n_bytes=2000)
    arrays = [np.full(50, float(i)) for i in range(8)]  # five of them find room

    def ask(start):
        for i in range(2000):
            array = arrays[(start + i) % len(arrays)]
            assert memory(array)[0] == array[0]

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(ask, range(4)))
    finally:
        sys.setswitchinterval(before)
    assert memory._kept == sum(part.nbytes for part in memory._results.values()) == 2000
