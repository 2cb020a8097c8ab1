"""Runs that are killed at random moments: the same command finishes, and nothing is left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[4]
MARK = "BCI_DANN_TEST_MARK"
N_SUBJECTS, TASK_S = 3, 0.25
# A worker may compute one task, and an executor may have handed it another.
IN_FLIGHT = 2 * 2

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are found in /proc")


class Command:
    """``bci-dann run`` with two processes, in processes that can be found by a mark."""

    def __init__(self, folder, n_seeds, *options):
        self.folder, self.options = folder, options
        self.log, self.out = folder / "log", folder / "out"
        self.n_tasks = N_SUBJECTS * n_seeds
        self.mark = uuid.uuid4().hex
        self.processes = []
        step = {
            "name": "Noting",
            "from": "crash_estimators",
            "parameters": {"log": str(self.log), "seconds": TASK_S},
        }
        pipeline = {"name": "noting", "paradigms": ["LeftRightImagery"], "pipeline": [step]}
        (folder / "noting.yml").write_text(yaml.safe_dump(pipeline))
        config = {
            "name": "crash",
            "data": {
                "dataset": "SimulatedMI",
                "params": {"n_subjects": N_SUBJECTS, "n_trials": 8},
            },
            "preprocessing": {"band": [8, 30], "resample": 64},
            "pipelines": [str(folder / "noting.yml")],
            "protocols": ["train"],
            "seeds": list(range(n_seeds)),
        }
        (folder / "crash.yaml").write_text(yaml.safe_dump(config))

    def environment(self):
        paths = [str(ROOT), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
        return {**os.environ, MARK: self.mark, "PYTHONPATH": os.pathsep.join(paths)}

    def start(self, out=None, options=None):
        options = self.options if options is None else options
        arguments = ["run", self.folder / "crash.yaml", "--out", out or self.out, *options]
        return self.spawn("-m", "bci_dann", *arguments)

    def spawn(self, *arguments):
        path = self.folder / f"stderr{len(self.processes)}"
        with path.open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, *map(str, arguments)],
                env=self.environment(),
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        self.processes.append(process)
        process.messages = path.read_text
        return process

    def finish(self, timeout=300):
        process = self.start()
        assert process.wait(timeout) == 0, process.messages()

    def trainings(self):
        lines = self.log.read_text().split("\n")[:-1] if self.log.exists() else []
        return Counter(lines)

    def n_begun(self):
        return sum(self.trainings().values())

    def n_records(self):
        return len(list(self.out.glob("records/*.npz")))

    def wait_for_training(self, process, timeout=120):
        """Wait until the process has begun another task, or ended."""
        before, deadline = self.n_begun(), time.monotonic() + timeout
        while self.n_begun() == before and process.poll() is None:
            assert time.monotonic() < deadline, process.messages()
            time.sleep(0.02)

    def assert_nothing_left(self, seconds=20):
        deadline = time.monotonic() + seconds
        while (left := marked(self.mark)) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert left == {}

    def assert_equal_to_undisturbed(self):
        whole = self.folder / "whole"
        assert self.start(whole, ["--jobs", "1"]).wait(300) == 0
        tables = [pd.read_csv(one / "results.csv", dtype=str) for one in (self.out, whole)]
        pd.testing.assert_frame_equal(*(one.drop(columns="fit_seconds") for one in tables))
        left, right = (sorted(one.glob("records/*.npz")) for one in (self.out, whole))
        assert [path.name for path in left] == [path.name for path in right]


def marked(mark):
    """Processes whose environment has a mark, with their commands."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z" and f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (folder / "cmdline").read_bytes()[:200]
    return found


