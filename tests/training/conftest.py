"""Small networks with their trials, for the tests of training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from bci_dann.models import Decoder, build_backbone
from bci_dann.objectives import DomainAdversary, Objective, Sizes
from bci_dann.training import Member, TrainingData, TrainingSettings

SETTINGS = TrainingSettings(max_epochs=4, batch_size=16, lr=1e-2, weight_decay=1e-3, device="cpu")


@pytest.fixture
def settings():
    """Return a function that changes a short training."""
    return lambda **changes: replace(SETTINGS, **changes)


@pytest.fixture
def draw_member():
    """Return a function that draws a network and trials, whose classes differ in power."""

    def draw(
        seed: int = 0,
        backbone="EEGNet",
        n: int = 48,
        n_chans: int = 3,
        adversary: bool = True,
        **changes,
    ) -> Member:
        generator = torch.Generator().manual_seed(100 + seed)
        X = torch.randn(n, n_chans, 160, generator=generator)
        labels, domains = torch.arange(n) % 2, torch.arange(n) % 3
        X[labels == 1] *= 1.5
        torch.manual_seed(seed)
        body = build_backbone(backbone, n_chans=n_chans, n_times=160, sfreq=64.0)
        network = Decoder(body, n_classes=2)
        sizes = Sizes(body.n_features, n_classes=2, n_domains=3, has_target=True)
        terms = {"adversary": DomainAdversary().build(sizes)} if adversary else {}
        data = TrainingData(X, labels, domains, torch.ones(n), domains == 2)
        rng = np.random.default_rng(seed)
        return replace(Member(network, Objective(terms), data, rng, f"fold {seed}"), **changes)

    return draw
