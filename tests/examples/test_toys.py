from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data.toys import BLOB_SHIFT, rotated_moons, shifted_blobs
from bci_dann.evaluation.execution import limited_threads
from bci_dann.examples.toys import TOYS, target_accuracies


def runs(name: str, n_seeds: int) -> tuple[np.ndarray, np.ndarray]:
    with limited_threads(1):
        found = np.array([target_accuracies(TOYS[name], seed) for seed in range(n_seeds)])
    return found[:, 0], found[:, 1]


@pytest.mark.slow
def test_blobs_over_ten_seeds():
    plain, dann = runs("shifted blobs", 10)
    assert 0.5 <= plain.mean() <= 0.6
    assert dann.min() >= 0.95


@pytest.mark.slow
def test_moons_over_ten_seeds():
    plain, dann = runs("rotated moons", 10)
    assert dann.mean() > plain.mean() + 0.05
    assert np.sum(dann > plain) >= 8


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
