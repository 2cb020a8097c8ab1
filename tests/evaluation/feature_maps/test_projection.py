"""Trials at equal distances, and the directions in which points differ most."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.evaluation.feature_maps.projection import principal_components, spread_rows


def test_rows_are_spread_over_each_group():
    groups = np.array(["b"] * 5 + ["a"] * 2 + ["b"] * 4)
    rows = spread_rows(groups, 3)
    assert list(rows) == ["b", "a"]
    assert rows["b"].tolist() == [0, 4, 10]
    assert rows["a"].tolist() == [5, 6]


def test_components_are_the_directions_of_the_largest_variance():
    rng = np.random.default_rng(0)
    vectors = (rng.standard_normal((200, 4)) * [1, 10, 0.1, 3]).astype(np.float32)
    points, explained = principal_components(vectors)
    assert points.shape == (200, 2)
    for component, feature in enumerate((1, 3)):
        r = np.corrcoef(points[:, component], vectors[:, feature])[0, 1]
        assert abs(r) > 0.99
    variances = vectors.var(axis=0)
    np.testing.assert_allclose(explained, variances[[1, 3]] / variances.sum(), rtol=0.01)


def test_a_single_feature_has_a_second_component_of_zeros():
    points, explained = principal_components(np.float32([[1], [2], [4]]))
    assert points[:, 1].tolist() == pytest.approx([0, 0, 0])
    assert explained.tolist() == pytest.approx([1, 0])
