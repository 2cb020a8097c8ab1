from __future__ import annotations

import torch

from bci_dann.models import domain_head, reverse_gradient


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


def test_a_strength_that_is_a_tensor_reverses_as_its_number_does_for_a_stack_too():
    x, slope = torch.randn(3, 2, 5), torch.randn(3, 2, 5)
    strength = torch.tensor(0.3, dtype=torch.float64)
    gradients = []
    for reverse in (
        lambda part: reverse_gradient(part, 0.3),
        lambda part: reverse_gradient(part, strength),
        torch.vmap(lambda part: reverse_gradient(part, strength)),
    ):
        leaf = x.clone().requires_grad_()
        (reverse(leaf) * slope).sum().backward()
        gradients.append(leaf.grad)
    assert torch.equal(gradients[0], gradients[1])
    assert torch.equal(gradients[0], gradients[2])


def test_a_reversed_head_learns_while_its_features_unlearn():
    """One step of domain-adversarial training: D descends on its loss, G ascends on it."""
    torch.manual_seed(0)
    head, loss = domain_head(4, 3, hidden=5), torch.nn.CrossEntropyLoss()
    features = torch.randn(30, 4, requires_grad=True)
    domains = torch.arange(30) % 3
    plain = loss(head(features), domains)
    plain_gradients = torch.autograd.grad(plain, [features, *head.parameters()])
    reversed_ = loss(head(reverse_gradient(features, 0.5)), domains)
    gradients = torch.autograd.grad(reversed_, [features, *head.parameters()])
    assert torch.equal(plain, reversed_)
    torch.testing.assert_close(gradients[0], -0.5 * plain_gradients[0])
    for a, b in zip(gradients[1:], plain_gradients[1:], strict=True):
        assert torch.equal(a, b)


def test_width_of_the_hidden_layer():
    first, _, last = domain_head(6, 9, hidden=5)
    assert (first.in_features, first.out_features, last.out_features) == (6, 5, 9)
