"""Threads of torch and of linear algebra: what methods compute on, and what is left behind."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from bci_dann import _threads
from bci_dann._threads import _release_control, limited_threads, method_threads
from bci_dann.estimators import (
    DANNClassifier,
    EnsembleClassifier,
    ProcrustesClassifier,
    ReweightedClassifier,
    RiemannianClassifier,
    ShallowClassifier,
    TransferClassifier,
)

QUICK = {"max_epochs": 1, "random_state": 0}
SMALL = {"n_windows": 1, "n_delays": 1}


def blas():
    """Return the threads of each linear algebra library."""
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def counts():
    return torch.get_num_threads(), blas()


@pytest.fixture(autouse=True)
def _two_threads():
    """Let the process have two threads, since with one there is nothing to limit."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    limits = threadpool_limits(2, user_api="blas")
    _release_control()
    yield
    limits.restore_original_limits()
    _release_control()
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def given(draw_toy_eeg):
    eeg = draw_toy_eeg(n_subjects=3, n_trials=20, n_chans=4)
    X, y, subjects = eeg.without(1)
    return {"X": X, "y": y, "subjects": subjects, "X_target_unlabeled": eeg.of(1)[0]}


# --- the limits -----------------------------------------------------------------------------------


def test_the_process_of_these_tests_has_two_threads():
    assert torch.get_num_threads() == 2
    assert blas()
    assert set(blas()) == {2}


@pytest.mark.parametrize(("uses_network", "of_torch"), [(False, 1), (True, 2)])
def test_methods_compute_on_one_thread_but_networks_on_as_many_as_there_are(uses_network, of_torch):
    before = counts()
    with method_threads(uses_network):
        assert torch.get_num_threads() == of_torch
        assert set(blas()) == {1}
    assert counts() == before


@pytest.mark.parametrize("uses_network", [False, True])
def test_methods_compute_gradients_where_the_caller_switched_them_off(uses_network):
    with torch.inference_mode():
        with method_threads(uses_network):
            assert not torch.is_inference_mode_enabled()
            assert torch.is_grad_enabled()
        assert torch.is_inference_mode_enabled()


def test_limits_may_be_nested():
    before = counts()
    with method_threads(False):
        with method_threads(False), method_threads(True):
            assert counts() == (1, [1] * len(blas()))
        assert counts() == (1, [1] * len(blas()))
    assert counts() == before


@pytest.mark.parametrize("limit", [lambda: method_threads(False), lambda: limited_threads(1)])
def test_an_error_leaves_the_threads_as_they_were(limit):
    before = counts()
    with pytest.raises(KeyError), limit():
        raise KeyError
    assert counts() == before
    with limit():
        assert counts() == (1, [1] * len(blas()))


def test_a_given_number_of_threads():
    before = counts()
    with limited_threads(1):
        assert counts() == (1, [1] * len(blas()))
        with limited_threads(2):
            assert counts() == (2, [2] * len(blas()))
        assert counts() == (1, [1] * len(blas()))
    assert counts() == before


def in_step(first, second):
    """Run two functions in threads of their own; ``step()`` waits until both have come to it."""
    barrier = threading.Barrier(2, timeout=30)
    with ThreadPoolExecutor(2) as pool:
        return [one.result() for one in [pool.submit(f, barrier.wait) for f in (first, second)]]


def test_threads_of_python_leave_in_any_order():
    """Each counts its own threads of torch, and shares those of linear algebra."""

    def first(step):
        torch.set_num_threads(2)
        with method_threads(False):
            step()  # both are in
            step()
            inside = counts()
        step()  # this one is out, the other still in
        step()
        return inside, torch.get_num_threads()

    def second(step):
        torch.set_num_threads(2)
        with method_threads(False):
            step()
            inside = counts()
            step()
            step()
            still_inside = counts()
        step()
        return inside, still_inside, torch.get_num_threads()

    before = counts()
    (of_first, after_first), (of_second, still, after_second) = in_step(first, second)
    one = (1, [1] * len(before[1]))
    assert (of_first, of_second, still) == (one, one, one)
    assert (after_first, after_second) == (2, 2)
    assert counts() == before


def test_a_thread_that_meets_torch_during_a_limit_is_not_limited_for_ever():
    def limiting(step):
        with method_threads(False):
            step()
            step()

    def new(step):
        step()
        with method_threads(False):
            inside = torch.get_num_threads()
        step()
        return inside, torch.get_num_threads()

    assert in_step(limiting, new)[1] == (1, 2)


def test_a_thread_of_python_keeps_the_number_that_it_has_chosen():
    def chosen(_):
        torch.set_num_threads(1)
        with method_threads(False):
            pass
        return torch.get_num_threads()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(chosen, None).result() == 1
    assert torch.get_num_threads() == 2


