"""Weights of networks as arrays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bci_dann.estimators.networks.network_state import (
    network_arrays,
    restore_network,
    restore_networks,
)
from bci_dann.models import Decoder, make_backbone
from bci_dann.persistence import ModelState


def build(name="EEGNet"):
    return Decoder(make_backbone(name, 4, 128, sfreq=64.0), n_classes=2)


@pytest.mark.parametrize("name", ["EEGNet", "ShallowFBCSPNet", "MLP"])
def test_networks_are_restored_to_the_bit(name):
    networks = [build(name).eval() for _ in range(2)]
    state = ModelState({}, network_arrays(networks))
    again = restore_networks(lambda: build(name), [state.part(f"network.{i}") for i in range(2)])
    X = torch.randn(3, 4, 128)
    for one, other in zip(networks, again, strict=True):
        assert not other.training
        with torch.no_grad():
            assert all(map(torch.equal, one(X), other(X)))


def test_arrays_are_named_by_the_number_of_the_network():
    arrays = network_arrays([build("MLP"), build("MLP")])
    assert {name.split(".")[1] for name in arrays} == {"0", "1"}
    assert all(name.startswith("network.") for name in arrays)
    assert "network.1.head.weight" in arrays


def test_restoring_draws_nothing_from_torchs_generator():
    state = build("MLP").state_dict()
    before = torch.get_rng_state()
    restore_network(lambda: build("MLP"), state)
    assert torch.equal(before, torch.get_rng_state())


def test_restored_weights_are_no_views_of_the_file():
    network = build("MLP")
    weights = {name: values.clone() for name, values in network.state_dict().items()}
    restored = restore_network(lambda: build("MLP"), weights)
    with torch.no_grad():
        restored.head.weight.fill_(7.0)
    torch.testing.assert_close(weights["head.weight"], network.head.weight.detach())


def test_weights_of_another_architecture_are_refused():
    arrays = ModelState({}, network_arrays([build("MLP")])).part("network.0")
    with pytest.raises(RuntimeError, match=r"Missing key|Unexpected key"):
        restore_networks(build, [arrays])
    wide = {name: np.repeat(array, 2, axis=0) for name, array in arrays.items()}
    with pytest.raises(RuntimeError, match="size mismatch"):
        restore_networks(lambda: build("MLP"), [wide])
