"""In what order tasks are submitted, and what becomes of those whose worker dies."""

from __future__ import annotations

import warnings

import pytest

from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.runs.executors.executor import Executor, Finished
from bci_dann.evaluation.runs.executors.submission import computed
from bci_dann.evaluation.runs.records import Task
from bci_dann.evaluation.runs.worker import TaskWarning
from bci_dann.exceptions import BCIDannWarning, ResultsError

SPEC = PipelineSpec("p", ({"name": "A", "from": "b", "parameters": {}},))


def tasks(n):
    return [Task("Set", "data", SPEC, "train", str(i), 0, versions={}) for i in range(n)]


class Recorded(Executor):
    """Two workers, which finish what was submitted first, and die of tasks as often as told."""

    def __init__(self, deaths=None, caught=()):
        self.deaths = deaths or {}
        self.caught = list(caught)
        self.open, self.submitted, self.most_open, self.stopped = [], [], 0, False

    @property
    def n_workers(self):
        return 2

    def submit(self, group, setup):
        self.open.append(group)
        self.submitted.append([task.subject for task in group])
        self.most_open = max(self.most_open, len(self.open))

    def wait(self):
        deadly = [group for group in self.open if any(self._dies(task) for task in group)]
        if deadly:  # all that runs is lost, as with loky
            lost, self.open = self.open, []
            return [Finished(group, None) for group in lost]
        group = self.open.pop(0)
        return [Finished(group, ([(task, None) for task in group], self.caught))]

    def _dies(self, task):
        left = self.deaths.get(task.subject, 0)
        self.deaths[task.subject] = left - 1
        return left > 0

    def stop(self):
        self.stopped = True


def results_of(executor, stacks):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BCIDannWarning)
        return {task.subject: failure for task, failure in computed(executor, stacks, None)}


def test_as_many_are_submitted_as_the_executor_takes_and_all_are_done():
    executor = Recorded()
    assert results_of(executor, [[task] for task in tasks(7)]) == dict.fromkeys("0123456")
    assert executor.most_open == 2
    assert executor.submitted == [[str(i)] for i in range(7)]
    assert not executor.stopped


def test_nothing_to_do_is_nothing_submitted():
    assert results_of(Recorded(), []) == {}


def test_a_death_that_does_not_repeat_costs_nothing():
    executor = Recorded({"1": 1})
    assert results_of(executor, [[task] for task in tasks(4)]) == dict.fromkeys("0123")
    assert executor.submitted.count(["1"]) == 2


def test_a_task_that_dies_again_is_tried_alone_and_then_fails_without_the_others():
    executor = Recorded({"1": 99})
    found = results_of(executor, [[task] for task in tasks(5)])
    assert {name for name, failure in found.items() if failure} == {"1"}
    assert "every worker that computed this task died" in found["1"]
    assert "\n" not in found["1"]  # the message of the run shows the last line
    assert executor.submitted.count(["1"]) == 3


def test_a_stack_is_taken_apart_before_a_task_is_blamed():
    executor = Recorded({"1": 99})
    found = results_of(executor, [tasks(3)])
    assert {name for name, failure in found.items() if failure} == {"1"}
    assert executor.submitted == [["0", "1", "2"]] * 2 + [["0"], ["1"], ["2"]]


def test_a_died_worker_is_reported_with_cause_and_advice():
    with pytest.warns(BCIDannWarning, match=r"worker process died.*lack of memory.*fewer --jobs"):
        list(computed(Recorded({"0": 1}), [tasks(1)], None))


def test_warnings_of_workers_are_raised_here():
    executor = Recorded(caught=[TaskWarning("few trials", BCIDannWarning)])
    with pytest.warns(BCIDannWarning, match="few trials"):
        list(computed(executor, [tasks(1)], None))


def test_what_still_runs_is_stopped_when_results_are_not_wanted_any_more():
    executor = Recorded()
    results = computed(executor, [[task] for task in tasks(5)], None)
    next(results)
    results.close()
    assert executor.stopped


def test_what_still_runs_is_stopped_by_an_error():
    executor = Recorded()

    def full(*_):
        raise ResultsError("disk full")

    executor.wait = full
    with pytest.raises(ResultsError, match="disk full"):
        list(computed(executor, [[task] for task in tasks(5)], None))
    assert executor.stopped