@pytest.fixture
def ended():
    """End everything that a test has left running, whatever becomes of the test."""
    commands = []
    yield commands.append
    for command in commands:
        for pid in marked(command.mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in command.processes:
            process.wait()


LOKY, DASK = ("--jobs", "2"), ("--dask", "local", "--jobs", "2")


@pytest.mark.parametrize(
    ("options", "n_kills"),
    [
        (LOKY, 1),
        pytest.param(DASK, 1, marks=pytest.mark.slow),
        pytest.param(LOKY, 20, marks=pytest.mark.slow),
        pytest.param(DASK, 10, marks=pytest.mark.slow),
    ],
    ids=["loky", "dask", "loky, twenty times", "dask, ten times"],
)
def test_a_run_that_is_killed_goes_on_from_its_records(tmp_path, ended, options, n_kills):
    rng = np.random.default_rng(n_kills)
    command = Command(tmp_path, 3 * n_kills, *options)
    ended(command)
    for number in range(n_kills):
        records, begun = command.n_records(), command.n_begun()
        process = command.start()
        if number % 5 == 4:  # while it starts, or prepares trials
            time.sleep(rng.uniform(0, 5))
        else:
            command.wait_for_training(process)
            time.sleep(rng.uniform(0, 3 * TASK_S))
        process.kill()
        process.wait()
        command.assert_nothing_left()
        assert command.n_begun() - begun <= command.n_records() - records + IN_FLIGHT
    records, begun = command.n_records(), command.n_begun()
    command.finish()
    assert command.n_begun() - begun == command.n_tasks - records  # nothing that had a record
    assert command.n_records() == command.n_tasks
    command.assert_equal_to_undisturbed()
    command.assert_nothing_left()


def test_ctrl_c_ends_dask_workers(tmp_path, ended):
    command = Command(tmp_path, 10, "--dask", "local", "--jobs", "2")
    ended(command)
    process = command.start()
    command.wait_for_training(process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    assert process.wait(60) == 130
    assert "same command again" in process.messages()
    command.assert_nothing_left()


@pytest.mark.slow
def test_two_runs_at_once_in_one_folder_are_one_run(tmp_path, ended):
    """Of different seeds, started together; each rewrites the files of both."""
    command = Command(tmp_path, 4, "--jobs", "1")
    ended(command)
    options = [["--jobs", "1", "--seeds", seeds] for seeds in ("0,1", "2,3")]
    processes = [command.start(options=one) for one in options]
    assert [process.wait(300) for process in processes] == [0, 0]
    assert set(command.trainings().values()) == {1}
    command.assert_equal_to_undisturbed()


@pytest.mark.slow
def test_the_same_command_twice_at_once_is_one_run(tmp_path, ended):
    command = Command(tmp_path, 4, "--jobs", "1")
    ended(command)
    processes = [command.start() for _ in range(2)]
    assert [process.wait(300) for process in processes] == [0, 0]
    assert command.n_records() == command.n_tasks
    command.assert_equal_to_undisturbed()


class Cluster:
    """A scheduler and two workers, in processes of their own."""

    def __init__(self, command):
        self.command = command
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"

    def start(self):
        where = ("--host", "127.0.0.1", "--port", self.port, "--no-dashboard")
        self.scheduler = self.command.spawn("-m", "distributed.cli.dask_scheduler", *where)
        how = ("--nworkers", "2", "--nthreads", "1", "--no-dashboard", "--memory-limit", "0")
        self.command.spawn("-m", "distributed.cli.dask_worker", self.address, *how)

    def worker_pids(self):
        """Processes that compute tasks; their parents restart them."""
        running = marked(self.command.mark).items()
        return [pid for pid, line in running if b"spawn_main" in line]

    def kill_all(self):
        for pid in marked(self.command.mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def cluster(tmp_path, ended):
    command = Command(tmp_path, 20, "--dask", "ADDRESS")
    ended(command)
    made = Cluster(command)
    command.options = ("--dask", made.address)
    made.start()
    return made


@pytest.mark.slow
def test_a_worker_that_is_killed_ten_times_costs_what_it_was_doing(cluster):
    command, rng = cluster.command, np.random.default_rng(0)
    process = command.start()
    kills = 0
    while kills < 10 and process.poll() is None:
        command.wait_for_training(process)
        time.sleep(rng.uniform(0, 3 * TASK_S))
        workers = cluster.worker_pids()
        if workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(rng.choice(workers)), signal.SIGKILL)
                kills += 1
    assert kills == 10, "the run ended too early to be disturbed"
    assert process.wait(300) == 0
    assert command.n_records() == command.n_tasks
    assert command.n_begun() <= command.n_tasks + kills * IN_FLIGHT
    command.assert_equal_to_undisturbed()
    cluster.kill_all()
    command.assert_nothing_left()


@pytest.mark.slow
@pytest.mark.parametrize("n_kills", [1, 10], ids=["once", "ten times"])
def test_a_scheduler_that_is_killed_ends_the_run_which_goes_on_with_another(cluster, n_kills):
    command, rng = cluster.command, np.random.default_rng(1)
    for _ in range(n_kills):
        process = command.start()
        command.wait_for_training(process)
        time.sleep(rng.uniform(0, 3 * TASK_S))
        cluster.scheduler.kill()
        cluster.scheduler.wait()
        assert process.wait(120) == 1, process.messages()
        assert "connection to the Dask scheduler was lost" in process.messages()
        cluster.kill_all()  # their nannies look for the scheduler again for a while
        command.assert_nothing_left()
        cluster.start()
    records, begun = command.n_records(), command.n_begun()
    command.finish()
    assert command.n_begun() - begun == command.n_tasks - records
    command.assert_equal_to_undisturbed()
