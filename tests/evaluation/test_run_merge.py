"""Folders of shards joined in one: what is joined, refused, missing, different and damaged."""

from __future__ import annotations

import json
import shutil
import warnings
from dataclasses import replace

import pandas as pd
import pytest

from bci_dann.evaluation import merge_runs, open_results, run_benchmark
from bci_dann.evaluation.runs import records
from bci_dann.evaluation.runs.invocations import read_invocations
from bci_dann.evaluation.runs.records import read_stored, write_record
from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.exceptions import BCIDannWarning, ResultsError

SCALER = {"name": "Vectorizer", "from": "mne.decoding"}


def run(config, out, **more):
    run_benchmark(config, out, progress=False, **more)
    return out


@pytest.fixture
def shards(prepared, config, tmp_path):
    config = {**config, "seeds": [0, 1]}
    return [run(config, tmp_path / str(i), shard=f"{i}/3") for i in (1, 2, 3)]


def scores(folder):
    return pd.read_csv(folder / "results.csv", dtype=str).drop(columns="fit_seconds")


def test_the_joined_folder_is_that_of_a_run_without_shards(shards, config, tmp_path, monkeypatch):
    whole = run({**config, "seeds": [0, 1]}, tmp_path / "whole")
    merge = merge_runs(shards, tmp_path / "all")
    assert (merge.n_tasks, merge.missing, merge.different) == (6, [], [])
    pd.testing.assert_frame_equal(scores(tmp_path / "all"), scores(whole))
    for name in ("config.json",):
        assert (tmp_path / "all" / name).read_text() == (whole / name).read_text()
    assert {path.name for path in (tmp_path / "all" / "records").iterdir()} == {
        path.name for path in (whole / "records").iterdir()
    }
    assert len(open_results(tmp_path / "all").tasks) == 6
    # the run goes on from there, and has nothing to do
    monkeypatch.setattr("bci_dann.evaluation.runs.worker.compute", lambda *_: pytest.fail("again"))
    run({**config, "seeds": [0, 1]}, tmp_path / "all")


def test_the_commands_of_all_shards_are_kept(shards, tmp_path):
    merge_runs(shards, tmp_path / "all")
    merge_runs(shards, tmp_path / "all")
    expected = {one for shard in shards for one in map(str, read_invocations(shard))}
    assert set(map(str, read_invocations(tmp_path / "all"))) == expected


def test_missing_tasks_are_named_even_if_a_subject_is_in_no_shard(shards, tmp_path):
    """Each third of the tasks of three subjects is all tasks of one subject."""
    with pytest.warns(
        BCIDannWarning,
        match=r"2 of 6 tasks are missing: .*subject 2, seed 0; .*run CONFIG --out '.*/of all'`",
    ):
        merge = merge_runs([shards[0], shards[2]], tmp_path / "of all")
    assert merge.missing == [f"logistic, train, subject 2, seed {seed}" for seed in (0, 1)]
    assert len(scores(tmp_path / "of all")) == 8
    merged = merge_runs([shards[1]], tmp_path / "of all")  # what was joined before stays
    assert merged.missing == []
    assert len(scores(tmp_path / "of all")) == 12


def test_folders_of_other_seeds_are_joined(prepared, config, tmp_path):
    folders = [run({**config, "seeds": [seed]}, tmp_path / str(seed)) for seed in (0, 1)]
    assert merge_runs(folders, tmp_path / "all").n_tasks == 6


def test_equal_records_may_be_in_several_folders(shards, tmp_path):
    copy = shutil.copytree(shards[0], tmp_path / "copy")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert merge_runs([*shards, copy], tmp_path / "all").different == []


def test_different_records_of_a_task_are_told_and_the_first_is_kept(shards, tmp_path):
    copy = shutil.copytree(shards[0], tmp_path / "copy")
    task = next(t for t in ResultsFolder(copy).manifest().tasks if ResultsFolder(copy).read(t))
    record = ResultsFolder(copy).read(task)
    changed = replace(record, probabilities=record.probabilities[:, ::-1])
    write_record(ResultsFolder(copy).record_path(task), task, changed)
    with pytest.warns(BCIDannWarning, match=rf"1 tasks have different predictions.*{task.label}"):
        merge = merge_runs([*shards, copy], tmp_path / "all")
    assert merge.different == [task.label]
    kept = ResultsFolder(tmp_path / "all").read(task)
    assert kept.probabilities.tobytes() == record.probabilities.tobytes()


