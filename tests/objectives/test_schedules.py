"""Schedules against their formulas, for numbers and for tensors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from bci_dann.components import built_in_names, resolve
from bci_dann.exceptions import ConfigError
from bci_dann.objectives import ganin_schedule
from bci_dann.objectives.schedules import Constant, Ganin, Linear

PROGRESS = np.linspace(0, 1, 21)


@pytest.mark.parametrize(
    ("schedule", "formula"),
    [
        (Constant(), lambda p: 1.0),
        (Ganin(), lambda p: 2 / (1 + math.exp(-10 * p)) - 1),
        (Ganin(gamma=3.0), lambda p: 2 / (1 + math.exp(-3 * p)) - 1),
        (Ganin(gamma=0.0), lambda p: 0.0),
        (Linear(), lambda p: p),
        (Linear(until=0.25), lambda p: min(4 * p, 1.0)),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),  # not an address in memory
)
def test_a_schedule_is_its_formula(schedule, formula):
    expected = [formula(p) for p in PROGRESS]
    np.testing.assert_allclose([schedule(p) for p in PROGRESS], expected, rtol=1e-12, atol=1e-15)
    # a captured step hands over a tensor, which must stay one and may not be read
    tensors = [schedule(torch.tensor(p)) for p in PROGRESS]
    np.testing.assert_allclose([float(one) for one in tensors], expected, rtol=1e-12, atol=1e-15)
    if not isinstance(schedule, Constant):
        assert all(isinstance(one, torch.Tensor) and one.ndim == 0 for one in tensors)


@pytest.mark.parametrize("name", built_in_names("schedule"))
def test_a_weight_never_falls_and_never_exceeds_its_full_value(name):
    values = [resolve("schedule", name)(p) for p in PROGRESS]
    assert (np.diff(values) >= 0).all()
    assert values[0] >= 0
    assert values[-1] <= 1


def test_gradients_do_not_flow_into_the_progress_of_others():
    progress = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    ganin_schedule(progress, 10.0).backward()
    p = math.exp(-3.0)
    assert progress.grad.item() == pytest.approx(2 * 10 * p / (1 + p) ** 2)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Linear(until=0.0), "until must be a number above 0"),
        (lambda: Linear(until=1.1), "until must be a number above 0"),
        (lambda: Linear(until="half"), "until must be a number above 0"),
        (lambda: Ganin(gamma=-1.0), "gamma must be a number at least 0"),
        (lambda: Ganin(gamma=math.inf), "gamma must be a number at least 0"),
    ],
)
def test_parameters_that_cannot_be(build, message):
    with pytest.raises(ConfigError, match=message):
        build()


def test_the_end_of_a_rise_may_be_the_end_of_training():
    assert Linear(until=1.0)(1.0) == 1.0


def test_schedules_of_equal_parameters_are_equal():
    """Networks that are trained in one stack must have equal ones, which their text says."""
    assert Linear(0.5) == Linear(until=0.5)
    assert repr(Linear(0.5)) == repr(Linear(until=0.5)) != repr(Linear())
    assert Ganin() != Linear()
