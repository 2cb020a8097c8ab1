from __future__ import annotations

import numpy as np
import pytest

from bci_dann.exceptions import ConfigError, DataError
from bci_dann.reweighting import effective_sample_size, top_share


def test_effective_sample_size_of_known_weights():
    assert effective_sample_size([1, 1, 1, 1]) == 4
    assert effective_sample_size([5, 0, 0, 0]) == 1
    assert effective_sample_size([0, 0]) == 0
    assert effective_sample_size([3, 1]) == pytest.approx(16 / 10)


@pytest.mark.parametrize(
    ("weights", "share", "expected"),
    [
        (np.ones(300), 0.01, 0.01),  # 3 of 300, whatever 0.01 is in binary
        (np.ones(300), 1, 1.0),
        ([97, 1, 1, 1], 0.25, 0.97),
        ([97, 1, 1, 1], 0.01, 0.97),  # at least one trial
        ([0, 0, 5, 0], 0.01, 1.0),
        (np.arange(1, 201), 0.01, (199 + 200) / 20100),
    ],
)
def test_top_share_of_known_weights(weights, share, expected):
    assert top_share(weights, share) == pytest.approx(expected)


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [1, np.nan], [np.inf, 1]])
def test_weights_that_have_no_share(weights):
    with pytest.raises(DataError, match="finite, not negative, and not all zero"):
        top_share(weights)


def test_a_share_outside_its_range():
    with pytest.raises(ConfigError, match="share"):
        top_share([1, 1], 0)


def test_effective_sample_size_does_not_depend_on_the_scale_of_weights():
    weights = np.random.default_rng(0).exponential(size=500)
    size = effective_sample_size(weights)
    assert effective_sample_size(1000 * weights) == pytest.approx(size)
    assert size == pytest.approx(250, rel=0.15)  # exponential weights: E[w]^2 / E[w^2] = 1 / 2


def test_the_message_counts_the_weights():
    with pytest.raises(DataError, match="got 3, of them 1 above 0"):
        top_share([0, 5, -1])
