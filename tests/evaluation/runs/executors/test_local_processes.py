"""Runs in processes of this machine: workers that die, and a run that is killed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bci_dann.evaluation import run_benchmark
from bci_dann.exceptions import BCIDannWarning, ResultsError


def run(config, out, **more):
    return run_benchmark(config, out, progress=False, n_jobs=2, **more)


@pytest.mark.slow
def test_a_task_that_ends_its_worker_fails_and_the_others_finish(deadly_config, tmp_path):
    with (
        pytest.warns(BCIDannWarning, match="a worker process died"),
        pytest.raises(ResultsError, match=r"(?s)1 of 6 tasks failed.*every worker that computed"),
    ):
        run(deadly_config(), tmp_path / "out")
    assert len(list((tmp_path / "out" / "records").iterdir())) == 5


@pytest.mark.filterwarnings("ignore:a worker process died")
def test_a_worker_that_dies_once_is_replaced(deadly_config, tmp_path, trainings, same_records):
    config = deadly_config(deaths=1)
    assert len(run(config, tmp_path / "out")) == 12
    assert sum(trainings().values()) <= 6 + 2
    run(config, tmp_path / "again")
    same_records(tmp_path / "out", tmp_path / "again")


def test_one_process_beside_this_one_is_possible(prepared, config, tmp_path, same_records):
    run_benchmark(config, tmp_path / "one", progress=False, executor="loky")
    run_benchmark(config, tmp_path / "here", progress=False, executor="in-process")
    same_records(tmp_path / "one", tmp_path / "here")


def test_a_full_disk_stops_the_run(prepared, noting_config, tmp_path):
    config = noting_config(seeds=range(10))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "records").write_text("a file in the place of the folder")
    with pytest.raises(ResultsError, match="cannot be written"):
        run(config, tmp_path / "out")


def test_processes_that_are_there_find_what_a_later_run_needs(
    prepared, config, noting_config, tmp_path, monkeypatch
):
    folder = str(Path(__file__).parent)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != folder])
    run(config, tmp_path / "first")
    sys.path.append(folder)
    assert len(run(noting_config(), tmp_path / "second")) == 12
