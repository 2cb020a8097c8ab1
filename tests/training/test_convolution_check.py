from __future__ import annotations

import copy
import warnings

import pytest
import torch

from bci_dann.exceptions import BCIDannWarning
from bci_dann.models import Decoder, make_backbone
from bci_dann.training import convolution_check
from bci_dann.training.convolution_check import checked_convolutions

CPU = torch.device("cpu")


def network(name: str, n_chans: int) -> Decoder:
    torch.manual_seed(0)
    return Decoder(make_backbone(name, n_chans, 600, sfreq=128.0), 2).eval()


def signals(n_chans: int) -> torch.Tensor:
    return torch.randn(8, n_chans, 600, generator=torch.Generator().manual_seed(0))


def gradients(net: Decoder, X: torch.Tensor) -> list[torch.Tensor]:
    net.zero_grad()
    net(X)[1].square().sum().backward()
    return [weight.grad.double() for weight in net.parameters() if weight.grad is not None]


@pytest.mark.parametrize("n_chans", [8, 16, 22])
@pytest.mark.parametrize("name", ["Deep4Net", "ShallowFBCSPNet", "EEGNet"])
@pytest.mark.filterwarnings("ignore:oneDNN computes wrong gradients")
def test_gradients_inside_are_right(name, n_chans):
    net, X = network(name, n_chans), signals(n_chans)
    with checked_convolutions(net, X, CPU):
        found = gradients(net, X)
    for a, b in zip(found, gradients(net.double(), X.double()), strict=True):
        assert torch.linalg.vector_norm(a - b) <= 1e-3 * torch.linalg.vector_norm(b)


@pytest.mark.parametrize("name", ["ATCNet", "EEGConformer"])
@pytest.mark.parametrize("n_chans", [8, 16])
def test_weights_without_influence_raise_no_alarm(name, n_chans):
    torch.manual_seed(0)
    net = Decoder(make_backbone(name, n_chans, 1000, sfreq=250.0), 2).eval()
    X = torch.randn(8, n_chans, 1000)
    exact = gradients(copy.deepcopy(net).double(), X.double())
    total = torch.stack([b.norm() for b in exact]).norm()
    found = gradients(net, X)
    right = all((a - b).norm() < 0.01 * total for a, b in zip(found, exact, strict=True))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", BCIDannWarning)
        with checked_convolutions(net, X, CPU):
            pass
    assert any(issubclass(w.category, BCIDannWarning) for w in caught) == (not right)


def test_onednn_is_switched_off_where_it_is_wrong_and_only_inside(monkeypatch):
    monkeypatch.setattr(convolution_check, "_gradients_agree", lambda *_: False)
    before = torch.backends.mkldnn.enabled
    inside = checked_convolutions(network("EEGNet", 3), signals(3), CPU)
    with pytest.warns(BCIDannWarning, match="wrong gradients"), inside:
        assert not torch.backends.mkldnn.enabled
    assert torch.backends.mkldnn.enabled == before


def test_nothing_is_said_or_changed_where_it_is_right():
    net, X = network("EEGNet", 3), signals(3)
    weights = [weight.clone() for weight in net.parameters()]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with checked_convolutions(net.train(), X, CPU):
            assert torch.backends.mkldnn.enabled
    assert net.training
    assert all(weight.grad is None for weight in net.parameters())
    assert all(torch.equal(a, b) for a, b in zip(weights, net.parameters(), strict=True))
