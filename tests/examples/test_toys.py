from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann._threads import limited_threads
from bci_dann.data.simulation.toy_vectors import BLOB_SHIFT, rotated_moons, shifted_blobs
from bci_dann.examples.toys import TOYS, target_accuracies


def runs(name: str, n_seeds: int) -> pd.DataFrame:
    with limited_threads(1):
        return pd.DataFrame([target_accuracies(TOYS[name], seed) for seed in range(n_seeds)])


@pytest.mark.slow
def test_blobs_over_ten_seeds():
    scores = runs("shifted blobs", 10)
    assert 0.5 <= scores.pop("source only").mean() <= 0.6
    assert scores["DANN"].min() >= 0.95
    # conditioning on wrong guesses may lock one seed in
    assert (scores.median() >= 0.95).all()


@pytest.mark.slow
def test_moons_over_ten_seeds():
    scores = runs("rotated moons", 10)
    plain = scores.pop("source only")
    assert (scores.mean() > plain.mean() - 0.02).all()
    assert scores["DANN"].mean() > plain.mean() + 0.05
    assert np.sum(scores["DANN"] > plain) >= 8


def test_blobs_are_moved_as_described():
    pair = shifted_blobs(4000, random_state=0)
    np.testing.assert_allclose(
        pair.X_target.mean(axis=0) - pair.X_source.mean(axis=0), BLOB_SHIFT, atol=0.02
    )


def test_moons_are_turned_by_the_angle():
    unturned, turned = rotated_moons(degrees=0), rotated_moons(degrees=90)
    centred = unturned.X_target - unturned.X_source.mean(axis=0)
    expected = np.stack([-centred[:, 1], centred[:, 0]], axis=1)
    np.testing.assert_allclose(
        turned.X_target - unturned.X_source.mean(axis=0), expected, atol=1e-9
    )
