"""The table of regimes by pipelines in the terminal."""

from __future__ import annotations

import io

import numpy as np
from rich.console import Console

from bci_dann.reporting import regime_tables
from bci_dann.reporting.regime_report import compared_pipelines


def printed(table, width=120):
    console = Console(file=io.StringIO(), width=width)
    for one in regime_tables(table):
        console.print(one)
    return console.file.getvalue()


def row_of(text, name):
    return next(line for line in text.splitlines() if name in line)


def test_a_row_has_the_best_baseline_and_the_differences(draw_regimes_table):
    table = draw_regimes_table(pipelines=("new",))
    table.loc[0, ["accuracy_difference", "roc_auc_difference"]] = [3.25, -0.0125]
    text = printed(table)
    row = row_of(text, "situation_00")
    assert "old 71.2 0.812" in row
    assert "+3.2 -0.013" in row or "+3.2 -0.012" in row
    assert "older" not in text  # baselines have no columns of their own


def test_the_last_rows_are_the_worst_and_the_mean(draw_regimes_table):
    table = draw_regimes_table(n_regimes=2, pipelines=("new",))
    own = table["pipeline"] == "new"
    table.loc[own, "accuracy_difference"] = [5.0, -2.0]
    table.loc[own, "roc_auc_difference"] = [-0.05, 0.01]
    text = printed(table)
    assert "-2.0 -0.050" in row_of(text, "│ worst")
    assert "+1.5 -0.020" in row_of(text, "│ mean")


def test_each_protocol_has_a_table_and_the_last_explains(draw_regimes_table):
    tables = regime_tables(draw_regimes_table(protocols=("train", "online")))
    assert [one.title for one in tables] == [
        "Regimes by pipelines: train",
        "Regimes by pipelines: online",
    ]
    assert tables[0].caption is None
    assert "best baseline" in tables[1].caption


def test_held_out_regimes_are_marked(draw_regimes_table):
    text = printed(draw_regimes_table(held_out=(1,)))
    assert "situation_01 (held out)" in text
    assert "situation_00 (held out)" not in text


def test_the_best_pipeline_comes_first_and_baselines_stand_alone_where_there_is_no_other(
    draw_regimes_table,
):
    table = draw_regimes_table()
    table.loc[table["pipeline"] == "newer", "accuracy_difference"] = 50.0
    assert compared_pipelines(table) == ["newer", "new"]
    assert set(compared_pipelines(draw_regimes_table(pipelines=()))) == {"old", "older"}


def test_what_is_missing_is_a_dash(draw_regimes_table):
    table = draw_regimes_table()
    gone = (table["pipeline"] == "new") & (table["regime"] == "situation_01")
    table = table[~gone]
    table.loc[table["regime"] == "situation_02", "roc_auc_difference"] = np.nan
    text = printed(table)
    assert "–" in row_of(text, "situation_01")
    assert "–" in row_of(text, "situation_02")
    assert "nan" not in text


def test_nothing_finished_prints_nothing(draw_regimes_table):
    assert regime_tables(draw_regimes_table().iloc[:0]) == []
