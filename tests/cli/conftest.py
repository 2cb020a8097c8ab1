"""Command-line runs in this process, on small recordings made here."""

from __future__ import annotations

from pathlib import Path

import mne
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from bci_dann.cli.app import app

SFREQ = 128.0
CHANNELS = ["C3", "Cz", "C4", "Pz"]
EVENTS = {"769": "left_hand", "770": "right_hand"}


@pytest.fixture
def bci_dann():
    """Run ``bci-dann ARGUMENTS`` and return exit code, standard output and error."""

    def call(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


def write_recording(path: Path, seed: int, n_trials: int = 16) -> Path:
    """Write trials of 2 s every 3 s in which the class raises a 10 Hz rhythm on one side."""
    rng = np.random.default_rng(seed)
    samples = 10e-6 * rng.standard_normal((len(CHANNELS), int((3 * n_trials + 3) * SFREQ)))
    onsets = 1.0 + 3.0 * np.arange(n_trials)
    codes = np.tile(list(EVENTS), n_trials // 2)
    rhythm = 40e-6 * np.sin(2 * np.pi * 10 * np.arange(int(2 * SFREQ)) / SFREQ)
    for onset, code in zip(onsets, codes, strict=True):
        start = int(onset * SFREQ)
        channel = 0 if code == "769" else 2
        samples[channel, start : start + len(rhythm)] += rhythm
    info = mne.create_info(CHANNELS, SFREQ, "eeg")
    raw = mne.io.RawArray(samples, info, verbose="error")
    raw.set_annotations(mne.Annotations(onsets, 0.0, codes))
    path.parent.mkdir(parents=True, exist_ok=True)
    raw.save(path, verbose="error")
    return path


@pytest.fixture(scope="session")
def recordings(tmp_path_factory):
    """Three source subjects and a fourth person, ``new``."""
    folder = tmp_path_factory.mktemp("recordings")
    for subject in (1, 2, 3):
        write_recording(folder / "sources" / f"s{subject}" / "run_raw.fif", subject)
    for run in ("first", "second"):
        write_recording(folder / "new" / f"{run}_raw.fif", len(run))
    return folder


@pytest.fixture
def config(tmp_path, recordings):
    """A configuration file with one fast pipeline that can be saved and one that cannot."""
    steps = {
        "shallow": [
            {
                "name": "ShallowClassifier",
                "from": "bci_dann.estimators",
                "parameters": {"alignment": "euclidean"},
            }
        ],
        "plain": [
            {"name": "Covariances", "from": "pyriemann.estimation"},
            {"name": "TangentSpace", "from": "pyriemann.tangentspace"},
            {"name": "LogisticRegression", "from": "sklearn.linear_model"},
        ],
    }
    (tmp_path / "pipelines").mkdir()
    for name, components in steps.items():
        content = {"name": name, "paradigms": ["LeftRightImagery"], "pipeline": components}
        (tmp_path / "pipelines" / f"{name}.yml").write_text(yaml.safe_dump(content))
    path = tmp_path / "configs" / "mine.yaml"
    path.parent.mkdir()
    path.write_text(
        yaml.safe_dump(
            {
                "name": "mine",
                "data": {
                    "dataset": "Recordings",
                    "recordings": {
                        "pattern": "s{subject}/run_raw.fif",
                        "events": EVENTS,
                        "interval": [0.0, 2.0],
                    },
                },
                "pipelines": ["shallow", "plain"],
                "protocols": ["train"],
            }
        )
    )
    return path


@pytest.fixture
def sources(recordings):
    return recordings / "sources"
