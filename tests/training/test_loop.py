from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from bci_dann.exceptions import TrainingError
from bci_dann.models import Decoder, make_backbone
from bci_dann.objectives import Objective
from bci_dann.training import Member, TrainingData, TrainingSettings, train
from bci_dann.training.batch_norm import recompute_batch_norm


def data(n: int = 80) -> TrainingData:
    rng = np.random.default_rng(0)
    X = torch.from_numpy(rng.standard_normal((n, 4, 1)).astype("f4"))
    labels = (X[:, 0, 0] > 0).long()
    return TrainingData(X, labels, torch.arange(n) % 2, torch.ones(n), torch.zeros(n, dtype=bool))


def settings(**changes) -> TrainingSettings:
    values = {"max_epochs": 20, "batch_size": 16, "lr": 1e-2, "weight_decay": 0.0}
    return TrainingSettings(**{**values, "device": "cpu", **changes})


def network() -> Decoder:
    torch.manual_seed(0)
    return Decoder(make_backbone("MLP", 4, 1), n_classes=2)


def member(net: Decoder, trials: TrainingData, seed: int = 0) -> Member:
    return Member(net, Objective(), trials, np.random.default_rng(seed))


def test_loss_falls_and_every_epoch_is_reported():
    seen = []
    history = train(
        member(network(), data()),
        settings(),
        on_epoch=lambda epoch, losses: seen.append((epoch, dict(losses))),
    )
    assert history[-1]["classification"] < 0.3 * history[0]["classification"]
    assert seen == list(enumerate(history))


def test_same_seed_gives_the_same_network_to_the_bit():
    one, two = network(), network()
    for net in (one, two):
        train(member(net, data(), seed=1), settings())
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)


def test_trials_of_weight_zero_teach_nothing():
    part = data()
    flipped = torch.where(part.domains == 0, part.labels, 1 - part.labels)
    half = TrainingData(part.X, flipped, part.domains, 2.0 * (part.domains == 0), part.is_target)
    net = network()
    train(member(net, half), settings())
    predicted = net(part.X)[1].argmax(1)
    assert (predicted == part.labels).float().mean() > 0.9


def test_loss_that_is_not_finite_names_the_epoch():
    broken = data()
    broken.X[:] = float("inf")
    with pytest.raises(TrainingError, match="epoch 1"):
        train(member(network(), broken), settings())


def test_batch_norm_ends_with_the_statistics_of_the_final_weights():
    net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(4, momentum=0.01), nn.Dropout(0.5))
    X = 3 + 2 * torch.randn(256, 4, 1, generator=torch.Generator().manual_seed(0))
    recompute_batch_norm(net, X.split(64))
    flat = X.flatten(1)
    torch.testing.assert_close(net[1].running_mean, flat.mean(0), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(net[1].running_var, flat.var(0), rtol=0.05, atol=0.05)
    assert net[1].momentum == 0.01
    assert not net.training


def test_domain_of_one_trial_and_batch_larger_than_any_domain():
    part = data()
    domains = torch.where(torch.arange(80) == 7, 1, 0)  # fewer trials than classes
    lopsided = TrainingData(part.X, part.labels, domains, part.weights, part.is_target)
    history = train(member(network(), lopsided), settings(batch_size=64, max_epochs=3))
    assert len(history) == 3
    assert np.isfinite([epoch["classification"] for epoch in history]).all()
