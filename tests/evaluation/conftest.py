"""A small dataset on disk, and runs on it that need neither a simulator nor a network."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest
import yaml

from bci_dann.data import EEGTrials
from bci_dann.data.cache import store
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.runs.resolved_run import ResolvedRun

SCALER = {"name": "Vectorizer", "from": "mne.decoding"}
LOGISTIC = {"name": "LogisticRegression", "from": "sklearn.linear_model"}


def make_trials(n_subjects=3, n_sessions=2, n_trials=10, classes=("left", "right"), seed=0):
    """Trials in which the class is the offset of a channel."""
    rng = np.random.default_rng(seed)
    total = n_subjects * n_sessions * n_trials
    labels = np.resize(np.array(classes), total)
    X = 10 * rng.standard_normal((total, 3, 64))
    for index, name in enumerate(classes):
        X[labels == name, index % 3] += 4
    rows = [
        (str(subject), str(session), "0")
        for subject in range(1, n_subjects + 1)
        for session in range(n_sessions)
        for _ in range(n_trials)
    ]
    info = mne.create_info(["C3", "Cz", "C4"], 32.0, "eeg")
    metadata = pd.DataFrame(rows, columns=["subject", "session", "run"])
    return EEGTrials(X.astype(np.float32), labels, metadata, info)


@pytest.fixture
def draw_trials():
    """Draw trials of as many subjects as are asked for."""
    return make_trials


@pytest.fixture
def trials():
    return make_trials()


@pytest.fixture
def longer_trials():
    """Enough that a fifth of a target feeds a cross-validated domain classifier."""
    return make_trials(n_trials=16)


@pytest.fixture
def trials_folder(tmp_path, trials):
    return store(tmp_path / "cache", {"trials": "made up"}, lambda writer: writer.add(trials))


@pytest.fixture
def prepared(monkeypatch, trials_folder):
    """Let the runner find the made-up trials whatever data the configuration names."""
    monkeypatch.setattr(ResolvedRun, "prepare_trials", lambda _: trials_folder)
    return trials_folder


@pytest.fixture
def write_pipeline(tmp_path):
    def write(name, *steps, **more):
        path = tmp_path / "pipelines" / f"{name}.yml"
        path.parent.mkdir(exist_ok=True)
        content = {"name": name, "paradigms": ["LeftRightImagery"], "pipeline": list(steps)}
        path.write_text(yaml.safe_dump({**content, **more}))
        return path

    return write


def _own(name, kind, **parameters):
    return PipelineSpec(
        name, ({"name": kind, "from": "bci_dann.estimators", "parameters": parameters},)
    )


SPECS = {
    spec.name: spec
    for spec in (
        PipelineSpec("logistic", tuple({**s, "parameters": {}} for s in (SCALER, LOGISTIC))),
        _own("transfer", "ShallowClassifier", alignment="euclidean"),
        _own("reweighted", "ReweightedClassifier", learner="tangent_space", n_components=2),
        _own("mlp", "DANNClassifier", alignment="euclidean", backbone="MLP", max_epochs=2),
        _own(
            "eegnet",
            "DANNClassifier",
            max_epochs=2,
            backbone={"name": "EEGNet", "kernel_length": 16},
        ),
    )
}


@pytest.fixture
def specs():
    """One pipeline of each kind, by name."""
    return SPECS


@pytest.fixture
def five_pipelines(write_pipeline):
    return [str(write_pipeline(spec.name, *spec.definition)) for spec in SPECS.values()]


@pytest.fixture
def logistic(write_pipeline):
    return write_pipeline("logistic", SCALER, LOGISTIC)


@pytest.fixture
def config(logistic):
    return {
        "name": "test",
        "data": {"dataset": "SimulatedMI"},
        "pipelines": [str(logistic)],
        "protocols": ["train"],
    }
