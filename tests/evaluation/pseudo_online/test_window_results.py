"""A whole pseudo-online run: files, going on, shards, publishing, and folders of other runs."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from bci_dann.evaluation import merge_runs, open_results, run_benchmark, summarise_windows
from bci_dann.evaluation.pseudo_online.window_results import WINDOW_TABLE, read_window_scores
from bci_dann.exceptions import ResultsError
from bci_dann.reporting import publish, write_leaderboard

CONFIG = {
    "name": "windows",
    "data": {
        "dataset": "SimulatedMI",
        "params": {"n_subjects": 3, "n_trials": 8, "pause": 4, "ch_names": ["C3", "Cz", "C4"]},
    },
    "preprocessing": {"window": [0.5, 2.5], "resample": 64, "filter_method": "causal"},
    "pipelines": ["csp_lda", "ea_csp_lda"],
    "protocols": ["train", "train_and_target_unlabeled_full"],
    "pipeline_parameters": {"*": {"n_components": 2}},
    "pseudo_online": {"step": 1.0},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("windows") / "run"
    run_benchmark(CONFIG, out, progress=False)
    return out


def test_both_tables_are_written(folder):
    scores, results = read_window_scores(folder), pd.read_csv(folder / "results.csv")
    assert len(scores) == len(results) == 2 * 2 * 3
    assert scores["n_windows"].tolist() == results["n_test"].tolist()
    assert scores["n_tasks"].tolist() == [16] * 12
    assert scores.groupby("protocol")["causal"].all().to_dict() == {
        "train": True,
        "train_and_target_unlabeled_full": False,
    }
    assert set(open_results(folder).trials["truth"]) == {"idle", "left_hand", "right_hand"}


def test_a_later_session_without_windows_is_not_forgotten(tmp_path, monkeypatch):
    """As if all of its windows were rejected, for example because of artefacts."""
    from bci_dann.evaluation.runs import execution

    def without_second(metadata, *arguments):
        fold = window_fold(metadata, *arguments)
        first = metadata["session"].to_numpy(dtype=str)[fold.test] == "0"
        return replace(fold, test=fold.test[first])

    window_fold = execution.window_fold
    monkeypatch.setattr(execution, "window_fold", without_second)
    data = {**CONFIG["data"], "params": {**CONFIG["data"]["params"], "n_sessions": 2}}
    protocols = ["train", "train_and_target_unlabeled_50p"]
    config = {**CONFIG, "data": data, "pipelines": ["ea_csp_lda"], "protocols": protocols}
    run_benchmark(config, tmp_path, progress=False)
    scores = read_window_scores(tmp_path)
    assert set(scores["session"]) == {"0"}
    causal = scores.groupby("protocol")["causal"].any().to_dict()
    assert causal == {"train": True, "train_and_target_unlabeled_50p": False}


def test_idle_time_is_told_from_tasks_better_than_by_guessing(folder):
    means = summarise_windows(read_window_scores(folder)).set_index(["pipeline", "protocol"])
    best = means.loc[("ea_csp_lda", "train_and_target_unlabeled_full")]
    assert best["mcc"] > 0.05
    assert best["detection_auc"] > 0.55


def test_the_same_command_computes_nothing_twice(folder, monkeypatch):
    before = (folder / WINDOW_TABLE).read_bytes()
    (folder / WINDOW_TABLE).unlink()
    monkeypatch.setattr("bci_dann.evaluation.runs.worker.compute", None)
    run_benchmark(CONFIG, folder, progress=False)
    assert (folder / WINDOW_TABLE).read_bytes() == before


@pytest.mark.parametrize("changed", [None, {"step": 0.5}, {"step": 1.0, "idle": "nothing"}])
def test_a_folder_of_other_windows_is_refused(folder, changed):
    with pytest.raises(ResultsError, match="pseudo_online"):
        run_benchmark({**CONFIG, "pseudo_online": changed}, folder, progress=False)


def test_shards_give_the_same_tables(folder, tmp_path):
    parts = [tmp_path / number for number in ("1", "2")]
    for number, part in zip(("1/2", "2/2"), parts, strict=True):
        run_benchmark(CONFIG, part, shard=number, progress=False)
    merge_runs(parts, tmp_path / "all")
    joined = tmp_path / "all" / WINDOW_TABLE
    assert joined.read_bytes() == (folder / WINDOW_TABLE).read_bytes()


def test_the_published_table_is_that_of_windows(folder):
    table = publish(folder, "Windows")
    assert {"mcc", "hit_rate", "causal"} <= set(table.rows)
    assert len(table.rows) == 4


def test_windows_overlap_and_have_no_chance_level(folder):
    from bci_dann.evaluation import summarise

    assert summarise(run_benchmark(CONFIG, folder, progress=False))["chance"].isna().all()


def test_a_leaderboard_takes_trials_only(folder, tmp_path):
    with pytest.raises(ResultsError, match="is a pseudo-online run"):
        write_leaderboard([folder], tmp_path / "site", title="T")


def test_a_folder_of_trials_has_no_scores_of_windows(tmp_path):
    assert read_window_scores(tmp_path) is None
