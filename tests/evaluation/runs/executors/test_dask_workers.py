"""Runs on Dask workers: the same records, workers that die, schedulers that are not there."""

from __future__ import annotations

import dataclasses
import socket
from concurrent.futures import ThreadPoolExecutor

import dask
import pytest

from bci_dann.evaluation import run_benchmark
from bci_dann.evaluation.runs.executors import dask_workers
from bci_dann.evaluation.runs.executors.dask_workers import (
    DaskWorkers,
    connected_workers,
    local_workers,
)
from bci_dann.evaluation.runs.records import Task, versions
from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.evaluation.runs.worker import WorkerSetup
from bci_dann.exceptions import BCIDannWarning, ConfigError, ResultsError


def run(config, out, **more):
    return run_benchmark(config, out, progress=False, **more)


def test_records_are_those_of_one_process_bit_for_bit(
    prepared, config, five_pipelines, tmp_path, two_workers, same_records
):
    config = {
        **config,
        "pipelines": [five_pipelines[i] for i in (0, 1, 3)],
        "protocols": ["train_and_target_unlabeled_50p"],
    }
    run(config, tmp_path / "alone")
    run(config, tmp_path / "dask", executor=two_workers)
    same_records(tmp_path / "alone", tmp_path / "dask")


def test_a_relative_folder_is_that_of_the_run(prepared, config, tmp_path, two_workers, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(run(config, "out", executor=two_workers)) == 6
    assert len(list((tmp_path / "out" / "records").iterdir())) == 3


def test_a_task_that_ends_its_workers_fails_and_the_others_finish(
    deadly_config, tmp_path, two_workers
):
    with (
        pytest.warns(BCIDannWarning, match="a worker process died"),
        pytest.raises(ResultsError, match=r"(?s)1 of 6 tasks failed.*every worker that computed"),
    ):
        run(deadly_config(), tmp_path / "out", executor=two_workers)
    assert len(list((tmp_path / "out" / "records").iterdir())) == 5


def test_a_task_whose_worker_is_lost_once_is_computed_by_another(
    deadly_config, tmp_path, two_workers, trainings
):
    assert len(run(deadly_config(deaths=1), tmp_path / "out", executor=two_workers)) == 12
    # once more for the task itself, and for one that waited at the same worker
    assert sum(trainings().values()) <= 6 + 2


def test_workers_that_the_cluster_has_given_up_are_replaced(
    deadly_config, tmp_path, monkeypatch, trainings
):
    """As on a machine on which a worker needs long to start again after its death."""
    monkeypatch.setattr(dask_workers, "CHECK_INTERVAL_S", 0.5)
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1ms"}),
        local_workers(1, show=False) as workers,
    ):
        assert len(run(deadly_config(deaths=1), tmp_path / "out", executor=workers)) == 12
    assert sum(trainings().values()) <= 6 + 2


def test_a_run_whose_workers_do_not_come_back_ends(two_workers, monkeypatch):
    monkeypatch.setattr(dask_workers, "MAX_ABSENCE_S", 0.0)
    lost = DaskWorkers(two_workers._client, replace_lost=lambda: None, show=False)
    monkeypatch.setattr(lost, "_workers", dict)
    monkeypatch.setattr(lost, "_finished_within", lambda _: [])
    with pytest.raises(ResultsError, match="all Dask workers of this run were lost"):
        lost.wait()


def test_a_run_waits_for_workers_of_others(two_workers, monkeypatch, capfd):
    monkeypatch.setattr(dask_workers, "MAX_ABSENCE_S", 0.0)
    lost = DaskWorkers(two_workers._client)
    monkeypatch.setattr(lost, "_workers", dict)
    answers = iter([[], [], ["finished"]])
    monkeypatch.setattr(lost, "_finished_within", lambda _: next(answers))
    assert lost.wait() == ["finished"]
    assert capfd.readouterr().err.count("Waiting for workers") == 1


def test_a_failed_task_gives_its_traceback(prepared, noting_config, tmp_path, two_workers):
    with pytest.raises(ResultsError, match="3 of 3 tasks failed"):
        run(noting_config(seeds=(0,), seconds=-1.0), tmp_path, executor=two_workers)
    assert "sleep length must be non-negative" in (tmp_path / "failures.txt").read_text()


