"""Parts of the tasks of a run: all of them together are all tasks, and each is a fair one."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from bci_dann.evaluation import RunOptions, resolve_run, run_benchmark
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.runs.records import Task
from bci_dann.evaluation.runs.shard import Shard
from bci_dann.exceptions import ConfigError

SPECS = [PipelineSpec(name, ({"name": name, "parameters": {}},)) for name in "abc"]
TASKS = [
    Task("Set", "data", spec, "train", str(subject), seed, versions={})
    for spec in SPECS
    for seed in (0, 1)
    for subject in range(5)
]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 30])
def test_every_task_is_in_one_part(count):
    parts = [Shard(index, count).of(TASKS) for index in range(1, count + 1)]
    assert sorted(task.key for part in parts for task in part) == sorted(t.key for t in TASKS)
    assert {len(part) for part in parts} <= {len(TASKS) // count, -(-len(TASKS) // count)}


@pytest.mark.parametrize("count", [2, 3, 7])
def test_each_part_has_as_many_tasks_of_each_pipeline(count):
    for index in range(1, count + 1):
        counts = Counter(task.pipeline.name for task in Shard(index, count).of(TASKS))
        assert set(counts.values()) <= {10 // count, -(-10 // count)}


def test_a_part_is_read_as_it_is_written():
    assert Shard.read("2/5") == Shard(2, 5)
    assert Shard.read(" 1/1 ") == Shard(1, 1)


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/0", "a/b", "-1/3", "1/3/5", "", "1.0/2"])
def test_invalid_shards_are_refused_before_reading_data(config, tmp_path, text):
    with pytest.raises(ConfigError, match=r"--shard .* must be I/N.*such as 2/5"):
        resolve_run(config, RunOptions(tmp_path, shard=text))


def test_more_parts_than_tasks_are_refused(prepared, config, tmp_path):
    with pytest.raises(ConfigError, match=r"there are only 3 tasks. Use at most 3 parts"):
        run_benchmark(config, tmp_path / "out", progress=False, shard="4/4")
    assert not (tmp_path / "out").exists()


def test_shards_in_one_folder_are_a_run(prepared, config, tmp_path):
    whole = run_benchmark(config, tmp_path / "whole", progress=False)
    first = run_benchmark(config, tmp_path / "shards", progress=False, shard="1/2")
    assert set(first["subject"]) == {"1", "3"}
    second = run_benchmark(config, tmp_path / "shards", progress=False, shard="2/2")
    pd.testing.assert_frame_equal(
        second.drop(columns="fit_seconds"), whole.drop(columns="fit_seconds")
    )


def test_a_dry_run_lists_the_part(config, tmp_path):
    config["data"] = {"dataset": "FakeDataset", "params": {"n_subjects": 3, "paradigm": "imagery"}}
    plan = run_benchmark(config, tmp_path, progress=False, dry_run=True, shard="2/2")
    assert list(plan["subject"]) == ["2"]
