from __future__ import annotations

import pytest
import torch

from bci_dann.objectives import UNLABELLED, BatchView

N, N_FEATURES, N_CLASSES, N_DOMAINS = 20, 5, 3, 4


def make_batch(n_target: int = 8, seed: int = 0, **changes) -> BatchView:
    """Return a batch in double precision, whose last domain is the target, without labels."""
    generator = torch.Generator().manual_seed(seed)
    is_target = torch.arange(N) >= N - n_target
    parts = {
        "features": torch.randn(N, N_FEATURES, generator=generator, dtype=torch.float64),
        "logits": 2 * torch.randn(N, N_CLASSES, generator=generator, dtype=torch.float64),
        "labels": torch.where(is_target, UNLABELLED, torch.arange(N) % N_CLASSES),
        "domains": torch.where(is_target, N_DOMAINS - 1, torch.arange(N) % (N_DOMAINS - 1)),
        "weights": torch.ones(N, dtype=torch.float64),
        "is_target": is_target,
        "progress": 1.0,
    }
    return BatchView(**{**parts, **changes})


@pytest.fixture
def draw_batch():
    return make_batch
