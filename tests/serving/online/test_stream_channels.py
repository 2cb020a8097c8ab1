"""Channels of a stream: re-referenced as the recordings of training were."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.exceptions import DataError
from bci_dann.serving.online.stream_channels import StreamChannels

NAMES = ["M1", "Fp1", "C4", "C3", "A2"]


@pytest.fixture
def channels(causal_model):
    def make(reference, ch_names=NAMES):
        steps = causal_model.recipe.preprocessing.model_copy(
            update={"channels": ["C3", "C4"], "reference": reference}
        )
        return StreamChannels(
            causal_model.recipe.model_copy(update={"preprocessing": steps}), ch_names
        )

    return make


@pytest.mark.parametrize(
    ("reference", "subtracted"),
    [(None, []), ("average", [3, 2]), (["M1", "A2"], [0, 4]), (["C3"], [3])],
)
def test_the_reference_is_that_of_training(channels, reference, subtracted):
    chunk = np.random.default_rng(0).standard_normal((5, 20))
    one = channels(reference)
    result = one.referenced(one.picked(chunk))
    mean = chunk[subtracted].mean(axis=0) if subtracted else 0.0
    np.testing.assert_allclose(result, chunk[[3, 2]] - mean)


def test_a_reference_that_is_missing_is_named(channels):
    with pytest.raises(DataError, match=r"lacks the channels \['M2'\]"):
        channels(["M1", "M2"])
    assert channels(["M1", "A2"]).picked_names == ["C3", "C4", "M1", "A2"]
