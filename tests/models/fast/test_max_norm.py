from __future__ import annotations

import pytest
import torch

from bci_dann._compat import braindecode_models, braindecode_modules
from bci_dann.models.fast.max_norm import MaxNorm, replace_max_norms

# Rows of length zero, below and above the limit.
LENGTHS = torch.tensor([0.0, 0.3, 0.99, 1.5, 40.0])


def rows(*shape: int, seed: int = 0) -> torch.Tensor:
    weight = torch.randn(len(LENGTHS), *shape, generator=torch.Generator().manual_seed(seed))
    unit = weight / torch.linalg.vector_norm(weight.flatten(1), dim=1).view(-1, *[1] * len(shape))
    return unit * LENGTHS.view(-1, *[1] * len(shape))


def value_and_gradient(constraint, weight, towards):
    weight = weight.clone().requires_grad_()
    value = constraint(weight)
    value.backward(towards)
    return value.detach(), weight.grad


@pytest.mark.parametrize("shape", [(7,), (1, 15, 1)])
def test_values_and_gradients_are_those_of_braindecode_to_the_bit(shape):
    weight, towards = rows(*shape), torch.randn(len(LENGTHS), *shape)
    theirs = braindecode_modules().MaxNormParametrize(1.0)
    found = value_and_gradient(MaxNorm(1.0), weight, towards)
    wanted = value_and_gradient(theirs, weight, towards)
    assert all(map(torch.equal, found, wanted))


def test_a_stack_is_constrained_as_its_networks_one_by_one():
    weights = torch.stack([rows(1, 15, 1, seed=seed) for seed in range(3)])
    towards = torch.randn(weights.shape)
    found = value_and_gradient(torch.vmap(MaxNorm(1.0)), weights, towards)
    for network in range(3):
        wanted = value_and_gradient(MaxNorm(1.0), weights[network], towards[network])
        assert all(torch.equal(a[network], b) for a, b in zip(found, wanted, strict=True))


def test_constraints_of_a_braindecode_model_are_replaced_and_its_state_stays():
    models = braindecode_models()
    model = models.EEGNet(n_chans=3, n_times=200, n_outputs=2, final_layer_with_constraint=True)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    constrained = model.conv_spatial.weight.detach().clone()
    replace_max_norms(model)
    kinds = [type(m).__name__ for m in model.modules() if "MaxNorm" in type(m).__name__]
    assert set(kinds) == {"MaxNorm"}
    assert list(model.state_dict()) == list(before)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(model.conv_spatial.weight, constrained)


def test_no_row_is_longer_than_allowed_and_short_ones_stay():
    weight = rows(7)
    constrained = MaxNorm(0.5)(weight)
    lengths = torch.linalg.vector_norm(constrained, dim=1)
    torch.testing.assert_close(lengths, LENGTHS.clamp(max=0.5))
    short = LENGTHS < 0.5
    assert torch.equal(constrained[short], weight[short])


def test_gradients_are_those_of_finite_differences():
    weight = rows(4).double()[1:].requires_grad_()  # the length of a row of zeros has a kink
    assert torch.autograd.gradcheck(MaxNorm(1.0), weight)


def test_a_network_without_constraints_needs_no_braindecode(monkeypatch):
    def fail():
        raise AssertionError("braindecode was asked for")

    monkeypatch.setattr("bci_dann.models.fast.max_norm.braindecode_modules", fail)
    replace_max_norms(torch.nn.Sequential(torch.nn.Linear(3, 2)))
