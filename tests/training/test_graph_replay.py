"""Steps that are captured and replayed on fixed buffers, against ordinary steps."""

from __future__ import annotations

import logging
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from bci_dann.components import built_in_names, resolve
from bci_dann.exceptions import BCIDannWarning
from bci_dann.models import Decoder, make_backbone
from bci_dann.objectives import DomainAdversary, Objective, Sizes, Term
from bci_dann.training import History, Member, TrainingData, TrainingSettings, train, train_stack
from bci_dann.training import cuda_graph as module
from bci_dann.training.cuda_graph import Step, StepBuffers

SETTINGS = TrainingSettings(max_epochs=4, batch_size=16, lr=1e-2, weight_decay=1e-3, device="cpu")


def member(seed: int = 0, backbone: str = "EEGNet", **changes) -> Member:
    """57 trials in an epoch, so batches of 16 and one of 9."""
    n, generator = 56, torch.Generator().manual_seed(100 + seed)
    X = torch.randn(n, 3, 160, generator=generator)
    labels, domains = torch.arange(n) % 2, torch.arange(n) % 3
    X[labels == 1] *= 1.5
    torch.manual_seed(seed)
    network = Decoder(make_backbone(backbone, 3, 160, sfreq=64.0), n_classes=2)
    sizes = Sizes(network.backbone.n_features, 2, 3, has_target=True)
    adversary = DomainAdversary().build(sizes)
    weights = torch.rand(n, generator=generator) + 0.5
    data = TrainingData(X, labels, domains, weights, domains == 2)
    objective = Objective({"adversary": adversary})
    return replace(Member(network, objective, data, np.random.default_rng(seed)), **changes)


def with_term(term: Term) -> Member:
    one = member()
    sizes = Sizes(one.network.backbone.n_features, 2, 3, has_target=True)
    return replace(one, objective=Objective({"term": term.build(sizes)}))


def learn(members: list[Member], settings: TrainingSettings) -> list[History]:
    if len(members) == 1:
        return [train(members[0], settings)]
    return train_stack(members, settings)


def numbers(one: Member) -> list[torch.Tensor]:
    return [*one.network.state_dict().values(), *one.objective.state_dict().values()]


def assert_same(one: Member, other: Member) -> None:
    assert all(torch.equal(a, b) for a, b in zip(numbers(one), numbers(other), strict=True))


class PlainCapture:
    """Calls the step on the buffers, which any device can do."""

    def capture(self, step: Step, buffers: StepBuffers):
        return lambda: step(buffers.batch, buffers.progress, buffers.lr)


class Counting(PlainCapture):
    def __init__(self):
        self.lengths, self.replays = [], 0

    def capture(self, step, buffers):
        again = super().capture(step, buffers)
        self.lengths.append(buffers.batch.labels.shape[-1])
        for _ in range(2):  # as a GPU warms up
            again()

        def replay():
            self.replays += 1
            return again()

        return replay


class Stale(PlainCapture):
    """Repeats some of the arguments that it was captured with."""

    def __init__(self, stale: str):
        self.stale = stale

    def capture(self, step, buffers):
        old = {
            "batch": buffers.batch.with_tensors([part.clone() for part in buffers.batch.tensors()]),
            "keys": buffers.batch.keys.clone(),
            "progress": buffers.progress.clone(),
            "lr": buffers.lr.clone(),
        }

        def replay():
            now = {"batch": buffers.batch, "progress": buffers.progress, "lr": buffers.lr}
            if self.stale == "keys":
                now["batch"] = now["batch"]._replace(keys=old["keys"])
            else:
                now[self.stale] = old[self.stale]
            return step(**now)

        return replay


class Watched(TorchDispatchMode):
    """Notes operations that wait for the device or bring numbers to it."""

    WAITING = ("_local_scalar_dense", "nonzero", "lift_fresh", "masked_select", "unique")

    def __init__(self):
        super().__init__()
        self.n_seen, self.waited = 0, []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.n_seen += 1
        self.waited += [name for name in self.WAITING if name in str(function)]
        return function(*args, **(kwargs or {}))


class Watching(PlainCapture):
    def __init__(self):
        self.watched = Watched()

    def capture(self, step, buffers):
        with self.watched:
            step(buffers.batch, buffers.progress, buffers.lr)
        return super().capture(step, buffers)


class Failing(PlainCapture):
    """Stops in the middle, when it has changed weights."""

    def capture(self, step, buffers):
        super().capture(step, buffers)()
        raise RuntimeError("operation not permitted when stream is capturing\nand more")


@pytest.fixture
def use(monkeypatch):
    """Return a function that lets training on the CPU use a capture."""

    def use(capture):
        monkeypatch.setitem(module.CAPTURES, "cpu", lambda device: capture)
        return capture

    return use


@pytest.mark.parametrize("backbone", ["EEGNet", "ShallowFBCSPNet", "MLP"])
def test_a_network_learns_the_same_from_replayed_steps_to_the_bit(use, backbone):
    ordinary, replayed = member(backbone=backbone), member(backbone=backbone)
    history = train(ordinary, SETTINGS)
    counting = use(Counting())
    assert train(replayed, SETTINGS) == history
    assert_same(ordinary, replayed)
    assert counting.lengths == [16, 9]
    # a comparison of each length, and all steps but the first of a length
    assert counting.replays == 2 + 16 - 2


def test_a_stack_learns_the_same_from_replayed_steps_to_the_bit(use):
    ordinary, replayed = ([member(seed) for seed in range(2)] for _ in range(2))
    histories = train_stack(ordinary, SETTINGS)
    counting = use(Counting())
    assert train_stack(replayed, SETTINGS) == histories
    for one, other in zip(ordinary, replayed, strict=True):
        assert_same(one, other)
    assert counting.lengths == [16, 9]
    assert counting.replays == 2 + 16 - 2