def test_a_damaged_record_is_left_out_and_another_folders_is_taken(shards, tmp_path):
    copy = shutil.copytree(shards[0], tmp_path / "copy")
    damaged = next((shards[0] / "records").iterdir())
    damaged.write_bytes(b"half")
    with pytest.warns(BCIDannWarning, match="1 records are damaged"):
        merge = merge_runs([*shards, copy], tmp_path / "all")
    assert (merge.damaged, merge.missing) == ([damaged], [])
    assert read_stored(tmp_path / "all" / "records" / damaged.name)


def test_a_damaged_record_of_the_joined_folder_is_replaced(shards, tmp_path):
    merge_runs(shards, tmp_path / "all")
    table = (tmp_path / "all" / "results.csv").read_bytes()
    next((tmp_path / "all" / "records").iterdir()).write_bytes(b"half")
    merge = merge_runs(shards, tmp_path / "all")
    assert (merge.damaged, merge.missing) == ([], [])
    assert (tmp_path / "all" / "results.csv").read_bytes() == table


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            {"preprocessing": {"band": [4, 40]}},
            r"preprocessing\.band: \[8\.0, 32\.0\] in the first",
        ),
        ({"pipeline_parameters": {"logistic": {"C": 2.0}}}, r"pipelines\.logistic\[1\].*\.C"),
        ({"threads": 2}, "threads: 1 in the first, 2 in the second"),
    ],
)
def test_another_configuration_is_refused(prepared, config, shards, tmp_path, change, named):
    other = run({**config, **change}, tmp_path / "other")
    with pytest.raises(ResultsError, match=rf"(?s)other belongs to another.*{named}.*Leave one"):
        merge_runs([*shards, other], tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_a_pipeline_that_only_later_folders_have_differently_is_refused(
    prepared, config, shards, write_pipeline, tmp_path
):
    folders = [shards[0]]
    for strength in (1.0, 2.0):
        step = {"name": "LogisticRegression", "from": "sklearn.linear_model"}
        steps = SCALER, {**step, "parameters": {"C": strength}}
        path = write_pipeline("other", *steps)
        folders.append(run({**config, "pipelines": [str(path)]}, tmp_path / str(strength)))
    with pytest.raises(ResultsError, match=r"(?s)2\.0 belongs to another run than .*1\.0, so.*C: "):
        merge_runs(folders, tmp_path / "all")
    assert not (tmp_path / "all").exists()


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("recordings", "other", "recordings: "),
        ("data_key", "other", "data_key: .* 'other' in the second"),
        ("subjects", ["1", "2"], r"subjects: .*\['1', '2'\] in the second"),
        ("versions", {**records.versions(), "torch": "0"}, "version of torch: .* 0 in the second"),
    ],
)
def test_other_data_and_versions_are_refused(shards, tmp_path, key, value, named):
    path = shards[1] / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(ResultsError, match=named):
        merge_runs(shards, tmp_path / "all")


def test_what_is_no_results_folder_is_refused(shards, tmp_path):
    with pytest.raises(ResultsError, match=r"nothing is no results folder.*run --out"):
        merge_runs([*shards, tmp_path / "nothing"], tmp_path / "all")
    with pytest.raises(ResultsError, match="got none"):
        merge_runs([], tmp_path / "all")


def test_folders_of_an_earlier_version_say_what_cannot_be_known(shards, tmp_path):
    for shard in shards[:2]:
        content = json.loads((shard / "config.json").read_text())
        del content["subjects"]
        (shard / "config.json").write_text(json.dumps(content))
    with pytest.warns(BCIDannWarning, match="did not store the list of subjects"):
        merge = merge_runs(shards[:2], tmp_path / "all")
    assert (merge.n_tasks, len(scores(tmp_path / "all"))) == (4, 8)
