"""The picture of risk-coverage curves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.reporting import draw_risk_coverage, write_risk_coverage_figure


@pytest.fixture
def table():
    coverage = np.arange(1, 21) / 20
    curves = [
        pd.DataFrame(
            {
                "pipeline": pipeline,
                "protocol": protocol,
                "n_subjects": 9,
                "coverage": coverage,
                "error": (20 + place) * coverage,
                "aurc": 10.0 + place,
            }
        )
        for protocol in ("train", "online")
        for place, pipeline in enumerate(("one", "two"))
    ]
    return pd.concat(curves, ignore_index=True)


def test_one_panel_a_protocol_and_one_line_a_pipeline(table):
    axes = draw_risk_coverage(table).axes
    assert [ax.get_title() for ax in axes] == [
        "train (N = 9 subjects)",
        "online (N = 9 subjects)",
    ]
    for ax in axes:
        names = [line.get_label() for line in ax.lines]
        assert names == ["one (area 10.0)", "two (area 11.0)"]
        np.testing.assert_allclose(ax.lines[0].get_xdata(), 5 * np.arange(1, 21))
        np.testing.assert_allclose(ax.lines[1].get_ydata(), 21 * np.arange(1, 21) / 20)
        assert ax.get_ylim()[0] == 0


def test_lines_differ_without_colour(table):
    (ax, _) = draw_risk_coverage(table).axes
    assert len({line.get_marker() for line in ax.lines}) == 2


def test_a_pipeline_that_lacks_a_protocol_has_no_line_there(table):
    table = table[(table["pipeline"] == "one") | (table["protocol"] == "train")]
    assert [len(ax.lines) for ax in draw_risk_coverage(table).axes] == [2, 1]


def test_it_is_written_as_png(table, tmp_path):
    path = write_risk_coverage_figure(table, tmp_path / "curves.png")
    assert path.read_bytes().startswith(b"\x89PNG")