@pytest.mark.parametrize("n_members", [1, 2])
@pytest.mark.parametrize("backbone", ["EEGNet", "ShallowFBCSPNet", "MLP"])
def test_a_replayed_step_does_not_wait_for_the_device(use, backbone, n_members):
    watching = use(Watching())
    learn([member(seed, backbone) for seed in range(n_members)], SETTINGS)
    assert watching.watched.n_seen > 100
    assert watching.watched.waited == []


@pytest.mark.parametrize("name", built_in_names("term"))
def test_terms_do_not_wait_for_the_device(use, name):
    watching = use(Watching())
    train(with_term(resolve("term", name)), SETTINGS)
    assert watching.watched.n_seen > 100
    assert watching.watched.waited == []


@pytest.mark.parametrize("name", built_in_names("term"))
def test_terms_of_the_package_are_replayed(use, name):
    ordinary, replayed = with_term(resolve("term", name)), with_term(resolve("term", name))
    train(ordinary, SETTINGS)
    counting = use(Counting())
    train(replayed, SETTINGS)
    assert_same(ordinary, replayed)
    assert counting.replays


@pytest.mark.parametrize("stale", ["batch", "keys", "progress", "lr"])
def test_a_graph_that_repeats_its_own_arguments_is_noticed(use, stale):
    ordinary, replayed = member(), member()
    history = train(ordinary, SETTINGS)
    use(Stale(stale))
    with pytest.warns(BCIDannWarning, match="something else than an ordinary step"):
        assert train(replayed, SETTINGS) == history
    assert_same(ordinary, replayed)


def test_a_stale_graph_of_a_stack_is_noticed(use):
    ordinary, replayed = ([member(seed) for seed in range(2)] for _ in range(2))
    train_stack(ordinary, SETTINGS)
    use(Stale("keys"))
    with pytest.warns(BCIDannWarning, match="something else than an ordinary step"):
        train_stack(replayed, SETTINGS)
    for one, other in zip(ordinary, replayed, strict=True):
        assert_same(one, other)


def test_a_failing_capture_warns_once_and_changes_nothing(use):
    ordinary, replayed = member(), member()
    train(ordinary, SETTINGS)
    use(Failing())
    with pytest.warns(
        BCIDannWarning, match="not permitted when stream is capturing. Each"
    ) as caught:
        train(replayed, SETTINGS)
    assert len(caught) == 1
    assert_same(ordinary, replayed)


def test_a_network_whose_loss_is_not_finite_does_not_keep_the_others_from_being_replayed(use):
    healthy, broken = member(0), member(1)
    broken.data.X[:] = float("nan")
    counting = use(Counting())
    with warnings.catch_warnings():
        warnings.simplefilter("error", BCIDannWarning)
        train_stack([healthy, broken], SETTINGS)
    assert counting.replays == 2 + 16 - 2


class Counted(DomainAdversary):
    """A user-defined term, which does not say whether it may be replayed."""

    replayable = False


def undeclared() -> Member:
    return with_term(Counted())


def without_momentum() -> Member:
    one = member()
    one.network.backbone.body.bnorm_1.momentum = None
    return one


def drawing() -> Member:
    one = member()
    one.network.backbone.body.drop_1 = nn.Dropout2d(0.2)
    return one


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: member(domain_batch_norm=True), "normalised separately"),
        (undeclared, "'term' is not declared `replayable`"),
        (without_momentum, "batch norm without momentum"),
        (drawing, "draws from torch's global generator"),
    ],
)
def test_steps_that_cannot_be_replayed_are_ordinary_ones_and_the_log_says_why(
    use, caplog, make, reason
):
    ordinary, other = make(), make()
    torch.manual_seed(5)
    train(ordinary, SETTINGS)
    drawn = torch.get_rng_state()
    counting = use(Counting())
    torch.manual_seed(5)
    with caplog.at_level(logging.INFO, "bci_dann.training"):
        train(other, SETTINGS)
    assert_same(ordinary, other)
    assert torch.equal(torch.get_rng_state(), drawn)
    assert counting.lengths == []
    assert [reason in record.message for record in caplog.records] == [True]


def test_on_a_cpu_no_step_is_captured():
    assert module.step_capture_for([member()], torch.device("cpu")) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a CUDA device")
@pytest.mark.parametrize("backbone", ["EEGNet", "ShallowFBCSPNet", "MLP"])
@pytest.mark.parametrize("n_members", [1, 3])
def test_a_gpu_learns_the_same_from_replayed_steps(monkeypatch, backbone, n_members):
    settings = replace(SETTINGS, device="cuda")
    ordinary, replayed = ([member(seed, backbone) for seed in range(n_members)] for _ in range(2))
    with monkeypatch.context() as patch:
        patch.delitem(module.CAPTURES, "cuda")
        histories = learn(ordinary, settings)
    replays = []
    launch = torch.cuda.CUDAGraph.replay
    monkeypatch.setattr(
        torch.cuda.CUDAGraph, "replay", lambda graph: replays.append(graph) or launch(graph)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", BCIDannWarning)
        again = learn(replayed, settings)
    assert len(replays) == 2 + 16 - 2
    assert len(set(map(id, replays))) == 2
    for history, other in zip(histories, again, strict=True):
        for epoch, its_like in zip(history, other, strict=True):
            assert epoch == pytest.approx(its_like, rel=1e-3, abs=1e-3)
    for one, other in zip(ordinary, replayed, strict=True):
        for found, wanted in zip(*(m.network.cpu()(m.data.X) for m in (one, other)), strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-2, atol=1e-2)
