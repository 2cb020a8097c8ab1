from __future__ import annotations

import pytest
import torch
from torch import nn

from bci_dann.models import keyed, keyed_layers, make_backbone
from bci_dann.models.fast.keyed_dropout import KeyedDropout, keep_mask, replace_dropout


def key(value: int) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.int32)


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
def test_share_that_is_kept(p):
    kept = torch.stack([keep_mask(key(seed), 20_000, p) for seed in (-7, 0, 1, 2**31 - 1)])
    torch.testing.assert_close(kept.float().mean(1), torch.full((4,), 1 - p), atol=0.015, rtol=0)


def test_masks_of_neighbouring_keys_and_positions_are_unrelated():
    masks = torch.stack([keep_mask(key(seed), 4096, 0.5) for seed in range(200)]).float() - 0.5
    between_keys = (masks @ masks.T / 4096 * 4).fill_diagonal_(0)
    between_positions = (masks.T @ masks / 200 * 4).fill_diagonal_(0)
    assert between_keys.abs().max() < 6 / 4096**0.5
    assert abs(float(between_positions.std()) - 200**-0.5) < 0.005


def test_the_key_decides_and_the_mean_stays():
    layer, X = KeyedDropout(0.3), torch.ones(64, 500)
    outputs = []
    for value in (5, 5, 6):
        with keyed(layer, [key(value)]):
            outputs.append(layer(X))
    first, second, other = outputs
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert abs(float(first.mean()) - 1) < 0.02
    with keyed(layer.eval(), [key(5)]):
        assert torch.equal(layer(X), X)


def test_a_layer_that_is_applied_several_times_drops_other_features_each_time():
    layer, X = KeyedDropout(0.5), torch.ones(4096)
    with keyed(layer, [key(5)]):
        masks = torch.stack([layer(X) for _ in range(20)]) - 1
    related = (masks @ masks.T / 4096).fill_diagonal_(0)
    assert related.abs().max() < 5 / 4096**0.5


def test_all_is_dropped_at_one():
    layer = KeyedDropout(1.0)
    with keyed(layer, [key(0)]):
        assert torch.equal(layer(torch.ones(8)), torch.zeros(8))


def test_without_a_key_it_is_torchs_dropout():
    X = torch.ones(10, 10)
    torch.manual_seed(0)
    ours = KeyedDropout(0.5)(X)
    torch.manual_seed(0)
    assert torch.equal(ours, nn.Dropout(0.5)(X))


def test_keys_are_taken_back_also_after_an_error():
    layer = KeyedDropout(0.5)
    with pytest.raises(RuntimeError, match="inside"), keyed(layer, [key(0)]):
        raise RuntimeError("inside")
    assert layer.key is None


def test_only_plain_dropout_is_replaced():
    network = nn.Sequential(nn.Dropout(0.2), nn.Sequential(nn.Dropout2d(0.2), nn.Dropout(0.4)))
    replace_dropout(network)
    assert [layer.p for layer in keyed_layers(network)] == [0.2, 0.4]
    assert isinstance(network[1][0], nn.Dropout2d)


@pytest.mark.parametrize("name", ["EEGNet", "ShallowFBCSPNet", "Deep4Net"])
def test_backbones_take_keys(name):
    backbone = make_backbone(name, 4, 600, sfreq=128.0).train()
    assert keyed_layers(backbone)
    X = torch.randn(6, 4, 600, generator=torch.Generator().manual_seed(0))
    keys = [key(index) for index in range(len(keyed_layers(backbone)))]
    outputs = []
    for _ in range(2):
        with keyed(backbone, keys):
            outputs.append(backbone(X))
    assert torch.equal(*outputs)


def test_a_stack_drops_what_its_networks_drop_alone():
    layer, X = KeyedDropout(0.4), torch.randn(3, 5, 7)
    keys = torch.tensor([5, 6, 5], dtype=torch.int32)

    def compute(key, part):
        with keyed(layer, [key]):
            return layer(part)

    stacked = torch.vmap(compute)(keys, X)
    for network in range(3):
        assert torch.equal(stacked[network], compute(keys[network], X[network]))


def test_gradients_pass_where_features_stay():
    layer, X = KeyedDropout(0.25), torch.randn(6, 8, requires_grad=True)
    with keyed(layer, [key(9)]):
        layer(X).sum().backward()
    mask = keep_mask(key(9), 48, 0.25).view(6, 8)
    torch.testing.assert_close(X.grad, mask / 0.75)


def test_a_share_of_zero_keeps_everything_and_the_input_itself():
    layer, X = KeyedDropout(0.0), torch.randn(4)
    with keyed(layer, [key(1)]):
        assert layer(X) is X


def test_a_key_for_each_layer_is_asked_for():
    network = nn.Sequential(KeyedDropout(0.1), KeyedDropout(0.2))
    with pytest.raises(ValueError, match="zip"), keyed(network, [key(0)]):
        pass


def test_it_shows_its_share():
    assert repr(KeyedDropout(0.3)) == "KeyedDropout(p=0.3)"
