"""Channels of a stream: re-referenced as the recordings of training were."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.exceptions import DataError
from bci_dann.serving.online.stream_channels import StreamChannels

NAMES = ["M1", "Fp1", "C4", "C3", "A2"]


@pytest.fixture
def channels(causal_model):
    def make(reference, ch_names=NAMES, rename=None):
        steps = causal_model.recipe.preprocessing.model_copy(
            update={"channels": ["C3", "C4"], "reference": reference}
        )
        return StreamChannels(
            causal_model.recipe.model_copy(update={"preprocessing": steps}), ch_names, rename
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


def test_a_renamed_channel_must_not_have_the_name_of_another_one(channels):
    """The first of both was decoded, which may be the one that the user has replaced."""
    with pytest.raises(DataError, match=r"names \['C3'\] after renaming"):
        channels(None, [*NAMES, "X1"], {"X1": "C3"})
    exchanged = channels(None, [*NAMES, "X1"], {"X1": "C3", "C3": "X1"})
    assert exchanged.picked(np.arange(6.0)[:, None])[:, 0].tolist() == [5.0, 2.0]
