"""Rankings: each mean, interval and rank is where it belongs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation import Ranks
from bci_dann.reporting.run_report.ranking_figures import (
    MAX_IN_DIAGRAM,
    draw_critical_difference,
    draw_means,
)


@pytest.fixture
def accuracies():
    return pd.DataFrame({"good": [80.0, 90.0, 85.0], "plain": [60.0, 70.0, np.nan]})


def test_means_and_intervals_are_drawn_in_the_order_of_the_table(accuracies):
    intervals = {"good": (82.0, 88.0), "plain": (61.0, 69.0)}
    ax = draw_means(accuracies, intervals, 55.0, "plain").axes[0]
    points = [line for line in ax.lines if line.get_marker() in "oD"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in points] == [(85, 0), (65, 1)]
    assert points[0].get_color() != points[1].get_color()
    assert points[0].get_marker() != points[1].get_marker()
    spans = [c.get_segments()[0] for c in ax.collections if hasattr(c, "get_segments")]
    assert [span[:, 0].tolist() for span in spans] == [[82.0, 88.0], [61.0, 69.0]]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["good", "plain (reference)"]
    assert ax.get_xlabel() == "accuracy on the target subject (%)"
    assert ax.get_title() == "N = 3 subjects"
    assert "65.0 (2 subjects)" in [text.get_text() for text in ax.texts]
    assert "chance, 5 %: 55.0" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_one_subject_has_a_mean_and_no_interval():
    one = pd.DataFrame({"plain": [60.0]})
    ax = draw_means(one, {"plain": (np.nan, np.nan)}, np.nan, None).axes[0]
    assert not [c for c in ax.collections if hasattr(c, "get_segments")]
    assert ax.get_legend() is None


def ranks_of(names):
    table = pd.Series(np.linspace(1, len(names), len(names)), index=names)
    square = np.where(np.eye(len(names)) > 0, 1.0, 0.001)
    square[0, 1] = square[1, 0] = 0.5
    return Ranks(table, pd.DataFrame(square, index=names, columns=names), 0.01, 12)


def test_pipelines_that_cannot_be_told_apart_are_joined():
    figure, n_shown = draw_critical_difference(ranks_of(["a", "b", "c", "d"]))
    assert n_shown == 4
    ax = figure.axes[0]
    level = [
        line
        for line in ax.lines
        if np.ptp(line.get_ydata()) == 0 and sorted(line.get_xdata()) == [1.0, 2.0]
    ]
    assert level
    assert "N = 12 subjects" in ax.get_title()
    assert any("a (1.00)" in text.get_text() for text in ax.texts)


def test_a_diagram_of_many_pipelines_shows_the_best():
    names = [f"p{index:02d}" for index in range(30)]
    figure, n_shown = draw_critical_difference(ranks_of(names))
    assert n_shown == MAX_IN_DIAGRAM
    text = " ".join(text.get_text() for text in figure.axes[0].texts)
    assert "p00" in text
    assert "p25" not in text
