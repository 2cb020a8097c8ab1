"""When the faster order of layers is used, and what the log says when it is not."""

from __future__ import annotations

import logging
from collections import OrderedDict

import pytest
import torch
from torch import nn

from bci_dann.models.fast.body import FastBody


class Doubled(nn.Sequential):
    """A model whose layers give twice the input."""

    def __init__(self):
        super().__init__(OrderedDict(scale=nn.Conv1d(2, 2, 1, groups=2, bias=False)))
        nn.init.constant_(self.scale.weight, 2.0)


class FastDoubled(FastBody):
    """Its equivalent, which marks its results by an offset so that a test can tell."""

    def transform_trials(self, X):
        return (2.0 * X,)

    def forward_fast(self, trials):
        return trials[0] + 100.0

    def reason_not_covered(self, X):
        return "three trials" if len(X) == 3 else None


@pytest.fixture
def body():
    return FastDoubled(Doubled())


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.INFO, logger="bci_dann")
    return lambda: [record.getMessage() for record in caplog.records]


def is_fast(output: torch.Tensor) -> bool:
    return bool(output.min() > 50)


def test_layers_and_keys_are_those_of_the_model(body):
    assert list(body.state_dict()) == ["scale.weight"]
    model = Doubled()
    assert FastDoubled(model).scale is model.scale


def test_trials_may_be_prepared_or_not(body, logged):
    X = torch.rand(2, 2, 5)
    assert torch.equal(body(X), 2 * X + 100)
    assert torch.equal(body(body.prepare(X)), 2 * X + 100)
    assert logged() == []


def test_where_it_does_not_apply_the_layers_run_and_the_log_says_why_once(body, logged):
    X = torch.rand(3, 2, 5)
    assert torch.equal(body(X), 2 * X)
    assert body.prepare(X) is X
    assert logged() == ["Doubled runs braindecode's own layers: three trials."]


@pytest.mark.parametrize(
    ("X", "reason"),
    [
        (torch.rand(2, 2, 5).bfloat16(), "type torch.bfloat16"),
        (torch.rand(2, 5), r"input of shape (5,)"),
        (torch.rand(2, 2, 5).requires_grad_(), "gradients with respect to the signals"),
    ],
)
def test_inputs_that_no_model_covers(body, logged, X, reason):
    assert not is_fast(body.to(X.dtype)(X))
    assert reason in logged()[0]


def test_gradients_of_the_signals_are_no_reason_where_none_are_taken(body):
    with torch.no_grad():
        assert is_fast(body(torch.rand(2, 2, 5).requires_grad_()))


def test_it_can_be_switched_off(body, logged):
    body.fast = False
    assert not is_fast(body(torch.rand(2, 2, 5)))
    assert "asked for layer by layer" in logged()[0]


def test_a_subclass_must_say_how_it_computes():
    with pytest.raises(TypeError, match="forward_fast"):
        FastBody(Doubled())
