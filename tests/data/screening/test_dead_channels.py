"""A channel is dead where it fails in more than half of the trials, in any way."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data.screening.dead_channels import dead_channels

NAMES = ["C3", "Cz", "C4"]


@pytest.fixture
def trials():
    return 1e-5 * np.random.default_rng(0).standard_normal((10, 3, 200))


def test_noise_is_alive(trials):
    assert dead_channels(trials, NAMES, 1e6) == {}
    assert dead_channels([], NAMES, 1e6) == {}


@pytest.mark.parametrize(("value", "reason"), [(1e-3, "flat"), (np.nan, "samples are missing")])
def test_a_channel_is_dead_where_most_trials_fail(trials, value, reason):
    trials[:5, 1] = value
    assert dead_channels(trials, NAMES, 1e6) == {}
    trials[5, 1] = value
    assert dead_channels(trials, NAMES, 1e6) == {"Cz": reason}


def test_failures_of_several_kinds_add_up(trials):
    trials[:3, 2] = 0.0
    trials[3:7, 2, 0] = np.inf
    assert dead_channels(trials, NAMES, 1e6) == {"C4": "samples are missing"}
