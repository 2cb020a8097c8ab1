from __future__ import annotations

import pytest
import torch

from bci_dann.exceptions import ConfigError
from bci_dann.models import backbone_names, make_backbone


@pytest.mark.parametrize(
    "name", ["EEGNet", "ShallowFBCSPNet", "Deep4Net", "ATCNet", "EEGConformer"]
)
def test_braindecode_models_serve_as_backbones(name):
    backbone = make_backbone(name, n_chans=8, n_times=500, sfreq=125)
    features = backbone(torch.randn(3, 8, 500))
    assert features.shape == (3, backbone.n_features)
    features.square().sum().backward()
    missing = [n for n, p in backbone.named_parameters() if p.grad is None]
    assert not missing, "every parameter must be reached, so no classification layer is left"


def test_parameters_reach_the_model():
    wide = make_backbone("EEGNet", 8, 256, 128, F1=16, D=2)
    assert wide.n_features == 2 * make_backbone("EEGNet", 8, 256, 128, F1=8, D=2).n_features


def test_perceptron_takes_vectors():
    backbone = make_backbone("MLP", n_chans=5, n_times=1, sfreq=None, hidden=[7])
    assert backbone(torch.randn(3, 5, 1)).shape == (3, 7)


def test_unknown_backbone_suggests_a_near_one():
    with pytest.raises(ConfigError, match="Did you mean 'EEGNet'"):
        make_backbone("EEGNett", 8, 256, 128)
    assert {"MLP", "EEGNet", "Deep4Net"} <= set(backbone_names())


def test_impossible_shape_names_the_model_and_the_shape():
    with pytest.raises(ConfigError, match="EEGNet cannot be built for n_chans=8, n_times=10"):
        make_backbone("EEGNet", 8, 10, 128)


def test_unknown_parameter_is_a_config_error():
    with pytest.raises(ConfigError, match="no_such_option"):
        make_backbone("ShallowFBCSPNet", 8, 256, 128, no_such_option=1)
