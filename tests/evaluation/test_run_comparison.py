"""Two runs compared."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest

from bci_dann import run_benchmark
from bci_dann.evaluation import compare_runs
from bci_dann.exceptions import ConfigError, ResultsError

CONFIG = {
    "name": "mine",
    "data": {"dataset": "SimulatedMI", "params": {"n_subjects": 4, "n_trials": 12}},
    "preprocessing": {"band": [8, 30], "window": [0.5, 2.5], "resample": 64},
    "pipelines": ["csp_lda", "ea_csp_lda"],
    "protocols": ["train_and_target_unlabeled_full"],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first") / "run"
    run_benchmark(CONFIG, folder, progress=False)
    return folder


@pytest.fixture
def changed(run, tmp_path):
    """Return a copy of the run in which one pipeline is better by a tenth for each subject."""
    folder = tmp_path / "second"
    shutil.copytree(run, folder)
    table = pd.read_csv(folder / "results.csv")
    better = table["pipeline"] == "ea_csp_lda"
    table.loc[better, "accuracy"] += 0.1
    table.to_csv(folder / "results.csv", index=False)
    manifest = json.loads((folder / "config.json").read_text())
    manifest["fixed"]["preprocessing"]["band"] = [8, 24]
    manifest["seeds"] = [0, 1]
    manifest["versions"]["torch"] = "1.0"
    (folder / "config.json").write_text(json.dumps(manifest))
    return folder


def test_a_run_equals_itself(run):
    comparison = compare_runs(run, run)
    assert comparison.changes == []
    assert comparison.scores["difference"].tolist() == [0.0, 0.0]
    assert comparison.scores["p_value"].tolist() == [1.0, 1.0]


def test_what_has_changed_is_named(run, changed):
    changes = compare_runs(run, changed).changes
    assert "preprocessing.band: [8.0, 30.0] in the first, [8, 24] in the second" in changes
    assert "seeds only in the second: 1" in changes
    assert any(
        line.startswith("torch: ") and line.endswith("1.0 in the second") for line in changes
    )


def test_scores_are_compared_pipeline_by_pipeline(run, changed):
    scores = compare_runs(run, changed).scores.set_index("pipeline")
    assert scores.loc["csp_lda", "difference"] == 0.0
    assert scores.loc["ea_csp_lda", "difference"] == pytest.approx(0.1)
    assert scores.loc["ea_csp_lda", "second"] - scores.loc["ea_csp_lda", "first"] == pytest.approx(
        0.1
    )
    assert scores.loc["ea_csp_lda", "p_value"] == pytest.approx(2 / 2**4)
    assert scores.loc["ea_csp_lda", "p_holm"] == pytest.approx(2 * 2 / 2**4)


def test_only_subjects_that_both_have_are_compared(run, changed):
    table = pd.read_csv(changed / "results.csv", dtype={"subject": str})
    table[table["subject"] != "2"].to_csv(changed / "results.csv", index=False)
    assert compare_runs(run, changed).scores["n_subjects"].tolist() == [3, 3]


def with_seeds(run, folder, changes):
    """Copy a run with results of several seeds, whose accuracies differ from the run's."""
    shutil.copytree(run, folder)
    table = pd.read_csv(folder / "results.csv", dtype={"subject": str})
    parts = [table.assign(seed=s, accuracy=table["accuracy"] + d) for s, d in changes.items()]
    pd.concat(parts).to_csv(folder / "results.csv", index=False)
    return folder


def test_means_and_difference_are_over_common_seeds(run, tmp_path):
    first = with_seeds(run, tmp_path / "0 and 1", {0: -0.2, 1: 0.0})
    second = with_seeds(run, tmp_path / "1 and 2", {1: 0.02, 2: 0.2})
    scores = compare_runs(first, second).scores
    expected = compare_runs(run, run).scores
    assert scores["first"].tolist() == pytest.approx(expected["first"].tolist())
    assert scores["difference"].tolist() == pytest.approx([0.02, 0.02])
    assert (scores["second"] - scores["first"]).tolist() == pytest.approx([0.02, 0.02])


@pytest.mark.parametrize(("seeds", "compared"), [((7,), [4, 4]), ((7, 8), [0, 0])])
def test_without_a_common_seed_only_a_single_seed_is_compared(run, tmp_path, seeds, compared):
    first = with_seeds(run, tmp_path / "first", {0: 0.0, 1: 0.0})
    second = with_seeds(run, tmp_path / "second", dict.fromkeys(seeds, 0.1))
    scores = compare_runs(first, second).scores
    assert scores["n_subjects"].tolist() == compared
    if any(compared):
        assert (scores["second"] - scores["first"]).tolist() == pytest.approx([0.1, 0.1])
        assert scores["difference"].tolist() == pytest.approx([0.1, 0.1])


def test_pipelines_of_one_run_are_named(run, changed):
    table = pd.read_csv(changed / "results.csv")
    table[table["pipeline"] == "csp_lda"].to_csv(changed / "results.csv", index=False)
    manifest = json.loads((changed / "config.json").read_text())
    del manifest["pipelines"]["ea_csp_lda"]
    (changed / "config.json").write_text(json.dumps(manifest))
    comparison = compare_runs(run, changed)
    assert "pipelines only in the first: ea_csp_lda" in comparison.changes
    assert comparison.scores["pipeline"].tolist() == ["csp_lda"]


def test_bad_input_is_refused(run, tmp_path):
    with pytest.raises(ResultsError, match=r"holds no results\.csv"):
        compare_runs(run, tmp_path)
    with pytest.raises(ConfigError, match="metric"):
        compare_runs(run, run, metric="luck")
