"""Tidy frames of a results folder."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from bci_dann import run_benchmark
from bci_dann.evaluation import open_results
from bci_dann.exceptions import BCIDannWarning, ConfigError, ResultsError

CONFIG = {
    "name": "mine",
    "data": {
        "dataset": "SimulatedMI",
        "params": {"n_subjects": 3, "n_sessions": 2, "n_trials": 10},
    },
    "preprocessing": {"band": [8, 30], "window": [0.5, 2.5], "resample": 64},
    "pipelines": ["csp_lda", "ea_csp_lda"],
    "protocols": ["train", "train_and_target_unlabeled_full"],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored") / "run"
    return folder, run_benchmark(CONFIG, folder, progress=False)


def test_each_task_is_a_row(run):
    folder, results = run
    tasks = open_results(folder).tasks
    assert len(tasks) == 3 * 2 * 2
    assert not tasks.duplicated(["pipeline", "protocol", "subject", "seed"]).any()
    assert tasks["n_test"].unique().tolist() == [40]
    n_train = results.groupby(["pipeline", "protocol", "subject", "seed"])["n_train"].first()
    stored = tasks.set_index(list(n_train.index.names))["n_train"].sort_index()
    pd.testing.assert_series_equal(stored, n_train, check_index_type=False, check_dtype=False)


def test_trials_give_the_scores_of_the_table_again(run):
    folder, results = run
    trials = open_results(folder).trials
    place = ["pipeline", "protocol", "subject", "session"]
    hits = (trials["truth"] == trials["prediction"]).groupby([trials[name] for name in place])
    expected = results.set_index(place)["accuracy"].sort_index()
    np.testing.assert_allclose(hits.mean().sort_index(), expected)
    probabilities = trials[["p_left_hand", "p_right_hand"]].to_numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)


def test_rows_of_different_pipelines_can_be_joined_trial_by_trial(run):
    trials = open_results(run[0]).trials
    one, other = (trials[trials["pipeline"] == name] for name in ("csp_lda", "ea_csp_lda"))
    joined = one.merge(other, on=["protocol", "subject", "trial"])
    assert len(joined) == len(one) == len(other)
    assert (joined["truth_x"] == joined["truth_y"]).all()


def test_any_metric_is_computed_again(run):
    folder, results = run
    scores = open_results(folder).score(
        lambda probabilities, truth, classes: np.mean(
            np.asarray(classes)[probabilities.argmax(axis=1)] == truth
        )
    )
    place = ["pipeline", "protocol", "subject", "session"]
    expected = results.set_index(place)["accuracy"].sort_index()
    np.testing.assert_allclose(scores.set_index(place)["score"].sort_index(), expected)


def test_frames_are_written_for_other_programs(run, tmp_path):
    files = open_results(run[0]).write(tmp_path / "frames")
    assert [file.name for file in files] == ["tasks.csv", "trials.csv"]
    assert len(pd.read_csv(files[1])) == 3 * 2 * 2 * 40
    with pytest.raises(ConfigError, match="form"):
        open_results(run[0]).write(tmp_path, form="xls")


def test_damaged_records_are_left_out_and_named(run, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(run[0], folder)
    first = sorted((folder / "records").glob("*.npz"))[0]
    first.write_bytes(first.read_bytes()[:200])
    results = open_results(folder)
    with pytest.warns(BCIDannWarning, match=first.name):
        tasks = results.tasks
    assert len(tasks) == 11
    assert results.damaged == [first]
    assert len(results.trials) == 11 * 40  # without another warning


def test_records_of_another_definition_are_not_of_this_table(run, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(run[0], folder)
    manifest = json.loads((folder / "config.json").read_text())
    manifest["pipelines"]["csp_lda"][0]["parameters"]["alignment"] = "riemannian"
    (folder / "config.json").write_text(json.dumps(manifest))
    assert set(open_results(folder).tasks["pipeline"]) == {"ea_csp_lda"}


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(ResultsError, match="no results folder"):
        open_results(tmp_path)


def test_scores_on_the_trials_that_all_protocols_score(run, tmp_path):
    config = {**CONFIG, "protocols": ["train", "train_and_target_unlabeled_50p"]}
    run_benchmark({**config, "pipelines": ["csp_lda"]}, tmp_path / "two", progress=False)
    results = open_results(tmp_path / "two")
    by_protocol = results.score().groupby("protocol")["n_test"]
    assert by_protocol.unique().map(list).to_dict() == {
        "train": [20],
        "train_and_target_unlabeled_50p": [10],
    }
    common = results.score(common_trials=True)
    assert common["n_test"].eq(10).all()
    assert len(common) == 3 * 2 * 2
    # a method that ignores the target predicts the same under both protocols
    halves = [rows["score"].tolist() for _, rows in common.groupby("protocol")]
    assert halves[0] == halves[1]
    assert halves[0] != results.score().query("protocol == 'train'")["score"].tolist()
