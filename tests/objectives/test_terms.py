"""Each term against a calculation of its own, in NumPy and in loops."""

from __future__ import annotations

from dataclasses import replace

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


@pytest.mark.parametrize("name", ["domain_adversary", "cdan", "cdan_e"])
def test_adversaries_measure_how_often_the_domain_head_is_right(name):
    batch, term = view(), resolve("term", name).build(SIZES).double()
    p = torch.softmax(batch.logits, 1)
    joint = torch.einsum("nc,nf->ncf", p, batch.features).flatten(1)
    guesses = term.head(batch.features if name == "domain_adversary" else joint).argmax(1)
    found = term.measures(batch)
    assert list(found) == list(term.measured) == ["domain_accuracy", "domain_chance"]
    right = (guesses == batch.domains).numpy()
    assert float(found["domain_accuracy"]) == pytest.approx(right.mean())
    assert float(found["domain_chance"]) == 1 / 4
    assert not any(value.requires_grad for value in found.values())


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


# --- properties --------------------------------------------------------------------------------

TARGET_ALONE = ["mcc", "entropy", "information_maximisation"]


def changed(batch: BatchView, **parts) -> BatchView:
    return BatchView(**{**vars(batch), **parts})


@pytest.mark.parametrize("name", built_in_names("term"))
def test_the_order_of_trials_does_not_matter(name):
    torch.manual_seed(0)
    term, batch = resolve("term", name).build(SIZES).double(), view()
    order = torch.randperm(N, generator=torch.Generator().manual_seed(1))
    turned = changed(
        batch,
        **{
            part: getattr(batch, part)[order]
            for part in ("features", "logits", "labels", "domains", "weights", "is_target")
        },
    )
    assert_allclose(term(turned).item(), term(batch).item(), rtol=1e-10)


@pytest.mark.parametrize("name", TARGET_ALONE)
def test_terms_of_the_outputs_look_at_the_target_alone(name):
    term, batch = resolve("term", name), view()
    is_target = batch.is_target[:, None]
    other = torch.where(is_target, batch.logits, 3 * batch.logits.flip(0))
    assert_allclose(term(changed(batch, logits=other)).item(), term(batch).item(), rtol=1e-12)
    term(batch).backward()
    assert (batch.logits.grad[~batch.is_target] == 0).all()
    assert (batch.logits.grad[batch.is_target] != 0).any()


@pytest.mark.parametrize("name", built_in_names("term"))
def test_a_term_of_features_alone_says_so(name):
    torch.manual_seed(0)
    term, batch = resolve("term", name).build(SIZES).double(), view()
    other = changed(batch, logits=batch.logits.detach().flip(0))
    ignores_logits = term(other).item() == term(batch).item()
    # the adversary looks at features, but its layers make it useless where these are fixed anyway
    assert term.features_only is (ignores_logits and not list(term.parameters()))


@pytest.mark.parametrize("name", built_in_names("term"))
def test_only_adversaries_of_the_sources_do_without_a_target(name):
    assert resolve("term", name).needs_target is (
        name not in ("domain_adversary", "cdan", "cdan_e")
    )


@pytest.mark.parametrize("name", built_in_names("term"))
def test_built_in_terms_can_be_captured_and_are_the_same_for_a_progress_that_is_a_tensor(name):
    torch.manual_seed(0)
    term, batch = resolve("term", name).build(SIZES).double(), view(progress=0.5)
    as_tensor = changed(batch, progress=torch.tensor(0.5, dtype=torch.float64))
    assert term.replayable
    assert term(as_tensor).item() == pytest.approx(term(batch).item(), rel=1e-12)


@pytest.mark.parametrize(("name", "power"), [("coral", 4), ("mmd", 0)])
def test_units_of_the_features(name, power):
    """CORAL grows with the fourth power; the kernels have widths relative to the distances."""
    term, batch = resolve("term", name), view()
    scaled = changed(batch, features=3 * batch.features.detach())
    assert_allclose(term(scaled).item(), 3**power * term(batch).item(), rtol=1e-9)


@pytest.mark.parametrize("name", ["coral", "mmd"])
def test_what_is_common_to_both_sides_costs_nothing(name):
    term, batch = resolve("term", name), view()
    shifted = changed(batch, features=batch.features.detach() + 7.0)
    assert_allclose(term(shifted).item(), term(batch).item(), rtol=1e-8)


def test_a_discrepancy_grows_with_the_shift():
    batch = view()
    shifts = [0.0, 1.0, 2.0, 4.0]
    values = [
        MeanDiscrepancy()(
            changed(batch, features=batch.features.detach() + s * batch.is_target[:, None])
        ).item()
        for s in shifts
    ]
    assert values == sorted(values)
    assert 0 <= values[0] < values[-1] < 2  # kernels are at most 1


