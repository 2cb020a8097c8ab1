"""Each term against a calculation of its own, in NumPy and in loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.special import softmax
from scipy.stats import entropy

from bci_dann.components import built_in_names, resolve
from bci_dann.exceptions import ConfigError
from bci_dann.objectives import (
    UNLABELLED,
    BatchView,
    DomainAdversary,
    Sizes,
    Term,
    ganin_schedule,
)
from bci_dann.objectives.class_confusion import ClassConfusion
from bci_dann.objectives.conditional_adversary import ConditionalAdversary, EntropyWeightedAdversary
from bci_dann.objectives.coral import DeepCoral
from bci_dann.objectives.entropy import ConditionalEntropy, InformationMaximisation
from bci_dann.objectives.mean_discrepancy import WIDTHS, JointDiscrepancy, MeanDiscrepancy

N, N_FEATURES, N_CLASSES = 20, 5, 3
SIZES = Sizes(N_FEATURES, N_CLASSES, n_domains=4, has_target=True)


def view(n_target: int = 8, seed: int = 0, progress: float = 1.0) -> BatchView:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(N, N_FEATURES, generator=generator, dtype=torch.float64)
    logits = 2 * torch.randn(N, N_CLASSES, generator=generator, dtype=torch.float64)
    is_target = torch.arange(N) % 5 < round(5 * n_target / N) if n_target else torch.zeros(N) > 0
    return BatchView(
        features=features.requires_grad_(),
        logits=logits.requires_grad_(),
        labels=torch.where(is_target, UNLABELLED, torch.arange(N) % N_CLASSES),
        domains=torch.where(is_target, 3, torch.arange(N) % 3),
        weights=torch.ones(N, dtype=torch.float64),
        is_target=is_target,
        progress=progress,
    )


def parts(batch: BatchView) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, class probabilities, and who is the target."""
    p = softmax(batch.logits.detach().numpy(), axis=1)
    return batch.features.detach().numpy(), p, batch.is_target.numpy()


@pytest.mark.parametrize("normalisation", ["class", "batch"])
def test_class_confusion(normalisation):
    batch = view()
    z = batch.logits.detach().numpy()[batch.is_target.numpy()] / 2.5
    p = softmax(z, axis=1)
    w = 1 + np.exp(-entropy(p, axis=1))
    w = w * len(w) / w.sum()
    confusion = sum(w[i] * np.outer(p[i], p[i]) for i in range(len(p)))
    by = confusion.sum(1)[:, None] if normalisation == "class" else len(p)
    off = (confusion / by)[~np.eye(N_CLASSES, dtype=bool)].sum() / N_CLASSES
    assert_allclose(ClassConfusion(normalisation=normalisation)(batch).item(), off, rtol=1e-10)


def test_entropies():
    batch = view()
    _, p, is_target = parts(batch)
    conditional = entropy(p[is_target], axis=1).mean()
    assert_allclose(ConditionalEntropy()(batch).item(), conditional, rtol=1e-10)
    marginal = entropy(p[is_target].mean(0))
    assert_allclose(InformationMaximisation()(batch).item(), conditional - marginal, rtol=1e-10)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_domain_adversary(smoothing):
    batch = view()
    torch.manual_seed(0)
    term = DomainAdversary(smoothing=smoothing).build(SIZES).double()
    log_p = np.log(softmax(term.head(batch.features).detach().numpy(), axis=1))
    asked = (1 - smoothing) * np.eye(4)[batch.domains.numpy()] + smoothing / 4
    assert_allclose(term(batch).item(), -(asked * log_p).sum(1).mean(), rtol=1e-10)


def test_coral():
    batch = view()
    X, _, is_target = parts(batch)
    difference = np.cov(X[~is_target].T) - np.cov(X[is_target].T)
    expected = np.linalg.norm(difference) ** 2 / (4 * N_FEATURES**2)
    assert_allclose(DeepCoral()(batch).item(), expected, rtol=1e-10)


def kernel(X: np.ndarray) -> np.ndarray:
    distances = np.array([[np.sum((a - b) ** 2) for b in X] for a in X])
    scale = distances.sum() / (len(X) * (len(X) - 1))
    return np.mean([np.exp(-distances / (width * scale)) for width in WIDTHS], axis=0)


