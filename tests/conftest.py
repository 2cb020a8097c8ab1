"""Fixtures shared by all tests: folders fenced off, EEG with known effects, small recordings."""

from __future__ import annotations

import os

# Before anything loads OpenMP: layers this small are slower on two threads than on one, and
# far slower when another process wants the cores too.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser):
    parser.addoption(
        "--slow",
        action="store_true",
        help="run the tests that take minutes, too",
    )


def pytest_xdist_auto_num_workers(config):
    """One process more than there are cores, since some tests wait for other processes."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--slow"):
        skipped = pytest.mark.skip(reason="takes minutes: pytest --slow")
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(skipped)


@pytest.fixture(autouse=True)
def _fenced_folders(tmp_path_factory, monkeypatch):
    """Keep MNE, MOABB and our cache out of the home folder of whoever runs the tests."""
    home = tmp_path_factory.getbasetemp() / "home"
    for name, folder in {
        "MNE_DATA": "mne_data",
        "MOABB_RESULTS": "moabb_results",
        "_MNE_FAKE_HOME_DIR": "mne_home",
        "BCI_DANN_CACHE": "cache",
    }.items():
        (home / folder).mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(name, str(home / folder))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with real EEG; skips where there is none."""
    folder = Path(os.environ.get("BCI_DANN_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "mi-openbci").is_dir():
        pytest.skip(f"no real EEG at {folder}; set BCI_DANN_DATA to the folder that holds it")
    return folder


@dataclass
class ToyEEG:
    """Trials of several subjects whose class changes the power of one spatial pattern."""

    X: np.ndarray
    y: np.ndarray
    subjects: np.ndarray

    def of(self, subject: int) -> tuple[np.ndarray, np.ndarray]:
        mask = self.subjects == subject
        return self.X[mask], self.y[mask]

    def without(self, subject: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        mask = self.subjects != subject
        return self.X[mask], self.y[mask], self.subjects[mask]


def make_toy_eeg(
    n_subjects: int = 4,
    n_trials: int = 40,
    n_chans: int = 6,
    n_times: int = 128,
    shift: float = 0.5,
    seed: int = 0,
) -> ToyEEG:
    """Draw 10 µV noise; class "b" raises a 10 Hz rhythm on one side, class "a" on the other.

    ``shift`` mixes the channels by a matrix of each subject's own.
    """
    rng = np.random.default_rng(seed)
    time = np.arange(n_times) / 128.0
    X, y, subjects = [], [], []
    for subject in range(1, n_subjects + 1):
        blend = rng.standard_normal((n_chans, n_chans)) / np.sqrt(n_chans)
        mixing = np.eye(n_chans) + shift * blend
        label = np.tile(["a", "b"], n_trials // 2)
        phase = rng.uniform(0, 2 * np.pi, (2, n_trials, 1))
        rhythm = np.sin(2 * np.pi * 10 * time + phase) * np.sqrt(2)
        is_b = (label == "b")[:, None]
        trials = rng.standard_normal((n_trials, n_chans, n_times))
        trials[:, 0] += rhythm[0] * np.where(is_b, 0.3, 1.5)
        trials[:, 1] += rhythm[1] * np.where(is_b, 1.5, 0.3)
        X.append(10.0 * mixing @ trials)
        y.append(label)
        subjects.append(np.repeat(subject, n_trials))
    return ToyEEG(np.concatenate(X).astype(np.float32), np.concatenate(y), np.concatenate(subjects))


@pytest.fixture(scope="session")
def toy_eeg() -> ToyEEG:
    return make_toy_eeg()


@pytest.fixture(scope="session")
def draw_toy_eeg():
    """Return the function behind ``toy_eeg``, for other sizes and shifts."""
    return make_toy_eeg


@pytest.fixture(scope="session")
def project() -> Path:
    """Root of the source checkout."""
    return ROOT


# Small recordings on disk, and a configuration of them for the command line and for serving.
SFREQ = 128.0
CHANNELS = ["C3", "Cz", "C4", "Pz"]
EVENTS = {"769": "left_hand", "770": "right_hand"}


@pytest.fixture
def bci_dann():
    """Run ``bci-dann ARGUMENTS`` and return exit code, standard output and error."""

    from typer.testing import CliRunner

    from bci_dann.cli.app import app

    def call(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


def write_recording(path: Path, seed: int, n_trials: int = 16) -> Path:
    """Write trials of 2 s every 3 s in which the class raises a 10 Hz rhythm on one side."""
    import mne

    rng = np.random.default_rng(seed)
    samples = 10e-6 * rng.standard_normal((len(CHANNELS), int((3 * n_trials + 3) * SFREQ)))
    onsets = 1.0 + 3.0 * np.arange(n_trials)
    codes = np.tile(list(EVENTS), n_trials // 2)
    rhythm = 6e-6 * np.sin(2 * np.pi * 10 * np.arange(int(2 * SFREQ)) / SFREQ)
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
def write_cued():
    """Return a function that writes noise of 10 µV with cues in random order, as FIF or EDF."""
    import mne

    def write(path, events=("769", "770"), n_cues=12, gap=6.0, duration=0.0, after=(), **changes):
        options = {"seed": 0, "names": CHANNELS, "sfreq": SFREQ, "scale": 1e-5, "mains": 50.0}
        options |= changes
        sfreq, names = options["sfreq"], list(options["names"])
        rng = np.random.default_rng(options["seed"])
        time = np.arange(int(sfreq * int(gap * n_cues + 8))) / sfreq
        hum = np.sin(2 * np.pi * options["mains"] * time)
        samples = options["scale"] * (rng.standard_normal((len(names), len(time))) + hum)
        raw = mne.io.RawArray(samples, mne.create_info(names, sfreq, "eeg"), verbose="error")
        onsets = 2.0 + gap * np.arange(n_cues)
        cues = rng.permutation(np.resize(events, n_cues))
        others = [(onset + lag, 0.0, name) for name, lag in after for onset in onsets]
        rows = [*zip(onsets, [duration] * n_cues, cues, strict=True), *others]
        raw.set_annotations(mne.Annotations(*zip(*rows, strict=True)))
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".fif":
            raw.save(path, verbose="error")
        else:
            mne.export.export_raw(path, raw, verbose="error")
        return path

    return write


@pytest.fixture(scope="session")
def recordings(tmp_path_factory):
    """Recordings of three source subjects and of a fourth, ``new``."""
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
