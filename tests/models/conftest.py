"""What the tests of the faster models share: signals, a step, and a measure of the distance."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine take a hundred times longer."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def signals() -> Callable[..., torch.Tensor]:
    """Coloured noise with a little offset, as in EEG."""

    def make(n_chans: int, n_times: int, n_trials: int = 12) -> torch.Tensor:
        generator = torch.Generator().manual_seed(1)
        white = torch.randn(n_trials, n_chans, n_times + 8, generator=generator)
        return white.unfold(-1, 9, 1).mean(-1) * 2.0 + 0.3 * white[..., 8:] + 0.1

    return make


@pytest.fixture
def perturbed() -> Callable[[nn.Module], nn.Module]:
    """Move a model away from its first weights and statistics."""

    def perturb(model: nn.Module) -> nn.Module:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
            for name, buffer in model.named_buffers():
                if name.endswith("running_mean"):
                    buffer.normal_()
                if name.endswith("running_var"):
                    buffer.uniform_(0.5, 2.0)
        return model

    return perturb


@pytest.fixture
def run() -> Callable[..., tuple[torch.Tensor, dict[str, torch.Tensor]]]:
    """Features of a backbone, and the gradients of its parameters."""

    def forward_and_backward(
        backbone: nn.Module, X: torch.Tensor
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        torch.manual_seed(2)  # the same dropout masks
        features = backbone(X)
        probe = torch.linspace(-1.0, 1.0, features.numel(), dtype=X.dtype).view_as(features)
        (features * probe).sum().backward()
        return features.detach(), {
            name: parameter.grad
            for name, parameter in backbone.named_parameters()
            if parameter.grad is not None
        }

    return forward_and_backward


@pytest.fixture
def assert_near() -> Callable[..., None]:
    """Compare the length of a difference with a scale."""

    def check(got: torch.Tensor, wanted: torch.Tensor, scale: float, tolerance: float) -> None:
        error = torch.linalg.vector_norm(got.detach() - wanted.detach()) / max(scale, 1e-30)
        assert error < tolerance, float(error)

    return check


@pytest.fixture
def losses() -> Callable[..., torch.Tensor]:
    """Losses of fifty steps from one start, on trials with a class that can be learnt."""

    def train(backbone: nn.Module, X: torch.Tensor, optimiser_class: type) -> torch.Tensor:
        y = torch.arange(len(X)) % 2
        X = X.clone()
        X[y == 1, 0] += torch.sin(torch.arange(X.shape[-1]) / 4.0).to(X.dtype)
        torch.manual_seed(3)
        network = nn.Sequential(backbone, nn.Linear(backbone.n_features, 2).to(X.dtype)).train()
        optimiser = optimiser_class(network.parameters(), lr=1e-3, weight_decay=1e-2)
        values = []
        for _ in range(50):
            loss = nn.functional.cross_entropy(network(X), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            values.append(loss.item())
        return torch.tensor(values)

    return train
