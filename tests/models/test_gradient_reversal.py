from __future__ import annotations

import torch

from bci_dann.models import domain_head, motor_imagery_head, reverse_gradient


def test_identity_forwards_and_minus_lambda_backwards():
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    y = reverse_gradient(x, 0.3)
    assert torch.equal(y, x)
    (y * torch.tensor([2.0, 5.0])).sum().backward()
    torch.testing.assert_close(x.grad, torch.tensor([-0.6, -1.5]))


def test_strength_zero_cuts_the_adversary_off():
    x = torch.ones(2, requires_grad=True)
    reverse_gradient(x, 0.0).sum().backward()
    assert torch.equal(x.grad, torch.zeros(2))


def test_heads_have_one_output_a_class():
    features = torch.randn(4, 6)
    assert motor_imagery_head(6, 3)(features).shape == (4, 3)
    assert domain_head(6, 9, hidden=5)(features).shape == (4, 9)
