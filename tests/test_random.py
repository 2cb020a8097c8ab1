from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from bci_dann._random import check_random_state, isolated_torch_seed, stream
from bci_dann.exceptions import ConfigError


def first_word(seed: np.random.SeedSequence) -> int:
    return int(seed.generate_state(1)[0])


def test_streams_of_one_seed_are_reproducible_and_differ_by_purpose():
    assert first_word(stream(0, "a")) == first_word(stream(0, "a"))
    words = {first_word(stream(s, p)) for s in (0, 1) for p in ("a", "b", "c")}
    assert len(words) == 6


def test_a_stream_of_a_stream_depends_on_both():
    parts = {first_word(stream(stream(0, a), b)) for a in "xy" for b in "xy"}
    assert len(parts) == 4


def test_none_draws_anew():
    assert first_word(stream(None, "a")) != first_word(stream(None, "a"))


def test_generators_are_accepted_and_advanced():
    rng = np.random.RandomState(0)
    assert first_word(stream(rng, "a")) != first_word(stream(rng, "a"))
    assert first_word(stream(np.random.default_rng(1), "a")) == first_word(
        stream(np.random.default_rng(1), "a")
    )


def test_fence_leaves_the_callers_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with isolated_torch_seed(stream(0, "a")):
        inside = torch.rand(3)
    assert torch.equal(torch.rand(3), expected)
    with isolated_torch_seed(stream(0, "a")):
        assert torch.equal(torch.rand(3), inside)


def test_the_state_is_restored_after_an_error_too():
    before = torch.random.get_rng_state()

    def fail():
        with isolated_torch_seed(stream(0, "a")):
            torch.rand(3)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_threads_draw_what_they_draw_alone():
    """They enter the block one after another, since the generator is the process's."""
    drawn, at_the_door = {}, threading.Barrier(4)

    def draw(seed):
        at_the_door.wait(timeout=10)
        with isolated_torch_seed(stream(seed, "a")):
            drawn[seed] = [float(torch.rand(())) for _ in range(200)]

    threads = [threading.Thread(target=draw, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(4):
        with isolated_torch_seed(stream(seed, "a")):
            assert drawn[seed] == [float(torch.rand(())) for _ in range(200)]


def test_a_purpose_of_several_parts_is_not_the_parts_joined():
    words = {first_word(stream(0, *purpose)) for purpose in (("a", "b"), ("ab",), ("b", "a"))}
    assert len(words) == 3
    assert first_word(stream(0, "member", 3)) == first_word(stream(0, "member", "3"))


@pytest.mark.parametrize(
    "value",
    [None, 0, np.int64(7), np.random.RandomState(0), np.random.default_rng(0)],
)
def test_seeds(value):
    check_random_state(value)
    assert isinstance(stream(value, "a"), np.random.SeedSequence)


@pytest.mark.parametrize("value", [-1, 0.5, "0", [0], np.random])
def test_what_is_no_seed(value):
    with pytest.raises(ConfigError, match="random_state must be None, a whole number"):
        check_random_state(value)
