"""The executor that is this process."""

from __future__ import annotations

import pytest

from bci_dann.evaluation.runs.executors.executor import InProcess
from bci_dann.evaluation.runs.records import Task
from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.evaluation.runs.worker import WorkerSetup, release_worker


@pytest.fixture
def setup(trials_folder, tmp_path):
    yield WorkerSetup("one", trials_folder, ResultsFolder(tmp_path / "out"))
    release_worker("one")


def test_tasks_are_computed_when_they_are_waited_for(setup, specs):
    task = Task("Set", "data", specs["logistic"], "train", "1", 0)
    with InProcess() as executor:
        executor.submit([task], setup)
        assert setup.folder.read(task) is None
        (finished,) = executor.wait()
    assert finished.tasks == [task]
    assert finished.outcome == ([(task, None)], [])
    assert setup.folder.read(task) is not None
    assert (executor.n_workers, executor.most_submitted) == (1, 1)


@pytest.mark.parametrize(("has_gpu", "expected"), [(True, 64), (False, 1)])
def test_stacks_are_for_gpus_by_default(monkeypatch, has_gpu, expected):
    monkeypatch.setattr("torch.cuda.is_available", lambda: has_gpu)
    assert InProcess().default_stack == expected


def test_stopping_forgets_what_was_submitted(setup):
    executor = InProcess()
    executor.submit([], setup)
    executor.stop()
    with pytest.raises(IndexError):
        executor.wait()
