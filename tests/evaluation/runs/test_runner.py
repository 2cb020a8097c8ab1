from __future__ import annotations

import errno
import json
import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bci_dann import _files
from bci_dann.data.cache import store
from bci_dann.data.trials import replace_labels
from bci_dann.evaluation import run_benchmark
from bci_dann.evaluation.runs import runner, worker
from bci_dann.evaluation.runs.execution import compute
from bci_dann.evaluation.runs.resolved_run import ResolvedRun, RunOptions, resolve_run
from bci_dann.evaluation.runs.results import COLUMNS
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError, ResultsError


def record_files(out):
    return {path.name: path.stat().st_mtime_ns for path in (out / "records").glob("*.npz")}


def run(config, out, **more):
    return run_benchmark(config, out, progress=False, **more)


@pytest.fixture
def computed(monkeypatch):
    """The subjects of the tasks that are computed, as they are computed."""
    seen = []

    def noting(job, trials, *more):
        seen.append(job.subject)
        return compute(job, trials, *more)

    monkeypatch.setattr(worker, "compute", noting)
    return seen


def test_table(prepared, config, tmp_path):
    table = run(config, tmp_path / "out")
    assert tuple(table.columns) == COLUMNS
    assert list(table["subject"]) == ["1", "1", "2", "2", "3", "3"]
    assert set(table["n_train"]) == {40}
    assert set(table["n_test"]) == {10}
    assert table["accuracy"].mean() > 0.8
    stored = pd.read_csv(tmp_path / "out" / "results.csv", dtype={"subject": str, "session": str})
    pd.testing.assert_frame_equal(stored, table, check_dtype=False)


def test_a_killed_run_computes_only_what_is_missing(prepared, config, tmp_path, computed):
    out = tmp_path / "out"
    first = run(config, out)
    lost = sorted((out / "records").iterdir())[1]
    lost.unlink()
    before = record_files(out)
    computed.clear()
    second = run(config, out)
    assert len(computed) == 1
    after = record_files(out)
    assert {name: after[name] for name in before} == before
    pd.testing.assert_frame_equal(
        first.drop(columns="fit_seconds"), second.drop(columns="fit_seconds")
    )


def test_damaged_record_is_computed_again(prepared, config, tmp_path, computed):
    out = tmp_path / "out"
    run(config, out)
    next((out / "records").iterdir()).write_bytes(b"half a rec")
    computed.clear()
    with pytest.warns(BCIDannWarning, match="damaged"):
        table = run(config, out)
    assert (len(computed), len(table)) == (1, 6)


def test_configuration_may_grow(prepared, config, tmp_path, computed):
    out = tmp_path / "out"
    run(config, out)
    computed.clear()
    table = run({**config, "seeds": [0, 1], "protocols": ["train", "train_trialwise"]}, out)
    assert (len(computed), len(table)) == (9, 24)
    # a part of what is there computes nothing and loses nothing
    assert len(run(config, out)) == 24
    assert len(computed) == 9


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"preprocessing": {"band": [4, 40]}}, r"preprocessing\.band: \[8.0, 32.0\] in the folder"),
        ({"data": {"dataset": "SimulatedMI", "sessions": "first"}}, r"data\.sessions"),
        ({"pipeline_parameters": {"logistic": {"C": 2.0}}}, r"pipelines\.logistic\[1\].*\.C"),
        ({"threads": 2}, "threads"),
    ],
)
def test_changed_configuration_is_refused(prepared, config, tmp_path, change, named):
    out = tmp_path / "out"
    run(config, out)
    before = (out / "config.json").read_bytes()
    with pytest.raises(ResultsError, match=named):
        run({**config, **change}, out)
    assert (out / "config.json").read_bytes() == before


def test_a_run_with_other_subjects_can_use_the_same_folder(prepared, config, tmp_path):
    run(config, tmp_path)
    run({**config, "data": {"dataset": "SimulatedMI", "subjects": [1, 2]}}, tmp_path)


@pytest.mark.parametrize("name", ["bci_dann", "torch", "numpy"])
def test_another_version_of_code_or_libraries_reuses_no_record(
    prepared, config, tmp_path, computed, name
):
    run(config, tmp_path)
    computed.clear()
    resolved = resolve_run(config, RunOptions(tmp_path, progress=False))
    other = replace(resolved, versions={**resolved.versions, name: "other"})
    done = runner.run_tasks(other, runner.LEAVE_ONE_SUBJECT_OUT)
    assert computed == ["1", "2", "3"]
    assert len(done.tabulated) == 3  # the table is that of the last run
    assert len(record_files(tmp_path)) == 6


def test_other_trials_reuse_no_record(prepared, config, tmp_path, computed, monkeypatch, trials):
    run(config, tmp_path)
    computed.clear()
    other = store(tmp_path / "cache", {"other": 1}, lambda writer: writer.add(trials))
    monkeypatch.setattr(ResolvedRun, "prepare_trials", lambda _: other)
    assert len(run(config, tmp_path)) == 6
    assert computed == ["1", "2", "3"]


