"""Figures as files: names with signs of formulas are shown as they are."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from bci_dann.reporting.figure_file import figure_bytes, write_png


@pytest.mark.parametrize("form", ["png", "svg"])
def test_a_dollar_in_a_name_is_no_formula(form):
    figure = Figure()
    ax = figure.subplots()
    ax.plot([1, 2], [3, 4], label="$x_$y")
    ax.set_yticks([3, 4], ["$a_$b", "$^$"])
    ax.set(title="$_$", xscale="log")
    ax.legend()
    for _ in range(2):  # the second time, the axis has the numbers that the first one wrote
        assert len(figure_bytes(figure, form)) > 1000


def test_the_file_is_a_picture(tmp_path):
    path = write_png(Figure(figsize=(1, 1)), tmp_path / "figure.png")
    assert path.read_bytes().startswith(b"\x89PNG")
