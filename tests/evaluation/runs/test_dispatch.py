"""Which tasks go to workers, in what groups, and what is told of those that fail."""

from __future__ import annotations

import traceback
from dataclasses import replace

import pytest
from sklearn.pipeline import Pipeline

from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.runs import dispatch
from bci_dann.evaluation.runs.dispatch import failure_reason, run_missing, stacks_of
from bci_dann.evaluation.runs.executors import executor
from bci_dann.evaluation.runs.invocations import read_invocations
from bci_dann.evaluation.runs.manifest import manifest_of
from bci_dann.evaluation.runs.records import Task
from bci_dann.evaluation.runs.resolved_run import RunOptions, resolve_run
from bci_dann.exceptions import BCIDannWarning, ConfigError, ResultsError

NETWORK = {
    "name": "DANNClassifier",
    "from": "bci_dann.estimators",
    "parameters": {"max_epochs": 3, "backbone": {"name": "EEGNet", "kernel_length": 16}},
}
EEGNET = PipelineSpec("eegnet", (NETWORK,))
FULL = "train_and_target_unlabeled_full"


def shallow(name, **parameters):
    step = {"from": "bci_dann.estimators", "name": name, "parameters": parameters}
    return PipelineSpec(name, (step,))


def task(protocol, pipeline, subject, seed=0):
    return Task("SimulatedMI", "data", pipeline, protocol, subject, seed)


def test_networks_of_one_pipeline_and_protocol_are_a_stack():
    tasks = [task(FULL, EEGNET, subject) for subject in "123"]
    tasks += [task("train", EEGNET, subject) for subject in "12"]
    others = (
        shallow("ShallowClassifier"),
        shallow("ReweightedClassifier", learner="tangent_space"),
    )
    tasks += [task("train", spec, subject) for spec in others for subject in "12"]
    stacks = stacks_of(tasks, size=2)
    assert [len(stack) for stack in stacks] == [2, 1, 2, 1, 1, 1, 1]
    assert [one for stack in stacks for one in stack] == tasks
    assert [len(stack) for stack in stacks_of(tasks, size=1)] == [1] * len(tasks)


def test_seeds_of_a_pipeline_share_a_stack_and_variants_do_not():
    other = replace(EEGNET, name="eegnet[lr=0.1]")
    tasks = [task(FULL, spec, "1", seed) for spec in (EEGNET, other) for seed in (0, 1)]
    assert [len(stack) for stack in stacks_of(tasks, size=64)] == [2, 2]


def test_no_tasks_are_no_stacks():
    assert stacks_of([], size=4) == []


@pytest.fixture
def run(config, tmp_path):
    return resolve_run(config, RunOptions(out=tmp_path / "out", progress=False, stack=1))


@pytest.fixture
def tasks(run):
    (spec,) = run.pipelines
    return [Task("Set", "data", spec, "train", s, 0, versions=run.versions) for s in "123"]


def test_only_tasks_without_a_record_are_computed(run, tasks, trials_folder, monkeypatch):
    run_missing(run, tasks[:2], trials_folder)
    seen = []
    original = executor.execute_quietly

    def execute(some, setup):
        seen.extend(some)
        return original(some, setup)

    monkeypatch.setattr(executor, "execute_quietly", execute)
    run_missing(run, tasks, trials_folder)
    assert seen == tasks[2:]
    assert all(run.folder.read(one) is not None for one in tasks)


def test_nothing_is_imported_or_built_where_all_is_finished(run, tasks, trials_folder, monkeypatch):
    run_missing(run, tasks, trials_folder)
    monkeypatch.setattr(dispatch, "opened", lambda *_: pytest.fail("an executor was started"))
    monkeypatch.setattr(dispatch, "stacks_of", lambda *_: pytest.fail("a pipeline was built"))
    run_missing(replace(run, options=replace(run.options, stack=None)), tasks, trials_folder)


def test_failures_are_listed_and_the_log_has_their_tracebacks(run, tasks, trials_folder):
    unknown = [replace(tasks[0], subject=name) for name in ("8", "9")]
    with pytest.raises(ResultsError) as raised:
        run_missing(run, [tasks[0], *unknown], trials_folder)
    text = str(raised.value)
    assert text.startswith("2 of 3 tasks failed; the others are finished")
    assert "Give the same command again" in text
    lines = text.splitlines()[1:]
    assert [line.split(":")[0].strip() for line in lines] == [one.label for one in unknown]
    assert all("DataError" in line for line in lines)
    log = (run.folder.path / "failures.txt").read_text()
    assert [f"== {one.label}" in log for one in unknown] == [True, True]
    assert log.count("Traceback") == 2
    assert run.folder.read(tasks[0]) is not None