@dataclass
class Library:
    """A linear algebra library, of which each thread of Python may have its own number."""

    filepath: str
    threading_layer: str = "pthreads"

    def __post_init__(self):
        self.of_process = 2
        self.of_thread = threading.local()

    @property
    def num_threads(self):
        if self.threading_layer == "openmp":
            return getattr(self.of_thread, "value", 2)
        return self.of_process

    def set_num_threads(self, n_threads):
        self.of_process = self.of_thread.value = n_threads


def test_a_library_that_is_loaded_during_a_limit_is_limited_and_restored(monkeypatch):
    loaded = [Library("one")]
    monkeypatch.setattr(_threads, "_libraries", lambda *_: list(loaded))
    with method_threads(True):
        loaded.insert(0, Library("two"))
        with method_threads(True):
            assert [one.num_threads for one in loaded] == [1, 1]
        assert [one.num_threads for one in loaded] == [1, 1]
    assert [one.num_threads for one in loaded] == [2, 2]


def test_a_library_that_counts_for_each_thread_is_restored_in_each(monkeypatch):
    library = Library("one", "openmp")
    monkeypatch.setattr(_threads, "_libraries", lambda *_: [library])

    def limited(step):
        with method_threads(True):
            step()
            inside = library.num_threads
            step()
        step()
        return inside, library.num_threads

    assert in_step(limited, limited) == [(1, 2), (1, 2)]


# --- methods --------------------------------------------------------------------------------------

METHODS = {
    "shallow": lambda: ShallowClassifier(),
    "procrustes": lambda: ProcrustesClassifier(),
    "riemannian": lambda: RiemannianClassifier(terms={"entropy": 0.1}, **SMALL),
    "tangent_space": lambda: ReweightedClassifier(learner="tangent_space", alignment="euclidean"),
    "network": lambda: DANNClassifier(**QUICK),
    "ensemble": lambda: EnsembleClassifier(
        [(ShallowClassifier(), 1.0), (DANNClassifier(max_epochs=1), 0.5)]
    ),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_leaves_the_threads_as_they_were(name, given):
    before, new = counts(), given["X_target_unlabeled"]
    model = METHODS[name]().fit(**given)
    assert counts() == before
    for use in (model.predict_proba, model.predict, model.adapt, model.partial_adapt):
        use(new)
        assert counts() == before, use.__name__


@pytest.mark.parametrize("name", METHODS)
def test_a_method_that_fails_leaves_the_threads_as_they_were(name, given):
    before, model = counts(), METHODS[name]()
    with pytest.raises(ValueError, match="100 samples"):
        model.fit(**{**given, "X_target_unlabeled": given["X_target_unlabeled"][:, :, :100]})
    assert counts() == before
    model.fit(**given)
    with pytest.raises(ValueError, match="100 samples"):
        model.predict_proba(given["X"][:, :, :100])
    assert counts() == before


class Noting(TransferClassifier):
    """Notes the threads that it is called with."""

    def __init__(self, alignment="euclidean", network=False):
        self.alignment = alignment
        self.network = network

    @property
    def trains_network(self):
        return self.network

    def fit_aligned(self, trials):
        self.noted_ = {"fit": counts()}

    def adapt_aligned(self, trials):
        self.noted_["adapt"] = counts()

    def partial_adapt_aligned(self, trials):
        self.noted_["follow"] = counts()

    def predict_proba_aligned(self, X):
        self.noted_["predict"] = counts()
        return np.full((len(X), 2), 0.5)


@pytest.mark.parametrize("network", [False, True])
def test_a_method_of_ones_own_computes_on_one_thread(given, network):
    model = Noting(network=network).fit(**given)
    model = model.adapt(given["X_target_unlabeled"])
    model.predict(given["X_target_unlabeled"][:1])
    model = model.partial_adapt(given["X_target_unlabeled"][:1])
    expected = (2 if network else 1, [1] * len(blas()))
    assert model.noted_ == dict.fromkeys(("fit", "adapt", "predict", "follow"), expected)


def test_methods_in_several_threads_of_python_give_what_they_give_alone(given):
    new = given["X_target_unlabeled"]
    before = counts()

    def trained(name):
        torch.set_num_threads(2)
        model = METHODS[name]().set_params(random_state=0).fit(**given)
        return model.adapt(new).predict_proba(new), torch.get_num_threads()

    names = ["riemannian", "shallow", "tangent_space"] * 2
    alone = {name: trained(name)[0] for name in set(names)}
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(trained, names))
    for name, (probabilities, threads) in zip(names, together, strict=True):
        np.testing.assert_array_equal(probabilities, alone[name])
        assert threads == 2
    assert counts() == before