def folder_of_recordings(folder):
    """Name three subjects by files that only their names and sizes are asked of."""
    folder.mkdir()
    for subject in "123":
        (folder / f"s{subject}.fif").write_bytes(b"recording")
    return folder


def of_recordings(config):
    layout = {"pattern": "s{subject}.fif", "events": {"l": "left", "r": "right"}}
    return {**config, "data": {"dataset": "Recordings", "recordings": layout}}


def test_another_data_folder_is_refused(prepared, config, tmp_path):
    out, config = tmp_path / "out", of_recordings(config)
    one, other = (folder_of_recordings(tmp_path / name) for name in ("one", "other"))
    (other / "s2.fif").write_bytes(b"another recording")
    run(config, out, data_dir=one)
    before = {path.name: path.read_bytes() for path in out.glob("*.*")}
    with pytest.raises(ResultsError, match=r"other recordings.*another folder with --out"):
        run(config, out, data_dir=other)
    assert {path.name: path.read_bytes() for path in out.glob("*.*")} == before
    config["data"]["subjects"] = ["1", "2"]
    run(config, out, data_dir=one)


def test_a_folder_that_does_not_know_its_recordings_goes_on(prepared, config, tmp_path):
    out, config = tmp_path / "out", of_recordings(config)
    one, other = (folder_of_recordings(tmp_path / name) for name in ("one", "other"))
    (other / "s2.fif").write_bytes(b"another recording")
    run(config, out, data_dir=one)
    held = json.loads((out / "config.json").read_text())
    del held["recordings"]  # as earlier versions wrote it
    (out / "config.json").write_text(json.dumps(held))
    before = record_files(out)
    run(config, out, data_dir=one)
    assert record_files(out) == before
    with pytest.raises(ResultsError, match="other recordings"):
        run(config, out, data_dir=other)


def test_dry_run_opens_the_recordings(config, tmp_path):
    folder = folder_of_recordings(tmp_path / "data")
    with pytest.raises(DataError, match=r"s1.fif cannot be read"):
        run(of_recordings(config), tmp_path / "out", data_dir=folder, dry_run=True)


def test_unreadable_config_in_the_folder(prepared, config, tmp_path):
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ResultsError, match="cannot be read"):
        run(config, tmp_path)


def test_results_of_several_jobs_are_bit_identical(prepared, config, five_pipelines, tmp_path):
    config = {
        **config,
        "pipelines": five_pipelines,
        "protocols": ["train_and_target_unlabeled_50p"],
    }
    tables = [run(config, tmp_path / str(n), n_jobs=n) for n in (1, 2)]
    pd.testing.assert_frame_equal(
        *(table.drop(columns="fit_seconds") for table in tables), check_exact=True
    )
    one, two = (sorted((tmp_path / str(n) / "records").iterdir()) for n in (1, 2))
    assert len(one) == 5 * 3
    assert [path.name for path in one] == [path.name for path in two]
    for left, right in zip(one, two, strict=True):
        with np.load(left) as a, np.load(right) as b:
            assert all(a[key].tobytes() == b[key].tobytes() for key in a if key != "seconds")


def test_a_task_that_fails_costs_only_itself(prepared, config, tmp_path, monkeypatch):
    def failing(job, trials, *more):
        if job.subject == "2":
            raise FloatingPointError("loss is not finite")
        return compute(job, trials, *more)

    monkeypatch.setattr(worker, "compute", failing)
    with pytest.raises(ResultsError, match=r"(?s)1 of 3 tasks failed.*subject 2.*not finite"):
        run(config, tmp_path)
    assert len(record_files(tmp_path)) == 2
    assert len(pd.read_csv(tmp_path / "results.csv")) == 4
    assert "Traceback" in (tmp_path / "failures.txt").read_text()
    monkeypatch.setattr(worker, "compute", compute)
    assert len(run(config, tmp_path)) == 6
    assert not (tmp_path / "failures.txt").exists()


