from __future__ import annotations

import pytest
import torch

from bci_dann.models import Decoder, domain_head, make_backbone, motor_imagery_head


@pytest.fixture
def decoder():
    torch.manual_seed(0)
    return Decoder(make_backbone("EEGNet", 3, 160, sfreq=64.0), n_classes=4).eval()


def test_features_are_the_backbones_and_logits_a_linear_map_of_them(decoder):
    X = torch.randn(5, 3, 160)
    features, logits = decoder(X)
    assert features.shape == (5, decoder.backbone.n_features)
    torch.testing.assert_close(features, decoder.backbone(X))
    weight, bias = decoder.head.weight, decoder.head.bias
    torch.testing.assert_close(logits, features @ weight.T + bias)
    assert logits.shape == (5, 4)


def test_prepared_trials_give_the_same(decoder):
    X = torch.randn(5, 3, 160)
    prepared = decoder.prepare(X)
    assert not isinstance(prepared, torch.Tensor)  # EEGNet starts from spectra
    for a, b in zip(decoder(prepared), decoder(X), strict=True):
        torch.testing.assert_close(a, b)


def test_a_domain_classifier_is_not_part_of_it(decoder):
    assert {name.split(".")[0] for name in decoder.state_dict()} == {"backbone", "head"}


def test_heads_have_one_output_a_class():
    features = torch.randn(4, 6)
    assert motor_imagery_head(6, 3)(features).shape == (4, 3)
    assert domain_head(6, 9, hidden=5)(features).shape == (4, 9)