def test_a_reason_that_tasks_share_is_given_once(run, tasks, trials_folder, monkeypatch):
    def refuse(*_, **__):
        raise ConfigError("a parameter does not fit")

    monkeypatch.setattr(Pipeline, "fit", refuse)
    with pytest.raises(ResultsError) as raised:
        run_missing(run, tasks, trials_folder)
    text = str(raised.value)
    assert text.startswith(f"{len(tasks)} of {len(tasks)} tasks failed. See ")
    assert text.count("a parameter does not fit") == 1
    assert f"{tasks[0].label} and {len(tasks) - 1} more: " in text


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("too small", "ValueError: too small"),
        (
            "X contains NaN.\nA model does not accept it.\n  See the page.",
            "ValueError: X contains NaN.",
        ),
    ],
)
def test_the_reason_is_the_first_line_of_the_message(message, reason):
    def fail():
        raise ValueError(message)

    with pytest.raises(ValueError, match=message[:9]) as raised:
        fail()
    assert failure_reason("".join(traceback.format_exception(raised.value))) == reason


def test_a_text_without_a_traceback_is_a_reason_too():
    assert failure_reason("the worker was lost\n") == "the worker was lost"


def test_only_a_command_that_has_computed_something_is_kept(run, tasks, trials_folder):
    unknown = replace(tasks[0], subject="9")
    with pytest.raises(ResultsError):
        run_missing(run, [unknown], trials_folder)
    assert read_invocations(run.folder.path) == []
    for _ in range(2):  # the second time all is finished
        run_missing(run, tasks, trials_folder)
        assert len(read_invocations(run.folder.path)) == 1


def test_the_log_of_an_earlier_failure_goes_with_it(run, tasks, trials_folder):
    unknown = replace(tasks[0], subject="9")
    with pytest.raises(ResultsError, match="1 of 1 tasks failed"):
        run_missing(run, [unknown], trials_folder)
    log = run.folder.path / "failures.txt"
    assert log.exists()
    run_missing(run, tasks, trials_folder)
    assert not log.exists()


def test_records_of_workers_are_those_of_this_process(run, tasks, trials_folder, tmp_path):
    """A worker computes no key of its own: it is given the versions of the run."""
    two = replace(run, options=replace(run.options, out=tmp_path / "two", n_jobs=2))
    for one in (run, two):
        versioned = [replace(t, versions={"bci_dann": "elsewhere"}) for t in tasks]
        run_missing(one, versioned, trials_folder)
    names = [sorted(p.name for p in (r.folder.path / "records").iterdir()) for r in (run, two)]
    assert names[0] == names[1] == sorted(f"{one.key}.npz" for one in versioned)


def test_a_damaged_record_is_set_aside_and_replaced(run, tasks, trials_folder):
    run_missing(run, tasks, trials_folder)
    good = run.folder.read(tasks[0])
    path = run.folder.record_path(tasks[0])
    path.write_bytes(b"half")
    with pytest.warns(BCIDannWarning, match=rf"{tasks[0].label} was damaged.*{path}\.damaged"):
        run_missing(run, tasks, trials_folder)
    again = run.folder.read(tasks[0])
    assert again.probabilities.tobytes() == good.probabilities.tobytes()
    assert path.with_name(f"{path.name}.damaged").read_bytes() == b"half"


def test_failures_of_another_run_in_the_folder_stay_until_their_tasks_have_records(
    run, tasks, trials_folder
):
    log = run.folder.path / "failures.txt"
    manifest = manifest_of(run.config, run.pipelines)
    known = replace(manifest, data_key="data", versions=dict(run.versions), subjects=list("123"))
    run.folder.open(known)
    log.write_text(f"== {tasks[1].label}\nTraceback\nOSError: no\n== {tasks[0].label}\nother")
    run_missing(run, tasks[:1], trials_folder)
    assert log.read_text() == f"== {tasks[1].label}\nTraceback\nOSError: no"
    run_missing(run, tasks[1:], trials_folder)
    assert not log.exists()
