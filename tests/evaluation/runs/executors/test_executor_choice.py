"""Which executor a name stands for, and what is refused before any work."""

from __future__ import annotations

import sys

import pytest

from bci_dann.evaluation.runs.executors.executor import InProcess
from bci_dann.evaluation.runs.executors.executor_choice import check_executor, opened
from bci_dann.evaluation.runs.executors.local_processes import LocalProcesses
from bci_dann.evaluation.runs.resolved_run import RunOptions, resolve_run
from bci_dann.exceptions import ConfigError, InstallationError


@pytest.mark.parametrize(
    ("executor", "n_jobs", "kind", "n_workers"),
    [
        (None, 1, InProcess, 1),
        (None, 3, LocalProcesses, 3),
        ("in-process", 1, InProcess, 1),
        ("loky", 1, LocalProcesses, 1),
        ("loky", 2, LocalProcesses, 2),
    ],
)
def test_executors_are_chosen_by_name(executor, n_jobs, kind, n_workers):
    with opened(executor, n_jobs) as made:
        assert type(made) is kind
        assert made.n_workers == n_workers


def test_an_executor_that_exists_is_left_open():
    class Noting(InProcess):
        closed = False

        def close(self):
            self.closed = True

    own = Noting()
    with opened(own, 1) as made:
        assert made is own
    assert not own.closed


@pytest.mark.parametrize("executor", ["daks", "local", 3, object()])
def test_an_unknown_one_is_refused_with_what_there_is(config, tmp_path, executor):
    with pytest.raises(ConfigError, match=r"one of in-process, loky, dask, the address.*got"):
        resolve_run(config, RunOptions(tmp_path, executor=executor))


@pytest.mark.parametrize("executor", ["in-process", "tcp://10.0.0.1:8786"])
def test_jobs_with_an_executor_that_ignores_them_are_refused(config, tmp_path, executor):
    with pytest.raises(ConfigError, match=r"--jobs .* does not apply to the executor"):
        resolve_run(config, RunOptions(tmp_path, n_jobs=2, executor=executor))


def test_without_dask_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InstallationError, match=r"pip install bci_dann\[dask\]"):
        check_executor("dask", 2)
    check_executor("loky", 2)
