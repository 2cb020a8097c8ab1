from __future__ import annotations

import numpy as np
import torch

from bci_dann._random import fenced_torch_seed, stream


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
    with fenced_torch_seed(stream(0, "a")):
        inside = torch.rand(3)
    assert torch.equal(torch.rand(3), expected)
    with fenced_torch_seed(stream(0, "a")):
        assert torch.equal(torch.rand(3), inside)
