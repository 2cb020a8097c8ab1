"""Checks before anything is trained, and what they tell."""

from __future__ import annotations

import sys
import types
import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from bci_dann.data import DataConfig
from bci_dann.data.trials import replace_labels
from bci_dann.evaluation import load_config, run_benchmark
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.config.run_config import pipeline_specs
from bci_dann.evaluation.runs.preflight import (
    check_classes,
    check_data_folder,
    check_folds,
    check_jobs,
    check_pipelines,
    check_recordings,
    check_stack,
    check_subject_count,
)
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError

LAYOUT = {"pattern": "s{subject}.fif", "events": {"l": "left", "r": "right"}}
RECORDINGS = DataConfig(dataset="Recordings", recordings=LAYOUT)


@pytest.mark.parametrize("n_jobs", [1, 2, 100, -1])
def test_possible_jobs(n_jobs):
    check_jobs(n_jobs)


@pytest.mark.parametrize("n_jobs", [0, -2, -100])
def test_impossible_jobs(n_jobs):
    with pytest.raises(ConfigError, match=f"at least 1, or -1 for all cores; got {n_jobs}"):
        check_jobs(n_jobs)


def test_stacks():
    for stack in (None, 1, 64):
        check_stack(stack)
    for stack in (0, -1):
        with pytest.raises(
            ConfigError, match=rf"--stack \(stack\) must be at least 1; got {stack}"
        ):
            check_stack(stack)


def test_other_datasets_need_no_folder(tmp_path):
    check_data_folder(DataConfig(dataset="SimulatedMI"), None)
    check_data_folder(DataConfig(dataset="BNCI2014_001"), tmp_path / "not made yet")