def test_a_clients_own_workers_are_used_and_left(prepared, config, tmp_path, two_workers):
    client = two_workers._client
    assert len(run(config, tmp_path, executor=client)) == 6
    assert client.status == "running"


def test_an_address_is_connected_to_and_its_workers_are_left(
    prepared, config, tmp_path, two_workers
):
    address = two_workers._client.scheduler.address
    assert len(run(config, tmp_path, executor=address)) == 6

    def kept_runs():  # nested, so that it is sent by value: workers do not see the tests
        from bci_dann.evaluation.runs import worker

        return list(worker._current_worker)

    held = two_workers._client.run(kept_runs)
    assert held
    assert all(run_ids == [] for run_ids in held.values())


def test_no_scheduler_is_refused_before_any_data(config, tmp_path, monkeypatch):
    from bci_dann.evaluation.runs.resolved_run import ResolvedRun

    monkeypatch.setattr(ResolvedRun, "prepare_trials", lambda _: pytest.fail("data came first"))
    monkeypatch.setattr(dask_workers, "CONNECT_TIMEOUT_S", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ConfigError, match=f"no Dask scheduler answers at {address}.*dask worker"):
        run(config, tmp_path / "out", executor=address)
    assert not (tmp_path / "out").exists()


def test_a_worker_with_other_code_is_refused(two_workers):
    two_workers.check_versions(versions())
    other = {**versions(), "bci_dann": "0.1+other"}
    with pytest.raises(ConfigError, match=r"has bci_dann .*, but this process 0\.1\+other"):
        two_workers.check_versions(other)


def test_a_worker_that_joins_later_with_other_code_stops_the_run(
    trials_folder, tmp_path, specs, two_workers
):
    task = Task("Set", "data", specs["logistic"], "train", "1", 0, versions={"bci_dann": "other"})
    setup = WorkerSetup("one", trials_folder, ResultsFolder(tmp_path / "out"))
    two_workers.submit([task], setup)
    with pytest.raises(ResultsError, match="joined during the run has another version of bci_dann"):
        two_workers.wait()


def test_a_worker_without_access_to_a_folder_is_reported(tmp_path, two_workers):
    two_workers.check_folders({"results": tmp_path})
    with pytest.raises(
        ResultsError, match=r"Dask worker tcp://.* does not exist on.*BCI_DANN_CACHE"
    ):
        two_workers.check_folders({"prepared trials": tmp_path / "elsewhere"})


def test_without_a_gpu_networks_are_trained_one_by_one(two_workers):
    assert two_workers.default_stack == 1


def test_stacks_are_for_clusters_whose_every_worker_has_a_gpu(two_workers, monkeypatch):
    for answers, stack in (([True, True], 64), ([True, False], 1), ([], 1), ([OSError()], 1)):
        found = dict(enumerate(answers))
        monkeypatch.setattr(dask_workers, "on_every_worker", lambda *_, found=found: found)
        assert DaskWorkers(two_workers._client).default_stack == stack


def test_a_few_groups_are_at_the_scheduler_at_a_time(two_workers):
    assert two_workers.n_workers == 2
    assert two_workers.most_submitted == 32


def test_threads_of_one_worker_take_turns(trials_folder, tmp_path, specs, monkeypatch):
    """Limits of threads and filters of warnings are those of the whole process."""
    running, most = [], []

    def execute(tasks, setup):
        running.append(tasks)
        most.append(len(running))
        running.pop()
        return [], []

    monkeypatch.setattr(dask_workers, "execute_quietly", execute)
    task = Task("Set", "data", specs["logistic"], "train", "1", 0)
    setup = WorkerSetup("one", trials_folder, ResultsFolder(tmp_path / "out"))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: dask_workers._execute([task], setup), range(50)))
    assert max(most) == 1


def test_a_lost_scheduler_is_reported(two_workers, tmp_path, trials_folder, specs):
    other = connected_workers(two_workers._client.scheduler.address, show=False)
    task = Task("Set", "data", specs["logistic"], "train", "1", 0)
    other._client.close()
    setup = WorkerSetup("one", trials_folder, ResultsFolder(tmp_path))
    with pytest.raises(ResultsError, match="connection to the Dask scheduler was lost"):
        other.submit([dataclasses.replace(task)], setup)
    other.stop()
    other.close()
