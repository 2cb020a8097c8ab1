"""Published tables carry the commands that computed them, and are read back as written."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation import run_benchmark, run_regimes
from bci_dann.evaluation.runs.invocations import Invocation
from bci_dann.exceptions import ConfigError, ResultsError
from bci_dann.reporting import PublishedTable, publish, read_published
from bci_dann.reporting.run_report.run_content import read_run

RUN = {
    "name": "tiny",
    "data": {
        "dataset": "SimulatedMI",
        "params": {"n_subjects": 3, "n_trials": 12, "n_sessions": 1, "random_state": 0},
    },
    "preprocessing": {"band": [8, 30], "window": [0.5, 2.5], "resample": 64},
    "pipelines": ["csp_lda", "ea_csp_lda"],
    "protocols": ["train_and_target_unlabeled_full"],
    "seeds": [0],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("published") / "run"
    run_benchmark(RUN, out, progress=False)
    return out


def test_the_table_of_a_run_comes_back_with_its_command(folder, tmp_path):
    table = publish(folder, "Three simulated subjects", reference="csp_lda")
    table.write(tmp_path / "table.csv")
    again = read_published(tmp_path / "table.csv")
    assert again.note == "Three simulated subjects"
    assert again.invocations == table.invocations
    assert len(again.invocations) == 1
    assert again.rows["n_subjects"].tolist() == [3, 3]
    pd.testing.assert_frame_equal(again.rows, table.rows, rtol=1e-5, check_dtype=False)
    assert 50 < again.rows["chance"].iloc[0] < 100


def test_accuracy_over_trials_is_published_with_the_command(folder):
    table = publish(folder, "Over trials", over_trials=True)
    bins = table.rows[["pipeline", "first_trial", "last_trial", "n_trials"]].values.tolist()
    assert bins == [
        [name, first, first + 19, trials]
        for name in ("csp_lda", "ea_csp_lda")
        for first, trials in ((1, 60), (21, 12))
    ]
    assert table.invocations == publish(folder, "Summary").invocations


def test_gains_are_those_of_the_report_if_no_pipeline_is_a_simple_one(tmp_path):
    run_benchmark({**RUN, "pipelines": ["rts_im", "ea_ts_logistic"]}, tmp_path, progress=False)
    gains = publish(tmp_path, "Not simple").rows.set_index("pipeline")["gain"]
    assert gains.isna().to_dict() == {"rts_im": True, "ea_ts_logistic": False}
    assert [group.reference for group in read_run(tmp_path).groups] == ["rts_im"]


def test_a_table_without_its_records_is_refused(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "records")
    with pytest.raises(ResultsError, match="none of its records"):
        publish(tmp_path / "run", "Without records")


def test_a_second_run_without_new_tasks_adds_no_command(folder):
    run_benchmark(RUN, folder, progress=False)
    assert len(publish(folder, "again").invocations) == 1


def test_plain_pandas_reads_the_file(folder, tmp_path):
    publish(folder, "note").write(tmp_path / "table.csv")
    rows = pd.read_csv(tmp_path / "table.csv", comment="#")
    assert set(rows["pipeline"]) == {"csp_lda", "ea_csp_lda"}


def test_several_commands_keep_their_order(tmp_path):
    commands = [
        Invocation(f"2026-01-0{i}", f"bci-dann run {i}", "abc", "one core", {"torch": "2.13+cpu"})
        for i in (1, 2)
    ]
    PublishedTable(pd.DataFrame({"x": [0.1]}), "note: with a colon", commands).write(
        tmp_path / "t.csv"
    )
    again = read_published(tmp_path / "t.csv")
    assert (again.note, again.invocations) == ("note: with a colon", commands)


def test_a_folder_of_an_earlier_version_is_refused(folder, tmp_path):
    (tmp_path / "results.csv").write_bytes((folder / "results.csv").read_bytes())
    with pytest.raises(ResultsError, match=r"no invocations\.json.*run again"):
        publish(tmp_path, "note")


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), ("dataset,pipeline\n", "is empty: no task")],
)
def test_a_folder_without_results_is_refused(tmp_path, content, message):
    one = {"date": "", "command": "bci-dann run", "commit": "", "machine": "", "versions": {}}
    (tmp_path / "invocations.json").write_text(json.dumps([one]))
    if content is not None:
        (tmp_path / "results.csv").write_text(content)
    with pytest.raises(ResultsError, match=message):
        publish(tmp_path, "note")


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "# commit: x\na\n1\n"])
def test_a_file_without_provenance_is_refused(tmp_path, content):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(ResultsError, match="no published table"):
        read_published(tmp_path / "t.csv")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ResultsError, match=r"nothing\.csv cannot be read"):
        read_published(tmp_path / "nothing.csv")


@pytest.fixture(scope="module")
def regimes_folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("published") / "regimes"
    regimes = {"whole": {}, "few_trials": {"n_trials": 12}}
    run_regimes({**RUN, "regimes": regimes, "baselines": ["csp_lda"]}, out, progress=False)
    return out


def test_a_folder_of_regimes_is_published_with_each_command_once(regimes_folder, tmp_path):
    table = publish(regimes_folder, "Two regimes")
    names = ["whole", "few_trials", "worst", "mean"]
    assert table.rows["regime"].tolist() == [name for name in names for _ in range(2)]
    differences = table.rows.set_index(["regime", "pipeline"])["accuracy_difference"]
    assert differences["worst", "ea_csp_lda"] == differences[names[:2]][:, "ea_csp_lda"].min()
    assert len(table.invocations) == 1
    table.write(tmp_path / "table.csv")
    again = read_published(tmp_path / "table.csv")
    pd.testing.assert_frame_equal(again.rows, table.rows, rtol=1e-5, check_dtype=False)
    assert again.invocations == table.invocations


def test_other_regimes_are_joined_from_a_published_table(regimes_folder, tmp_path):
    both = publish(regimes_folder, "Two regimes")
    few = both.rows["regime"] == "few_trials"
    former = both.rows.assign(accuracy=both.rows["accuracy"].mask(~few, 0.0))
    former.loc[few, "regime"] = "world_000"
    path = tmp_path / "former.csv"
    PublishedTable(former, "Former", [replace(both.invocations[0], command="earlier")]).write(path)
    joined = publish(regimes_folder, "Three regimes", join=path)
    names = ["world_000", "whole", "few_trials", "worst", "mean"]
    assert joined.rows["regime"].unique().tolist() == names
    assert (joined.rows["accuracy"].dropna() > 0).all()  # "whole" is that of the folder
    assert joined.rows.set_index("regime").loc["mean", "n_regimes"].tolist() == [3, 3]
    assert {one.command for one in joined.invocations} > {"earlier"}


def test_a_pipeline_that_was_run_again_is_compared_with_published_baselines(
    regimes_folder, tmp_path
):
    both = publish(regimes_folder, "Two regimes")
    both.write(tmp_path / "both.csv")
    folder = shutil.copytree(regimes_folder, tmp_path / "again")
    table = pd.read_csv(folder / "regimes.csv")
    alone = table[~table["is_baseline"]].assign(
        accuracy=lambda rows: rows["accuracy"] + 2, best_baseline="", baseline_accuracy=np.nan
    )
    assert 0 < len(alone) < len(table)
    alone.to_csv(folder / "regimes.csv", index=False)
    keys = ["regime", "pipeline", "protocol"]
    before, after = (
        one.rows[one.rows["accuracy"].notna()].set_index(keys)
        for one in (both, publish(folder, "One pipeline", join=tmp_path / "both.csv"))
    )
    assert sorted(before.index) == sorted(after.index)
    changes = (after["accuracy_difference"] - before["accuracy_difference"])[before.index]
    np.testing.assert_allclose(changes, np.where(before["is_baseline"], 0, 2), atol=1e-3)
    assert after["best_baseline"][before.index].equals(before["best_baseline"])


def test_a_table_that_is_none_of_regimes_is_not_joined(folder, regimes_folder, tmp_path):
    publish(folder, "A run").write(tmp_path / "run.csv")
    with pytest.raises(ResultsError, match="is none of regimes"):
        publish(regimes_folder, "Regimes", join=tmp_path / "run.csv")
    with pytest.raises(ConfigError, match="regime by regime"):
        publish(folder, "A run", join=tmp_path / "run.csv")


def test_one_regime_of_them_is_published_as_any_run(regimes_folder):
    rows = publish(regimes_folder / "whole", "One of them", reference="csp_lda").rows
    assert rows["n_subjects"].tolist() == [3, 3]


def test_another_reference_than_the_baselines_is_refused(regimes_folder):
    with pytest.raises(ConfigError, match="leave --reference and --over-trials out"):
        publish(regimes_folder, "Two regimes", reference="csp_lda")


def test_regimes_of_which_none_is_finished_are_refused(tmp_path):
    (tmp_path / "regimes.csv").write_text("regime,pipeline\n")
    with pytest.raises(ResultsError, match="no regime has been finished"):
        publish(tmp_path, "nothing")


def test_a_note_of_several_lines_is_written_in_one(folder, tmp_path):
    publish(folder, "two lines\nof note").write(tmp_path / "table.csv")
    again = read_published(tmp_path / "table.csv")
    assert again.note == "two lines of note"
    assert len(again.rows) == 2


def test_subjects_with_names_of_missing_values_count(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "run")
    table = pd.read_csv(copy / "results.csv", dtype={"subject": str})
    table["subject"] = table["subject"].replace({"1": "NA", "2": "None", "3": "1e5"})
    table.to_csv(copy / "results.csv", index=False)
    assert publish(copy, "Names").rows["n_subjects"].tolist() == [3, 3]


def test_regimes_may_be_called_by_numbers(tmp_path):
    regimes = {"12": {"n_trials": 12}, "NA": {}}
    out = tmp_path / "regimes"
    run_regimes({**RUN, "regimes": regimes, "baselines": ["csp_lda"]}, out, progress=False)
    rows = publish(out, "Names").rows
    assert rows["regime"].unique().tolist() == ["12", "NA", "worst", "mean"]