def test_known_class_shares_replace_equal_ones():
    """``mean_i H(p_i) + KL(mean p || q)``, but for the constant ``log K`` of equal shares."""
    batch = view()
    _, p, is_target = parts(batch)
    prior = np.array([0.2, 0.3, 0.5])
    mean = p[is_target].mean(0)
    expected = entropy(p[is_target], axis=1).mean() + entropy(mean, prior) - np.log(3)
    with_prior = changed(batch, prior=torch.from_numpy(prior))
    assert_allclose(InformationMaximisation()(with_prior).item(), expected, rtol=1e-10)
    equal = changed(batch, prior=torch.full((3,), 1 / 3, dtype=torch.float64))
    assert_allclose(
        InformationMaximisation()(equal).item(), InformationMaximisation()(batch).item(), rtol=1e-10
    )


def certain(classes) -> BatchView:
    """Return a batch of target trials whose classes are certain."""
    batch = view()
    logits = 100.0 * torch.nn.functional.one_hot(torch.as_tensor(classes), N_CLASSES).double()
    return changed(batch, logits=logits, is_target=torch.ones(N, dtype=torch.bool))


def test_certain_and_balanced_decisions_are_the_best():
    balanced, collapsed = certain(np.arange(N) % N_CLASSES), certain(np.zeros(N, dtype=int))
    assert ConditionalEntropy()(balanced).item() == pytest.approx(0, abs=1e-9)
    assert ConditionalEntropy()(collapsed).item() == pytest.approx(0, abs=1e-9)  # cannot tell
    information = [InformationMaximisation()(one).item() for one in (balanced, collapsed)]
    assert information == pytest.approx([-np.log(3), 0], abs=0.01)
    for normalisation in ("class", "batch"):
        assert ClassConfusion(normalisation=normalisation)(balanced).item() < 1e-9


def test_a_class_that_is_hardly_predicted_counts_as_much_in_the_confusion_of_the_paper():
    """By row sums a rare class that is confused costs as much as a frequent one."""
    logits = torch.zeros(N, N_CLASSES, dtype=torch.float64)
    logits[:, 0] = 8.0  # nearly all mass on one class
    one_sided = changed(certain(np.zeros(N, dtype=int)), logits=logits)
    by_class, by_batch = (
        ClassConfusion(normalisation=n)(one_sided).item() for n in ("class", "batch")
    )
    assert by_class > 0.5 > 10 * by_batch


def test_a_higher_temperature_is_more_confused():
    values = [ClassConfusion(temperature=t)(view()).item() for t in (0.5, 1.0, 2.5, 10.0, 1e6)]
    assert values == sorted(values)
    assert values[-1] == pytest.approx((N_CLASSES - 1) / N_CLASSES, rel=1e-4)  # all classes alike


def test_features_from_which_the_domain_cannot_be_told_cost_the_logarithm_of_their_number():
    batch = view()
    term = DomainAdversary().build(SIZES).double()
    for layer in term.parameters():
        torch.nn.init.zeros_(layer)
    assert term(batch).item() == pytest.approx(np.log(4))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: DomainAdversary(hidden=0), "hidden must be a whole number above 0"),
        (lambda: DomainAdversary(gamma=-1.0), "gamma must be a number at least 0"),
        (lambda: DomainAdversary(smoothing=1.0), "smoothing must be a number at least 0 and below"),
        (lambda: ConditionalAdversary(hidden=2.5), "hidden must be a whole number above 0"),
        (lambda: ConditionalAdversary(gamma=np.nan), "gamma must be a number at least 0"),
        (lambda: ClassConfusion(temperature=0), "temperature must be a number above 0"),
        (lambda: ClassConfusion(normalisation="clas"), "Did you mean 'class'"),
    ],
)
def test_parameters_that_cannot_be(build, message):
    with pytest.raises(ConfigError, match=message):
        build()


def test_a_term_of_ones_own_needs_only_forward():
    class SmallLogits(Term):
        def forward(self, batch):
            return batch.logits.square().mean()

    term, batch = SmallLogits(), view()
    assert term.build(SIZES) is term
    assert (term.needs_target, term.needs_domains) == (True, False)
    assert (term.features_only, term.replayable) == (False, False)
    assert_allclose(term(batch).item(), np.square(batch.logits.detach().numpy()).mean())
    with pytest.raises(NotImplementedError):
        Term()(batch)


@pytest.mark.parametrize("name", ["coral", "mmd", "joint_mmd"])
@pytest.mark.parametrize("n_target", [0, N])
def test_a_distance_of_two_sides_is_zero_in_a_batch_of_one_side(name, n_target):
    batch = view()
    one_side = replace(batch, is_target=torch.arange(N) < n_target)
    value = resolve("term", name)(one_side)
    value.backward()
    assert float(value.detach()) == 0
    assert batch.features.grad.abs().max() == 0


def test_one_trial_of_the_target_has_no_covariance():
    batch = view()
    assert float(DeepCoral()(replace(batch, is_target=torch.arange(N) < 1)).detach()) == 0
