"""Scores that a report shows: those of the records, whatever ``results.csv`` says."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from bci_dann.exceptions import ResultsError
from bci_dann.reporting.run_report.run_content import read_run


@pytest.fixture(scope="module")
def content(small_run):
    return read_run(small_run)


def test_scores_are_those_of_the_table(content, small_run):
    assert not content.is_recomputed
    table = pd.read_csv(small_run / "results.csv", dtype={"subject": str, "session": str})
    pd.testing.assert_frame_equal(content.results, table)
    assert content.results.attrs["n_classes"] == 2


@pytest.mark.parametrize("harm", ["missing", "stale", "short", "broken"])
def test_a_table_that_does_not_agree_with_the_records_is_not_used(
    write_run, content, small_run, tmp_path, harm
):
    run = write_run(tmp_path / "small")
    table = pd.read_csv(run / "results.csv")
    if harm == "stale":
        table.loc[3, "accuracy"] = 0.123
    if harm == "short":
        table = table.iloc[:-1]
    table.to_csv(run / "results.csv", index=False)
    if harm == "missing":
        (run / "results.csv").unlink()
    if harm == "broken":
        (run / "results.csv").write_text('a,b\n"half')
    found = read_run(run)
    assert found.is_recomputed
    order = ["pipeline", "protocol", "seed", "subject", "session"]
    expected = content.results.sort_values(order, ignore_index=True)
    pd.testing.assert_frame_equal(
        found.results.sort_values(order, ignore_index=True)[expected.columns], expected
    )


def test_groups_come_in_the_order_of_the_configuration(content):
    assert [group.protocol for group in content.groups] == [
        "train",
        "train_and_target_unlabeled_50p",
    ]


def test_the_simplest_pipeline_is_the_reference(content, write_run, tmp_path):
    assert {group.reference for group in content.groups} == {"csp_lda"}
    run = write_run(tmp_path / "run", ("ea_csp_lda", "source_only", "csp_lda"), n_subjects=3)
    assert {group.reference for group in read_run(run).groups} == {"source_only"}
    alone = write_run(tmp_path / "alone", ("ea_csp_lda",), n_subjects=3)
    assert {group.reference for group in read_run(alone).groups} == {None}


def test_a_pipeline_that_lacks_subjects_is_not_the_best(write_run, tmp_path):
    best = "ra_ts_logistic"
    run = write_run(tmp_path / "run", protocols=("train",), skipped=[(best, "1")])
    group = read_run(run).groups[0]
    assert group.accuracies.mean().idxmax() == best
    assert group.best_first[-1] == best


def test_the_reference_is_always_among_the_pipelines_that_are_shown(content):
    group = content.groups[0]
    assert group.best_first[-1] == "csp_lda"
    assert group.shown(2) == [group.best_first[0], "csp_lda"]
    assert group.shown(3) == group.best_first


def test_gains_are_differences_of_the_same_subject(content):
    group = content.groups[0]
    expected = group.accuracies["ea_csp_lda"] - group.accuracies["csp_lda"]
    np.testing.assert_allclose(group.gains["ea_csp_lda"], expected)
    mean = 100 * group.comparisons.set_index("pipeline").loc["ea_csp_lda", "difference"]
    assert mean == pytest.approx(expected.mean())


def test_records_of_other_code_are_counted_and_not_shown(write_run, tmp_path):
    run = write_run(tmp_path / "run", n_subjects=3, protocols=("train",))
    manifest = json.loads((run / "config.json").read_text())
    del manifest["pipelines"]["csp_lda"]
    (run / "config.json").write_text(json.dumps(manifest))
    content = read_run(run)
    assert content.completeness.n_others == 3
    assert set(content.results["pipeline"]) == {"ea_csp_lda", "ra_ts_logistic"}


def test_subjects_that_the_run_names_are_planned(write_run, tmp_path):
    run = write_run(tmp_path / "run", ("csp_lda",), n_subjects=3, protocols=("train",))
    manifest = json.loads((run / "config.json").read_text())
    manifest["subjects"] = ["1", "2", "3", "17"]
    (run / "config.json").write_text(json.dumps(manifest))
    (run / "account.csv").unlink()
    complete = read_run(run).completeness
    assert complete.n_planned == 4
    assert complete.missing["subject"].tolist() == ["17"]


def test_a_folder_of_regimes_is_no_single_run(tmp_path):
    (tmp_path / "regimes.csv").write_text("regime\n")
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "config.json").write_text("{}")
    with pytest.raises(ResultsError, match=r"several regimes: give the folder of a regime.*whole"):
        read_run(tmp_path)