def test_recordings_need_a_folder_with_a_file_that_fits(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="pass --data-dir FOLDER"):
        check_data_folder(RECORDINGS, None)
    with pytest.raises(DataError, match="does not exist"):
        check_data_folder(RECORDINGS, tmp_path / "nothing")
    with pytest.raises(DataError, match="is empty"):
        check_data_folder(RECORDINGS, tmp_path)
    (tmp_path / "x.fif").touch()
    with pytest.raises(DataError, match=r"no file of .* fits the pattern"):
        check_data_folder(RECORDINGS, tmp_path)
    with pytest.raises(DataError, match="is a file"):
        check_data_folder(RECORDINGS, tmp_path / "x.fif")
    (tmp_path / "s1.fif").touch()
    check_data_folder(RECORDINGS, str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    check_data_folder(RECORDINGS, "~")


class Moved(UserWarning):
    """A warning of a parameter that has another place now."""

    new_form = {"terms": {"mcc": 1.0}}  # noqa: RUF012


class Ageing(LogisticRegression):
    """Warns of its parameter ``old``."""

    def __init__(self, old=None, C=1.0):
        super().__init__(C=C)
        self.old = old
        if old is not None:
            warnings.warn(Moved("the parameter old has moved"), stacklevel=2)


@pytest.fixture
def ageing(monkeypatch, write_pipeline):
    """The file of a pipeline with a parameter of the version before."""
    module = types.ModuleType("own_ageing_run")
    module.Ageing = Ageing
    monkeypatch.setitem(sys.modules, "own_ageing_run", module)
    step = {"name": "Ageing", "from": "own_ageing_run", "parameters": {"old": 1}}
    return write_pipeline("ageing", {"name": "Vectorizer", "from": "mne.decoding"}, step)


def test_each_warning_is_issued_once_a_run_with_the_new_lines(config, ageing):
    variants = {"ageing": {"C": [1.0, 2.0, 3.0]}}
    run = load_config({**config, "pipelines": [str(ageing)], "variants": variants})
    with pytest.warns(BCIDannWarning) as caught:
        check_pipelines(pipeline_specs(run), seed=0)
    assert [str(one.message) for one in caught] == [
        f"{ageing}: the parameter old has moved\nWrite instead:\n  terms:\n    mcc: 1.0"
    ]


def test_a_benchmark_issues_it_once_for_all_its_tasks(prepared, config, ageing, tmp_path):
    config = {**config, "pipelines": [str(ageing)], "seeds": [0, 1]}
    with pytest.warns(BCIDannWarning, match="has moved") as caught:
        table = run_benchmark(config, tmp_path / "out", progress=False)
    assert len(table) == 2 * 3 * 2
    assert len(caught) == 1


def test_classes_that_ask_for_the_same_lines_are_told_once(config, ageing, write_pipeline):
    """One line of a configuration, say for every pipeline, is to be changed once."""
    step = {"name": "Ageing", "from": "own_ageing_run"}
    others = [str(write_pipeline(name, step)) for name in ("one", "two")]
    settings = {"*": {"old": 2}}
    run = load_config({**config, "pipelines": others, "pipeline_parameters": settings})
    with pytest.warns(BCIDannWarning) as caught:
        check_pipelines(pipeline_specs(run), seed=0)
    assert len(caught) == 1
    files = load_config({**config, "pipelines": [str(ageing), *others[:1]], "seeds": [1]})
    with pytest.warns(BCIDannWarning, match="^.*ageing.yml: the parameter"):
        check_pipelines(pipeline_specs(files), seed=0)


def test_a_configuration_that_sets_the_old_parameter_is_named(config, ageing):
    settings = {"ageing": {"old": 2}}
    run = load_config({**config, "pipelines": [str(ageing)], "pipeline_parameters": settings})
    with pytest.warns(BCIDannWarning, match="^the configuration: pipeline_parameters: the param"):
        check_pipelines(pipeline_specs(run), seed=0)


def test_every_pipeline_is_built():
    good = {"name": "LogisticRegression", "from": "sklearn.linear_model", "parameters": {}}
    bad = {**good, "parameters": {"C": -1.0}}
    with pytest.raises(ConfigError, match="pipeline b: LogisticRegression: The 'C' parameter"):
        check_pipelines([PipelineSpec("a", (good,)), PipelineSpec("b", (bad,))], seed=0)


def test_too_few_subjects_to_leave_one_out_are_refused():
    check_subject_count(["1", "2"])
    check_subject_count(["1", "2", "3"], left_out=2)
    with pytest.raises(DataError, match=r"one subject out needs at least two subjects; .* \['1'\]"):
        check_subject_count(["1"])
    with pytest.raises(DataError, match="two subjects out needs at least three subjects"):
        check_subject_count(["1", "2"], left_out=2)


def test_a_class_that_is_missing_without_its_subjects_is_refused(trials):
    check_classes(trials, left_out=2)
    y = trials.y.astype("<U5")
    y[0] = "feet"
    with pytest.raises(
        DataError, match="'feet' occurs only in subject 1: in training without 1 it is missing"
    ):
        check_classes(replace_labels(trials, y))
    y[np.flatnonzero(trials.subjects == "2")[0]] = "feet"
    check_classes(replace_labels(trials, y))
    with pytest.raises(DataError, match="'feet' occurs only in subject 1 and 2"):
        check_classes(replace_labels(trials, y), left_out=2)


def test_a_protocol_that_cannot_divide_a_target_is_refused_before_training(trials):
    subjects = list(dict.fromkeys(trials.subjects.tolist()))
    check_folds(trials, subjects, ["train", "first_session_labeled"])
    is_last = trials.metadata["session"].to_numpy(dtype=str) == trials.metadata["session"].iloc[-1]
    shorter = trials[np.flatnonzero((trials.subjects != subjects[-1]) | is_last)]
    message = f"protocol first_session_labeled: subject {subjects[-1]} has only one session"
    with pytest.raises(DataError, match=message):
        check_folds(shorter, subjects, ["train", "first_session_labeled"])
    check_folds(shorter, subjects[:-1], ["first_session_labeled"])


def test_only_folders_of_recordings_are_opened(monkeypatch):
    from bci_dann.data.recordings.folder import Recordings

    calls = []
    monkeypatch.setattr(Recordings, "__init__", lambda self: None)
    monkeypatch.setattr(Recordings, "check", lambda self: calls.append("check"))
    monkeypatch.setattr(Recordings, "check_fits", lambda self, *given: calls.append(given))
    check_recordings(object(), "preprocessing", "selection")
    assert calls == []
    check_recordings(Recordings(), "preprocessing", "selection")
    assert calls == ["check", ("preprocessing", "selection")]


def test_rest_windows_must_be_cut_where_a_pipeline_takes_them(config):
    run = load_config({**config, "pipelines": ["rts_logistic", "rts_rest"]})
    with pytest.raises(ConfigError, match=r"pipeline rts_rest .*add `rest_window: \[-2.5, -0.5\]`"):
        check_pipelines(pipeline_specs(run), 0, run.preprocessing)
    with_rest = run.preprocessing.model_copy(update={"rest_window": (-0.9, -0.1)})
    check_pipelines(pipeline_specs(run), 0, with_rest)
