"""Tasks whose networks are trained in a stack, against the same tasks one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bci_dann.estimators import DANNClassifier
from bci_dann.evaluation import run_benchmark
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.runs import worker
from bci_dann.evaluation.runs.execution import compute, compute_stack
from bci_dann.evaluation.runs.records import Task
from bci_dann.exceptions import ConfigError, ResultsError

NETWORK = {
    "name": "DANNClassifier",
    "from": "bci_dann.estimators",
    "parameters": {"max_epochs": 3, "backbone": {"name": "EEGNet", "kernel_length": 16}},
}
EEGNET = PipelineSpec("eegnet", (NETWORK,))
FULL = "train_and_target_unlabeled_full"


def task(protocol, pipeline, subject, seed=0):
    return Task("SimulatedMI", "data", pipeline, protocol, subject, seed)


@pytest.fixture
def networks(config, write_pipeline):
    path = write_pipeline("network", NETWORK)
    return {**config, "pipelines": [*config["pipelines"], str(path)], "seeds": [0, 1]}


def test_records_are_those_of_tasks_alone(trials):
    tasks = [task(FULL, EEGNET, subject, seed) for subject in "12" for seed in (0, 1)]
    for one, together in zip(tasks, compute_stack(tasks, trials), strict=True):
        alone = compute(one, trials)
        np.testing.assert_allclose(
            together.probabilities, alone.probabilities, rtol=0, atol=2e-3, err_msg=one.label
        )
        for name in ("truth", "classes", "sessions", "test_index", "n_train"):
            np.testing.assert_array_equal(getattr(together, name), getattr(alone, name))


def test_a_run_in_stacks(prepared, networks, tmp_path):
    alone, together = (
        run_benchmark(networks, tmp_path / str(stack), progress=False, stack=stack)
        for stack in (1, 4)
    )
    plain = ["nll", "ece", "roc_auc", "accuracy", "balanced_accuracy", "kappa", "fit_seconds"]
    pd.testing.assert_frame_equal(alone.drop(columns=plain), together.drop(columns=plain))
    np.testing.assert_allclose(alone["nll"], together["nll"], atol=5e-3)


def test_a_member_that_fails_costs_only_itself(prepared, networks, tmp_path, monkeypatch):
    weigh = DANNClassifier.weigh

    def broken(model, weighting, trials, *more):
        bad = model.random_state == 1 and "1" not in trials.subjects
        return weigh(model, weighting, trials, *more) * (np.inf if bad else 1.0)

    monkeypatch.setattr(DANNClassifier, "weigh", broken)
    with pytest.raises(ResultsError, match="1 of 12 tasks failed") as failed:
        run_benchmark(networks, tmp_path / "out", progress=False, stack=8)
    assert "subject 1, seed 1 is not finite in epoch 1" in str(failed.value)
    assert len(list((tmp_path / "out" / "records").iterdir())) == 11


def test_a_task_that_cannot_begin_costs_only_itself(prepared, networks, tmp_path, monkeypatch):
    weigh = DANNClassifier.weigh

    def refused(model, weighting, trials, *more):
        if model.random_state == 1 and "1" not in trials.subjects:
            raise ValueError("no weights for subject 1")
        return weigh(model, weighting, trials, *more)

    monkeypatch.setattr(DANNClassifier, "weigh", refused)
    with pytest.raises(ResultsError, match="1 of 12 tasks failed") as failed:
        run_benchmark(networks, tmp_path / "out", progress=False, stack=8)
    assert "no weights for subject 1" in str(failed.value)
    assert len(list((tmp_path / "out" / "records").iterdir())) == 11


def test_a_fold_that_is_not_possible_costs_only_its_task(trials):
    metadata = trials.metadata.copy()
    metadata.loc[metadata["subject"] == "3", "session"] = "0"
    trials = replace(trials, metadata=metadata)
    tasks = [task("first_session_labeled", EEGNET, subject) for subject in "123"]
    *others, failed = compute_stack(tasks, trials)
    assert failed.startswith("Traceback")
    assert "DataError: subject 3 has only one session" in failed
    for one, record in zip(tasks, others, strict=False):
        alone = compute(one, trials)
        np.testing.assert_array_equal(record.test_index, alone.test_index)
        assert record.probabilities.tobytes() == alone.probabilities.tobytes()


def test_a_cpu_trains_alone_by_default(prepared, networks, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(worker, "compute_stack", None)  # not to be called
    run_benchmark(networks, tmp_path / "out", progress=False)


def test_impossible_stack(config, tmp_path):
    with pytest.raises(ConfigError, match="--stack"):
        run_benchmark(config, tmp_path / "out", stack=0)
