"""The warning of weights that were trained before: given for those that no seed changes."""

from __future__ import annotations

import sys
import types
import warnings

import pytest
import torch
from torch import nn

from bci_dann.evaluation import run_benchmark
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.pretrained_weights import warn_of_given_weights
from bci_dann.exceptions import BCIDannWarning


class Fresh(nn.Module):
    def __init__(self, n_chans, n_times, sfreq, scale=1.0):
        super().__init__()
        self.mixing = nn.Conv1d(n_chans, 4, 1)
        self.norm, self.scale = nn.BatchNorm1d(4), scale

    def forward(self, X):
        return self.norm(self.scale * self.mixing(X)).square().mean(2)


class Pretrained(Fresh):
    def __init__(self, n_chans, n_times, sfreq, scale=1.0):
        super().__init__(n_chans, n_times, sfreq, scale)
        generator = torch.Generator().manual_seed(0)
        self.mixing.weight.data = torch.randn(self.mixing.weight.shape, generator=generator)


class Broken(nn.Module):
    def __init__(self, n_chans, n_times, sfreq):
        raise OSError("no file of weights")


@pytest.fixture
def own(monkeypatch):
    module = types.ModuleType("my_backbones")
    module.Fresh, module.Pretrained, module.Broken = Fresh, Pretrained, Broken
    monkeypatch.setitem(sys.modules, "my_backbones", module)


def network(backbone):
    step = {"name": "SourceOnlyClassifier", "from": "bci_dann.estimators"}
    return PipelineSpec("mine", ({**step, "parameters": {"backbone": backbone}},))


def ensemble(backbone):
    members = [[{"name": "RiemannianClassifier"}, 1.0], [{"name": "DANN", "backbone": backbone}, 1]]
    step = {"name": "EnsembleClassifier", "from": "bci_dann.estimators"}
    return PipelineSpec("mine", ({**step, "parameters": {"members": members}},))


@pytest.mark.parametrize("pipeline", [network, ensemble])
@pytest.mark.parametrize(
    "backbone", ["my_backbones:Pretrained", {"name": "my_backbones:Pretrained", "scale": 2.0}]
)
def test_given_weights_are_told_of(own, trials, pipeline, backbone):
    with pytest.warns(BCIDannWarning, match=r"pipeline mine: .* subjects of Cho2017 took part"):
        warn_of_given_weights([pipeline(backbone)], trials, "Cho2017")


@pytest.mark.parametrize("backbone", ["my_backbones:Fresh", "my_backbones:Broken", "EEGNet", None])
def test_weights_that_are_drawn_are_not(own, trials, backbone):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_given_weights([network(backbone)], trials, "Cho2017")


def test_a_run_warns_once_and_not_where_all_is_done(own, config, write_pipeline, tmp_path):
    parameters = {"backbone": "my_backbones:Pretrained", "max_epochs": 1}
    step = {"name": "SourceOnlyClassifier", "from": "bci_dann.estimators"}
    path = write_pipeline("mine", {**step, "parameters": parameters})
    content = {**config, "pipelines": [str(path)]}
    with pytest.warns(BCIDannWarning, match="starts from given weights") as caught:
        run_benchmark(content, tmp_path / "out", progress=False)
    assert sum("given weights" in str(one.message) for one in caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run_benchmark(content, tmp_path / "out", progress=False)
