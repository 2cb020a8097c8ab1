from __future__ import annotations

import copy
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bci_dann.alignment import ResultCache
from bci_dann.alignment.result_cache import cached

CALLS: list[int] = []


def total(X):
    CALLS.append(1)
    return X.sum(axis=0, dtype=np.float64)


def powers(X, power):
    return X**power, X.sum(0)


@pytest.fixture
def cache():
    CALLS.clear()
    return ResultCache(n_bytes=40)  # two results of two numbers


def test_the_same_content_is_computed_once(cache):
    X = np.arange(6.0).reshape(3, 2)
    first = cached(cache, total, X)
    np.testing.assert_array_equal(cached(cache, total, X.copy()), first)
    np.testing.assert_array_equal(cached(cache, total, np.asfortranarray(X)), first)
    assert len(CALLS) == 1


def test_without_a_cache_it_is_computed_each_time():
    CALLS.clear()
    for _ in range(2):
        cached(None, total, np.ones((2, 2)))
    assert len(CALLS) == 2


def test_other_content_shape_or_kind_is_computed_anew(cache):
    X = np.arange(6.0).reshape(3, 2)
    cached(cache, total, X)
    np.testing.assert_array_equal(cached(cache, total, X.reshape(2, 3)), X.reshape(2, 3).sum(0))
    np.testing.assert_array_equal(cached(cache, total, X + 1), (X + 1).sum(0))
    same_bytes = X.view(np.int64)
    expected = same_bytes.sum(0, dtype=np.float64)
    np.testing.assert_array_equal(cached(cache, total, same_bytes), expected)


def test_another_function_of_the_same_array_is_another_result():
    cache, X = ResultCache(), np.arange(6.0).reshape(3, 2)
    assert cached(cache, total, X).shape == (2,)
    assert cached(cache, np.transpose, X).shape == (2, 3)
    assert cache.n_results == 2


def test_the_least_recently_used_is_dropped_first(cache):
    one, two, three = (np.full((2, 2), float(i)) for i in range(3))
    for X in (one, two, one, three, one, two):
        cached(cache, total, X)
    assert len(CALLS) == 4  # `two` was dropped for `three`


def test_settings_belong_to_the_key_and_results_may_be_several_arrays():
    cache, X = ResultCache(1000), np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(cached(cache, powers, X, 2)[0], X**2)
    np.testing.assert_array_equal(cached(cache, powers, X, 3)[0], X**3)
    assert cache.find(powers, X, 2) is cached(cache, powers, X, 2)
    assert cache.find(powers, X, 4) is None
    assert cache.find(powers, X + 1, 2) is None


def test_a_result_larger_than_the_cache_is_not_kept(cache):
    X = np.ones((2, 9))
    assert [cached(cache, total, X).tolist() for _ in range(2)] == [[2.0] * 9] * 2
    assert len(CALLS) == 2


def test_results_are_read_only(cache):
    with pytest.raises(ValueError, match="read-only"):
        cached(cache, total, np.ones((2, 2)))[0] = 7


def test_cleared_it_computes_anew(cache):
    for _ in range(2):
        cached(cache, total, np.ones((2, 2)))
        cache.clear()
    assert len(CALLS) == 2
    assert cache.n_results == 0


def test_copies_share_it_and_another_process_gets_an_empty_one(cache):
    cached(cache, total, np.ones((2, 2)))
    assert copy.deepcopy(cache) is cache
    sent = pickle.loads(pickle.dumps(cache))
    assert (sent.n_results, sent.n_bytes) == (0, 40)


def test_threads_do_not_lose_count():
    cache = ResultCache(n_bytes=2000)
    arrays = [np.full(50, float(i)) for i in range(8)]  # five of them fit

    def ask(start):
        for i in range(2000):
            array = arrays[(start + i) % len(arrays)]
            assert cached(cache, np.copy, array)[0] == array[0]

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(ask, range(4)))
    finally:
        sys.setswitchinterval(before)
    assert cache._used == sum(part.nbytes for part in cache._results.values()) == 2000
