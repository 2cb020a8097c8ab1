from __future__ import annotations

import numpy as np
import pytest

from bci_dann.exceptions import ConfigError, DataError
from bci_dann.reweighting import top_share


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
