from __future__ import annotations

import numpy as np
import pytest
import torch

from bci_dann.exceptions import TrainingError
from bci_dann.models import Decoder, make_backbone
from bci_dann.objectives import Objective
from bci_dann.training import Member, TrainingData, TrainingSettings, train
from bci_dann.training.loop import run_epochs


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


def test_domain_of_one_trial_and_batch_larger_than_any_domain():
    part = data()
    domains = torch.where(torch.arange(80) == 7, 1, 0)  # fewer trials than classes
    lopsided = TrainingData(part.X, part.labels, domains, part.weights, part.is_target)
    history = train(member(network(), lopsided), settings(batch_size=64, max_epochs=3))
    assert len(history) == 3
    assert np.isfinite([epoch["classification"] for epoch in history]).all()


class Recorded:
    """Takes no steps, and notes what it is told."""

    def __init__(self, losses=(1.0,)):
        self.losses, self.steps, self.finished = losses, [], []

    def step(self, batch, progress, lr):
        self.steps.append((len(batch.labels[0]), progress, lr))
        return torch.tensor([self.losses])

    def finish(self, batches):
        self.finished = [len(batch.labels[0]) for batch in batches]


def test_progress_goes_from_zero_to_one_and_the_rate_along_half_a_cosine():
    training, own = Recorded(), settings(max_epochs=4, lr=0.2)
    run_epochs([member(network(), data())], training, own)
    sizes, progress, rates = map(np.array, zip(*training.steps, strict=True))
    assert sizes.tolist() == [16] * 5 * 4
    np.testing.assert_allclose(progress, np.arange(20) / 20)
    np.testing.assert_allclose(rates, 0.1 * (1 + np.cos(np.pi * np.arange(20) / 20)))


def test_statistics_are_taken_of_one_more_epoch_after_the_last():
    training = Recorded()
    run_epochs([member(network(), data())], training, settings(max_epochs=2))
    assert training.finished == [16] * 5


def test_an_epoch_reports_the_mean_of_its_steps_by_name():
    class Falling(Recorded):
        def step(self, batch, progress, lr):
            super().step(batch, progress, lr)
            return torch.tensor([[float(len(self.steps))]])

    (history,) = run_epochs([member(network(), data())], Falling(), settings(max_epochs=2))
    assert history == [{"classification": 3.0}, {"classification": 8.0}]  # of 1 to 5, 6 to 10


def test_training_stops_when_no_network_is_left():
    training, seen = Recorded((float("nan"),)), []
    (error,) = run_epochs(
        [member(network(), data())], training, settings(), lambda *epoch: seen.append(epoch)
    )
    assert isinstance(error, TrainingError)
    assert "Lower `lr`" in str(error)
    assert len(training.steps) == 5
    assert training.finished == seen == []


def test_a_network_is_trained_although_the_caller_needs_no_gradients():
    with torch.no_grad():
        history = train(member(network(), data()), settings())
    assert history[-1]["classification"] < 0.3 * history[0]["classification"]
