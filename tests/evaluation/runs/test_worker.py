"""What a process keeps for the time of a run, and how it does its tasks."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pytest

from bci_dann.evaluation import run_benchmark
from bci_dann.evaluation.runs import worker as worker_module
from bci_dann.evaluation.runs.records import Task
from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.evaluation.runs.worker import (
    TaskWarning,
    Worker,
    WorkerSetup,
    execute,
    execute_quietly,
    release_worker,
)
from bci_dann.exceptions import BCIDannWarning, ResultsError


@pytest.fixture
def setup(trials_folder, tmp_path):
    yield WorkerSetup("one", trials_folder, ResultsFolder(tmp_path / "out"))
    release_worker("one")
    release_worker("two")


@pytest.fixture
def tasks(specs):
    spec = specs["logistic"]
    return [Task("Set", "data", spec, "train", subject, 0) for subject in ("1", "2", "3")]


@pytest.fixture
def opened(monkeypatch):
    """The folders of trials that are opened."""
    from bci_dann.data import cache

    seen = []
    original = cache.open_trials
    monkeypatch.setattr(
        cache, "open_trials", lambda folder: seen.append(folder) or original(folder)
    )
    return seen


def test_a_task_leaves_its_record(setup, tasks):
    assert execute(tasks[:1], setup) == [(tasks[0], None)]
    record = setup.folder.read(tasks[0])
    assert record.n_train == 40
    assert setup.folder.read(tasks[1]) is None


def test_a_failed_task_gives_its_traceback_and_no_record(setup, tasks):
    unknown = replace(tasks[0], subject="9")
    ((task, failure),) = execute([unknown], setup)
    assert task is unknown
    assert failure.startswith("Traceback")
    assert "must be one of '1', '2', '3'; got '9'" in failure
    assert not setup.folder.path.exists()


def test_a_record_that_cannot_be_written_stops_the_run(setup, tasks):
    setup.folder.path.write_text("a file in the place of the folder")
    with pytest.raises(ResultsError, match="cannot be written"):
        execute(tasks[:1], setup)


def test_trials_are_opened_once_a_run(setup, tasks, opened):
    for task in tasks:
        execute([task], setup)
    assert opened == [setup.trials_folder]


def test_another_run_has_a_worker_of_its_own_and_the_former_is_dropped(setup, tasks, opened):
    execute(tasks[:1], setup)
    former = worker_module._worker_of(setup)
    execute(tasks[1:2], replace(setup, run_id="two"))
    assert len(opened) == 2
    assert worker_module._worker_of(replace(setup, run_id="two")) is not former
    assert worker_module._worker_of(setup) is not former


def test_nothing_is_kept_after_the_run(setup, tasks, opened):
    execute(tasks[:1], setup)
    release_worker("another")
    execute(tasks[1:2], setup)
    assert len(opened) == 1
    release_worker("one")
    release_worker("one")
    execute(tasks[2:], setup)
    assert len(opened) == 2


def test_a_benchmark_releases_its_worker(prepared, config, tmp_path):
    run_benchmark(config, tmp_path / "out", progress=False)
    assert worker_module._current_worker == {}


def test_a_benchmark_that_fails_releases_its_worker(prepared, config, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(worker_module, "compute", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_benchmark(config, tmp_path / "out", progress=False)
    assert worker_module._current_worker == {}


class Cached:
    """An estimator that notes the cache it is given."""

    def use_cache(self, cache):
        self.cache = cache


def test_estimators_share_the_cache_of_their_worker(setup):
    worker = Worker(setup)
    worker.cache = object()
    estimator = Cached()
    worker_module._share_cache(estimator, worker)
    worker_module._share_cache(object(), worker)  # others are left as they are
    assert estimator.cache is worker.cache


def test_the_cache_is_large_enough_for_the_features_of_all_trials(setup, monkeypatch):
    from bci_dann.alignment import result_cache

    assert Worker(setup).cache.n_bytes == result_cache.DEFAULT_BYTES  # a small set
    monkeypatch.setattr(result_cache, "DEFAULT_BYTES", 1)
    worker = Worker(setup)
    assert worker.cache.n_bytes == 2 * worker.trials.X.nbytes


class Foreign(FutureWarning):
    """A warning whose class no other process knows."""


def test_warnings_of_tasks_come_back_once_each(setup, tasks, monkeypatch):
    def warning(*_):
        for category in (BCIDannWarning, BCIDannWarning, Foreign):
            warnings.warn("few trials", category, stacklevel=1)
        raise ValueError

    monkeypatch.setattr(worker_module, "compute", warning)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        ((_, failure),), caught = execute_quietly(tasks[:1], setup)
    assert "ValueError" in failure
    assert caught == [
        TaskWarning("few trials", BCIDannWarning),
        TaskWarning("few trials", FutureWarning),
    ]


def test_a_task_that_has_got_a_record_meanwhile_is_left(setup, tasks, monkeypatch):
    """From another run in the same folder, or from a worker that died after writing it."""
    execute(tasks[:1], setup)
    before = setup.folder.record_path(tasks[0]).stat().st_mtime_ns
    monkeypatch.setattr(worker_module, "compute", lambda *_: pytest.fail("computed again"))
    assert execute(tasks[:1], setup) == [(tasks[0], None)]
    assert setup.folder.record_path(tasks[0]).stat().st_mtime_ns == before


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_run_raises_the_warnings_of_its_tasks_itself(
    prepared, write_pipeline, config, tmp_path, n_jobs
):
    """In this process, where they are counted, and on no stream of a worker."""
    step = {"name": "LogisticRegression", "from": "sklearn.linear_model"}
    scaler = {"name": "Vectorizer", "from": "mne.decoding"}
    few = write_pipeline("few", scaler, {**step, "parameters": {"max_iter": 1}})
    with pytest.warns(UserWarning, match="failed to converge"):
        run_benchmark({**config, "pipelines": [str(few)]}, tmp_path, n_jobs, progress=False)