@pytest.mark.parametrize("kind", [MeanDiscrepancy, JointDiscrepancy])
def test_discrepancies(kind):
    batch = view()
    X, p, is_target = parts(batch)
    K = kernel(X) * (kernel(p) if kind is JointDiscrepancy else 1)
    s, t = ~is_target, is_target
    expected = K[s][:, s].mean() + K[t][:, t].mean() - 2 * K[s][:, t].mean()
    assert_allclose(kind()(batch).item(), expected, rtol=1e-9)


@pytest.mark.parametrize("kind", [ConditionalAdversary, EntropyWeightedAdversary])
def test_conditional_adversaries(kind):
    batch, term = view(), kind().build(SIZES).double()
    X, p, _ = parts(batch)
    joint = np.stack([np.outer(p[i], X[i]).ravel() for i in range(N)])
    scores = term.head(torch.from_numpy(joint)).detach().numpy()
    losses = -np.log(softmax(scores, axis=1)[np.arange(N), batch.domains.numpy()])
    weights = 1 + np.exp(-entropy(p, axis=1)) if kind is EntropyWeightedAdversary else np.ones(N)
    value = term(batch)
    assert_allclose(value.item(), np.average(losses, weights=weights), rtol=1e-10)
    value.backward()
    assert batch.logits.grad is None  # the class conditions, and is not moved
    reversed_, plain = batch.features.grad.clone(), torch.from_numpy(X).requires_grad_()
    z = (torch.from_numpy(p)[:, :, None] * plain[:, None]).flatten(1)
    ce = torch.nn.functional.cross_entropy(term.head(z), batch.domains, reduction="none")
    (ce @ torch.from_numpy(weights) / weights.sum()).backward()
    torch.testing.assert_close(reversed_, -ganin_schedule(1.0) * plain.grad)


@pytest.mark.parametrize("name", built_in_names("term"))
def test_labels_have_no_way_in(name):
    torch.manual_seed(0)
    term, batch = resolve("term", name).build(SIZES).double(), view()
    nonsense = BatchView(**{**vars(batch), "labels": torch.full((N,), 2)})
    assert term(batch).item() == term(nonsense).item()


@pytest.mark.parametrize("name", built_in_names("term"))
@pytest.mark.parametrize("n_target", [0, 4])
def test_every_term_is_finite_with_its_gradients_also_at_the_edge(name, n_target):
    torch.manual_seed(0)
    term, batch = resolve("term", name).build(SIZES).double(), view(n_target)
    sure = BatchView(**{**vars(batch), "logits": (1e4 * batch.logits).detach().requires_grad_()})
    same = BatchView(**{**vars(batch), "features": torch.ones(N, N_FEATURES).double()})
    for edge in (batch, sure, same):
        value = term(edge)
        assert torch.isfinite(value)
        if value.requires_grad:
            value.backward()
        for grad in (edge.features.grad, edge.logits.grad):
            assert grad is None or torch.isfinite(grad).all()


@pytest.mark.parametrize("name", ["coral", "mmd", "joint_mmd"])
def test_distances_vanish_where_source_and_target_are_alike(name):
    batch = view()
    halves = {
        part: torch.cat([getattr(batch, part).detach()[:10]] * 2)
        for part in ("features", "logits", "labels", "domains", "weights")
    }
    alike = BatchView(**halves, is_target=torch.arange(N) >= 10, progress=1.0)
    assert abs(resolve("term", name).build(SIZES)(alike).item()) < 1e-12


def test_names_of_terms():
    assert isinstance(resolve("term", "bci_dann.objectives.coral:DeepCoral"), DeepCoral)
    with pytest.raises(ConfigError, match="Did you mean 'coral'"):
        resolve("term", "corall")
    with pytest.raises(ConfigError, match="cannot be imported"):
        resolve("term", "bci_dann.nowhere:Term")
    with pytest.raises(ConfigError, match=r"must be a subclass of bci_dann\.objectives\.Term"):
        resolve("term", "collections:OrderedDict")
    assert isinstance(resolve("term", "mcc"), Term)
