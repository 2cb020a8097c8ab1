from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from bci_dann._compat import braindecode_models
from bci_dann.exceptions import ConfigError, DataError
from bci_dann.models import (
    backbone_names,
    build_backbone,
    check_backbone,
    check_input_kind,
    make_backbone,
    reads_covariances,
)


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


@pytest.mark.parametrize("spec", ["EEGNet", {"name": "EEGNet"}, braindecode_models().EEGNet])
def test_networks_for_trials_refuse_vectors(spec):
    with pytest.raises(DataError, match=r"EEGNet needs trials .*set backbone='MLP'"):
        check_input_kind(spec, n_times=None)
    check_input_kind(spec, n_times=256)


@pytest.mark.parametrize("spec", ["MLP", "my_networks:Mine", nn.Linear, nn.Linear(4, 2)])
def test_other_networks_may_take_vectors(spec):
    check_input_kind(spec, n_times=None)


def test_perceptron_takes_vectors():
    backbone = make_backbone("MLP", n_chans=5, n_times=1, sfreq=None, hidden=[7])
    assert backbone(torch.randn(3, 5, 1)).shape == (3, 7)


def test_unknown_backbone_suggests_a_near_one():
    with pytest.raises(ConfigError, match="Did you mean 'EEGNet'"):
        make_backbone("EEGNett", 8, 256, 128)
    assert {"MLP", "EEGNet", "Deep4Net"} <= set(backbone_names())


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("SPDNet", True),
        ({"name": "SPDNet", "n_filters": 8}, True),
        ("EEGNet", False),
        (braindecode_models().Deep4Net, False),
        ("MLP", None),
        ("my_network:Mine", None),
        (nn.Linear(3, 3), None),
    ],
    ids=str,
)
def test_networks_on_covariances_are_told_from_networks_on_signals(spec, expected):
    assert reads_covariances(spec) is expected


def test_impossible_shape_names_the_model_and_the_shape():
    with pytest.raises(ConfigError, match="EEGNet cannot be built for n_chans=8, n_times=10"):
        make_backbone("EEGNet", 8, 10, 128)


def test_unknown_parameter_is_a_config_error():
    with pytest.raises(ConfigError, match="no_such_option"):
        make_backbone("ShallowFBCSPNet", 8, 256, 128, no_such_option=1)


def test_build_backbone_takes_names_with_their_parameters():
    built = build_backbone("EEGNet", {"F1": 4}, n_chans=8, n_times=256, sfreq=128)
    torch.manual_seed(0)
    one = build_backbone("EEGNet", {"F1": 4}, n_chans=8, n_times=256, sfreq=128)
    torch.manual_seed(0)
    other = make_backbone("EEGNet", 8, 256, 128, F1=4)
    assert built.n_features == other.n_features
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_class_of_braindecode_is_taken_by_its_name_and_loses_its_last_layer():
    models = braindecode_models()
    backbone = build_backbone(models.Deep4Net, n_chans=8, n_times=600, sfreq=125)
    assert backbone.n_features == make_backbone("Deep4Net", 8, 600, 125).n_features
    check_backbone(models.Deep4Net, {"n_filters_time": 10})
    with pytest.raises(ConfigError, match="each parameter of Deep4Net"):
        check_backbone(models.Deep4Net, {"n_filters": 10})


def test_a_subclass_of_a_braindecode_model_is_a_class_of_ones_own():
    class Narrow(braindecode_models().ShallowFBCSPNet):
        def __init__(self, n_chans, n_times, sfreq):
            super().__init__(n_chans, n_outputs=2, n_times=n_times, n_filters_spat=3)
            self.final_layer = nn.Identity()

    backbone = build_backbone(Narrow, n_chans=4, n_times=128)
    assert backbone.n_features % 3 == 0
    assert isinstance(backbone.body, Narrow)


@pytest.mark.parametrize("name", ["EEGNet", "MLP"])
def test_checking_a_name_builds_nothing(name, monkeypatch):
    def fail(*_, **__):
        raise AssertionError("a module was built")

    monkeypatch.setattr(nn.Module, "__init__", fail)
    check_backbone(name)


def test_a_model_without_a_last_layer_is_refused():
    class Headless(nn.Module):
        def __init__(self, n_chans, n_times, sfreq, n_outputs):
            super().__init__()

    models = braindecode_models()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "EEGNet", Headless)
        patch.setattr("bci_dann.models.backbones._SILENCING_ARGUMENTS", {})
        patch.setattr("bci_dann.models.backbones.backbone_names", lambda: ["EEGNet"])
        with pytest.raises(ConfigError, match="no `final_layer` to take off"):
            make_backbone("EEGNet", 3, 200, 64)


@pytest.mark.parametrize(
    ("code", "imported"),
    [
        ("import bci_dann.models, bci_dann.training", set()),
        (
            "from bci_dann.models import make_backbone\n"
            "make_backbone('MLP', n_chans=4, n_times=1, hidden=[3])",
            {"torch"},
        ),
    ],
)
def test_no_heavy_library_is_imported_before_it_is_needed(code, imported):
    code += (
        "\nimport sys; heavy = {'torch', 'braindecode', 'moabb', 'mne', 'sklearn', 'pandas'}"
        "\nprint(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == str(sorted(imported))
