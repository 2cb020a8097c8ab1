"""The picture of regimes by pipelines."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest

from bci_dann.reporting import draw_regimes, write_regime_figure


def lines_of(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def test_each_regime_is_a_row_and_the_first_is_on_top(draw_regimes_table):
    (ax,) = draw_regimes(draw_regimes_table(held_out=(2,))).axes
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["situation_00", "situation_01", "situation_02 (held out)"]
    assert ax.get_ylim() == (2.5, -0.5)


def test_dots_are_the_differences(draw_regimes_table):
    table = draw_regimes_table()
    (ax,) = draw_regimes(table).axes
    own = table[table["pipeline"] == "newer"]
    line = lines_of(ax)["newer"]
    np.testing.assert_array_equal(line.get_xdata(), own["accuracy_difference"])
    np.testing.assert_array_equal(line.get_ydata(), [0, 1, 2])


def test_there_is_a_line_at_zero(draw_regimes_table):
    (ax,) = draw_regimes(draw_regimes_table()).axes
    assert any(list(line.get_xdata()) == [0, 0] for line in ax.lines)


def test_marks_differ_without_colour_and_baselines_are_hollow(draw_regimes_table):
    names = tuple(f"method_{index}" for index in range(9))
    (ax,) = draw_regimes(draw_regimes_table(pipelines=names)).axes
    lines = lines_of(ax)
    marks = {(lines[name].get_color(), lines[name].get_marker()) for name in names}
    assert len(marks) == 9
    assert len({lines[name].get_marker() for name in names[:7]}) == 7
    for name in ("old (baseline)", "older (baseline)"):
        assert lines[name].get_fillstyle() == "none"
    assert lines["old (baseline)"].get_marker() != lines["older (baseline)"].get_marker()


def test_protocols_are_panels_of_the_same_rows(draw_regimes_table):
    axes = draw_regimes(draw_regimes_table(protocols=("train", "online"))).axes
    size = "N = 3 regimes of 9 subjects"
    assert [ax.get_title() for ax in axes] == [f"train, {size}", f"online, {size}"]
    assert axes[0].get_ylim() == axes[1].get_ylim()


@pytest.mark.parametrize("n_regimes", [1, 45])
def test_rows_keep_apart_however_many_there_are(draw_regimes_table, n_regimes):
    figure = draw_regimes(draw_regimes_table(n_regimes=n_regimes))
    figure.canvas.draw()
    (ax,) = figure.axes
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert all(high.y0 >= low.y1 for high, low in itertools.pairwise(boxes))
    assert min(box.x0 for box in boxes) >= 0


def test_the_file_is_a_png(draw_regimes_table, tmp_path):
    path = write_regime_figure(draw_regimes_table(), tmp_path / "regimes.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [one.name for one in tmp_path.iterdir()] == ["regimes.png"]


def test_nothing_finished_is_an_empty_picture(draw_regimes_table, tmp_path):
    write_regime_figure(draw_regimes_table().iloc[:0], tmp_path / "regimes.png")


def test_pyplot_is_not_imported():
    code = "import sys, bci_dann.reporting.regime_figure; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
