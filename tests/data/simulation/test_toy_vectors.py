"""Toy vectors: the shift is the one that is documented."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from bci_dann.data.simulation.toy_vectors import (
    BLOB_SHIFT,
    BLOB_SPREAD,
    CLASS_DISTANCE,
    rotated_moons,
    shifted_blobs,
)


def arrays(pair):
    return [pair.X_source, pair.y_source, pair.X_target, pair.y_target]


@pytest.mark.parametrize("draw", [shifted_blobs, rotated_moons])
def test_draws_repeat_for_a_seed_and_differ_for_another(draw):
    first, again, other = (draw(random_state=seed) for seed in (1, 1, 2))
    for one, same in zip(arrays(first), arrays(again), strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.array_equal(first.X_source, other.X_source)


@pytest.mark.parametrize("draw", [shifted_blobs, rotated_moons])
def test_shapes_and_balance(draw):
    pair = draw(60, random_state=0)
    assert [a.shape for a in arrays(pair)] == [(60, 2), (60,), (60, 2), (60,)]
    for labels in (pair.y_source, pair.y_target):
        assert np.bincount(labels).tolist() == [30, 30]


@pytest.mark.parametrize("draw", [shifted_blobs, rotated_moons])
def test_source_and_target_are_other_draws(draw):
    pair = draw(random_state=0)
    assert not np.isin(pair.X_source.round(6), pair.X_target.round(6)).all()


def test_blobs_are_moved_as_described():
    pair = shifted_blobs(4000, random_state=0)
    np.testing.assert_allclose(
        pair.X_target.mean(axis=0) - pair.X_source.mean(axis=0), BLOB_SHIFT, atol=0.02
    )


def test_classes_of_blobs_lie_apart_along_the_first_axis():
    pair = shifted_blobs(4000, random_state=0)
    means = [pair.X_source[pair.y_source == label].mean(axis=0) for label in (0, 1)]
    np.testing.assert_allclose(means[1] - means[0], [CLASS_DISTANCE, 0], atol=0.03)
    spread = pair.X_source[pair.y_source == 0].std(axis=0)
    np.testing.assert_allclose(spread, BLOB_SPREAD, rtol=0.05)


def test_a_boundary_of_the_source_gives_the_target_to_one_class():
    pair = shifted_blobs(random_state=0)
    model = LogisticRegression().fit(pair.X_source[:, :1], pair.y_source)
    assert model.score(pair.X_source[:, :1], pair.y_source) > 0.99
    assert model.predict(pair.X_target[:, :1]).mean() > 0.9


def test_the_difference_of_the_axes_separates_the_classes_in_both_domains():
    pair = shifted_blobs(random_state=0)
    for X, y in ((pair.X_source, pair.y_source), (pair.X_target, pair.y_target)):
        assert ((X[:, 0] - X[:, 1] > CLASS_DISTANCE / 2) == y).mean() > 0.99


def test_moons_are_turned_by_the_angle():
    unturned, turned = rotated_moons(degrees=0), rotated_moons(degrees=90)
    centred = unturned.X_target - unturned.X_source.mean(axis=0)
    expected = np.stack([-centred[:, 1], centred[:, 0]], axis=1)
    np.testing.assert_allclose(
        turned.X_target - unturned.X_source.mean(axis=0), expected, atol=1e-9
    )


def test_the_default_angle_is_that_of_the_paper():
    default, explicit = rotated_moons(), rotated_moons(degrees=35.0)
    np.testing.assert_array_equal(default.X_target, explicit.X_target)
    np.testing.assert_array_equal(default.X_source, rotated_moons(degrees=10.0).X_source)


def test_a_generator_may_draw_blobs():
    generator = np.random.default_rng(0)
    first, second = (shifted_blobs(20, random_state=generator) for _ in range(2))
    assert not np.array_equal(first.X_source, second.X_source)