def test_progress_is_a_line_a_task_where_there_is_no_terminal(prepared, config, tmp_path, capsys):
    run_benchmark(config, tmp_path, progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "0/3 tasks are finished"
    tasks = [f"{n}/3 logistic, train, subject {n}, seed 0" for n in (1, 2, 3)]
    for line, task in zip(lines[1:3], tasks[:2], strict=True):
        assert line.startswith(f"{task}, about ")
        assert line.endswith(" s left")
    assert lines[3:] == tasks[2:]


def test_ctrl_c_keeps_what_is_finished(prepared, config, tmp_path, monkeypatch):
    def interrupted(job, trials, *more):
        if job.subject == "3":
            raise KeyboardInterrupt
        return compute(job, trials, *more)

    monkeypatch.setattr(worker, "compute", interrupted)
    with pytest.raises(KeyboardInterrupt, match=r"2 of 3 tasks.*same command again"):
        run(config, tmp_path)
    assert len(record_files(tmp_path)) == 2
    assert set(pd.read_csv(tmp_path / "results.csv")["subject"]) == {1, 2}


def test_full_disk_stops_the_run_and_keeps_the_rest(prepared, config, tmp_path, monkeypatch):
    original = _files._replace

    def fill_up(path, content):
        if path.parent.name == "records" and len(list(path.parent.glob("*.npz"))) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(path, content)

    monkeypatch.setattr(_files, "_replace", fill_up)
    with pytest.raises(ResultsError, match="No space left on device"):
        run(config, tmp_path)
    assert len(record_files(tmp_path)) == 2
    assert len(pd.read_csv(tmp_path / "results.csv")) == 4


def test_table_order_does_not_depend_on_who_finishes_first(prepared, config, tmp_path):
    from bci_dann.evaluation.runs.results import ResultsFolder, results_table

    run(config, tmp_path)
    resolved = resolve_run(config, RunOptions(tmp_path))
    tasks = resolved.folder.manifest().tasks
    finished = list(ResultsFolder(tmp_path).finished(tasks))
    assert len(finished) == 3
    pd.testing.assert_frame_equal(results_table(finished), results_table(finished[::-1]))


def test_one_subject_is_refused_before_training(config, tmp_path, monkeypatch, trials_folder):
    from bci_dann.data import open_trials

    trials = open_trials(trials_folder)
    alone = store(tmp_path, {"one": 1}, lambda w: w.add(trials[trials.subjects == "1"]))
    monkeypatch.setattr(ResolvedRun, "prepare_trials", lambda _: alone)
    with pytest.raises(DataError, match="at least two subjects"):
        run(config, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_too_few_subjects_are_refused_before_their_trials_are_prepared(
    config, tmp_path, monkeypatch
):
    monkeypatch.setattr(ResolvedRun, "prepare_trials", lambda _: pytest.fail("data came first"))
    config["data"] = {"dataset": "SimulatedMI", "subjects": [1]}
    with pytest.raises(DataError, match="at least two subjects"):
        run(config, tmp_path / "out")


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_read_only_folder_is_refused_before_trials_are_prepared(
    config, tmp_path, monkeypatch, dry_run
):
    monkeypatch.setattr(ResolvedRun, "prepare_trials", lambda _: pytest.fail("data came first"))
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)
    with pytest.raises(ResultsError, match="is read-only"):
        run(config, tmp_path / "out", dry_run=dry_run)


def test_class_of_one_subject_only_is_refused(config, tmp_path, monkeypatch, trials):
    y = trials.y.astype("<U5")
    y[0] = "feet"
    folder = store(tmp_path, {"c": 1}, lambda w: w.add(replace_labels(trials, y)))
    monkeypatch.setattr(ResolvedRun, "prepare_trials", lambda _: folder)
    with pytest.raises(DataError, match="'feet' occurs only in subject 1"):
        run(config, tmp_path / "out")


@pytest.mark.parametrize("n_jobs", [0, -2])
def test_impossible_jobs_are_refused_before_any_data(config, tmp_path, monkeypatch, n_jobs):
    monkeypatch.setattr(ResolvedRun, "prepare_trials", lambda _: pytest.fail("data came first"))
    with pytest.raises(ConfigError, match=f"at least 1, or -1 for all cores; got {n_jobs}"):
        run(config, tmp_path, n_jobs=n_jobs)


def test_every_pipeline_is_checked_before_any_data(
    config, specs, write_pipeline, tmp_path, monkeypatch
):
    last = specs["logistic"].definition[1]
    wrong = write_pipeline("wrong", {**last, "parameters": {"C": "big"}})
    monkeypatch.setattr(ResolvedRun, "prepare_trials", lambda _: pytest.fail("data came first"))
    with pytest.raises(ConfigError, match="'C' parameter"):
        run({**config, "pipelines": [*config["pipelines"], str(wrong)]}, tmp_path)


def test_config_json_describes_the_results_of_the_folder(prepared, config, tmp_path):
    run(config, tmp_path)
    held = json.loads((tmp_path / "config.json").read_text())
    assert list(held["pipelines"]) == ["logistic"]
    assert held["protocols"] == ["train"]
    assert held["fixed"]["data"]["dataset"] == "SimulatedMI"


def test_dry_run_writes_and_loads_nothing(config, tmp_path, monkeypatch):
    monkeypatch.setattr(ResolvedRun, "prepare_trials", lambda _: pytest.fail("data was loaded"))
    config["data"] = {"dataset": "FakeDataset", "params": {"n_subjects": 3, "paradigm": "imagery"}}
    plan = run({**config, "seeds": [0, 1]}, tmp_path / "out", dry_run=True)
    assert list(plan.columns) == ["dataset", "pipeline", "protocol", "seed", "subject"]
    assert len(plan) == 6
    assert not (tmp_path / "out").exists()
