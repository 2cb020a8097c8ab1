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
from bci_dann.exceptions import DataError
from bci_dann.models import Decoder, make_backbone
from bci_dann.persistence import ModelState


def build(name="EEGNet"):
    return Decoder(make_backbone(name, 4, 128, sfreq=64.0), n_classes=2)


@pytest.mark.parametrize("name", ["EEGNet", "ShallowFBCSPNet", "MLP"])
def test_networks_are_restored_to_the_bit(name):
    networks = [build(name).eval() for _ in range(2)]
    state = ModelState({"n_networks": 2}, network_arrays(networks))
    again = restore_networks(lambda: build(name), state)
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
    state = ModelState({"n_networks": 1}, network_arrays([build("MLP")]))
    with pytest.raises(RuntimeError, match=r"Missing key|Unexpected key"):
        restore_networks(build, state)
    wide = {name: np.repeat(array, 2, axis=0) for name, array in state.arrays.items()}
    with pytest.raises(RuntimeError, match="size mismatch"):
        restore_networks(lambda: build("MLP"), ModelState(state.description, wide))


def test_a_network_that_is_missing_ends_the_search():
    state = ModelState({"n_networks": 10**12}, network_arrays([build("MLP")]))
    with pytest.raises(DataError, match="has no weights of its network 1"):
        restore_networks(lambda: build("MLP"), state)


def test_a_huge_network_is_counted_and_not_built():
    """It would fill terabytes; a usual one is not counted, which would take seconds."""
    parameters = {"backbone": {"name": "EEGNet", "F1": 10**6}}
    state = ModelState({"n_networks": 1, "parameters": parameters}, network_arrays([build()]))

    def huge():
        return Decoder(make_backbone("EEGNet", 4, 128, sfreq=64.0, F1=10**6), n_classes=2)

    with pytest.raises(DataError, match=r"has \d{8,} weights by its description, and .* holds \d+"):
        restore_networks(huge, state)
