"""Records of finished tasks on disk: probabilities, labels and durations, named by a key."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import io
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._files import write_atomically
from bci_dann._version import __version__
from bci_dann.evaluation.array_file import READ_ERRORS
from bci_dann.evaluation.config.code_fingerprint import package_fingerprint
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.exceptions import BCIDannWarning

__all__ = [
    "DIAGNOSTICS",
    "Record",
    "Task",
    "read_record",
    "read_stored",
    "set_aside",
    "task_label",
    "versions",
    "write_record",
]

# Libraries that affect the probabilities. Those that read and filter recordings are part of the
# data key.
LIBRARIES = ("torch", "braindecode", "scikit-learn", "numpy", "scipy", "pyriemann")
# Columns of the results table, and the fitted attributes of estimators that they contain.
DIAGNOSTICS = {"ess": "effective_sample_size_", "domain_auc": "domain_auc_"}
# Suffix of damaged records after renaming.
DAMAGED_SUFFIX = ".damaged"
# Arrays of every record: names of the file's arrays, and of the attributes of a Record.
RECORD_ARRAYS = ("probabilities", "truth", "classes", "sessions", "test_index")
# Training history of networks: an array with a row for each term of the loss, and their names.
HISTORY_KEY, SUMMANDS_KEY = "history", "summands"
# Pseudo-online runs: an array for each name that the description lists.
WINDOWS_KEY, WINDOW_PREFIX = "windows", "window_"
# Map of the features of the trained model: an array for each name that the description lists.
MAP_KEY, MAP_PREFIX = "feature_map", "map_"


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of the libraries that results depend on, without importing them.

    Returns
    -------
    dict of str to str
        ``"absent"`` if a library is not installed. The version of this package includes a
        fingerprint of its source files, so that records of other code are not reused.
    """
    installed = {"bci_dann": f"{__version__}+{package_fingerprint()}"}
    for name in LIBRARIES:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed[name] = "absent"
    return installed


def task_label(
    pipeline: str, protocol: str, subject: str, seed: int, without: str | None = None
) -> str:
    """Return the description of a task for messages.

    Parameters
    ----------
    pipeline, protocol, subject : str
        Names of the pipeline, of the protocol, and of the target subject.
    seed : int
        Seed of the pipeline.
    without : str or None
        A further subject that is left out of both training and scoring.

    Returns
    -------
    str
        For example ``"dann, train, subject 3, seed 0"``.
    """
    subject = subject if without is None else f"{subject} without {without}"
    return f"{pipeline}, {protocol}, subject {subject}, seed {seed}"


@dataclass(frozen=True)
class Task:
    """One training: a pipeline, a protocol, a target subject and a seed.

    Attributes
    ----------
    dataset : str
        Name of the dataset, for tables.
    data_key : str
        Key of the prepared trials in the cache.
    pipeline : PipelineSpec
        The pipeline with all of its parameters.
    protocol : str
        The protocol, which determines the target data that training may use.
    subject : str
        The target subject.
    seed : int
        Seed of the pipeline.
    threads : int
        Number of threads.
    without : str or None
        A further subject that is left out of both training and scoring.
    cross_dataset : bool
        Whether the sources are only subjects of other datasets.
    versions : mapping of str to str
        The result of :func:`versions` at the start of the run, so that files that change during a
        run do not change its keys.
    """

    dataset: str
    data_key: str
    pipeline: PipelineSpec
    protocol: str
    subject: str
    seed: int
    threads: int = 1
    without: str | None = None
    cross_dataset: bool = False
    versions: Mapping[str, str] = field(default_factory=lambda: versions())

    @property
    def label(self) -> str:
        """Description of the task for messages.

        Returns
        -------
        str
            Pipeline, protocol, target and seed.
        """
        return task_label(self.pipeline.name, self.protocol, self.subject, self.seed, self.without)

    @functools.cached_property
    def key(self) -> str:
        """Key of everything that determines the result.

        Returns
        -------
        str
            Hexadecimal SHA-256.
        """
        content = {
            "data": self.data_key,
            "pipeline": [self.pipeline.name, *self.pipeline.definition],
            "protocol": self.protocol,
            "subject": self.subject,
            "seed": self.seed,
            "threads": self.threads,
            "versions": dict(self.versions),
            # only if set, so that keys of ordinary tasks do not depend on these fields
            **({} if self.without is None else {"without": self.without}),
            **({"cross_dataset": True} if self.cross_dataset else {}),
        }
        text = json.dumps(content, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Record:
    """Predictions and durations of a finished task.

    Attributes
    ----------
    probabilities : ndarray, shape (n_test, n_classes)
        Class probabilities of each scored trial; rows sum to one.
    truth : ndarray of str, shape (n_test,)
        The true class of each scored trial.
    classes : ndarray of str, shape (n_classes,)
        The class of each column.
    sessions : ndarray of str, shape (n_test,)
        The session of each scored trial.
    test_index : ndarray of int, shape (n_test,)
        Indices of the scored trials among all trials of the dataset.
    n_train : int
        Number of labelled trials in training.
    fit_seconds, predict_seconds : float
        Wall-clock duration (s).
    diagnostics : dict
        Those :data:`DIAGNOSTICS` that the fitted estimator has, such as the effective sample
        size.
    history : dict of str to ndarray, shape (n_epochs,)
        Each term of the loss by epoch, if a network was trained.
    windows : dict of str to ndarray, shape (n_test,)
        In a pseudo-online run, the times of the scored windows; see
        :func:`bci_dann.evaluation.pseudo_online.window_predictions.times_of`.
    feature_map : dict of str to ndarray
        Features of the model as points in two dimensions, for the first subject of a dataset; see
        :func:`bci_dann.evaluation.feature_maps.trained_map.map_features`.
    """

    probabilities: NDArray[np.float64]
    truth: NDArray[np.str_]
    classes: NDArray[np.str_]
    sessions: NDArray[np.str_]
    test_index: NDArray[np.int64]
    n_train: int
    fit_seconds: float = 0.0
    predict_seconds: float = 0.0
    diagnostics: dict[str, Any] = field(default_factory=dict)
    history: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    windows: dict[str, NDArray[Any]] = field(default_factory=dict)
    feature_map: dict[str, NDArray[Any]] = field(default_factory=dict)


def write_record(path: Path, task: Task, record: Record) -> None:
    """Write a record atomically, so that readers never see an incomplete file.

    Parameters
    ----------
    path : pathlib.Path
        The ``.npz`` file; it contains no pickle.
    task : Task
        The finished task.
    record : Record
        Results of the task.

    Raises
    ------
    ResultsError
        When the disk is full or the folder cannot be written to.
    """
    about = {
        "key": task.key,
        "dataset": task.dataset,
        "pipeline": task.pipeline.name,
        "definition": list(task.pipeline.definition),
        "protocol": task.protocol,
        "subject": task.subject,
        "without": task.without,
        "seed": task.seed,
        "versions": dict(task.versions),
        "n_train": record.n_train,
        "diagnostics": record.diagnostics,
        # only if not empty, so that other records do not change
        **({SUMMANDS_KEY: list(record.history)} if record.history else {}),
        **({WINDOWS_KEY: list(record.windows)} if record.windows else {}),
        **({MAP_KEY: list(record.feature_map)} if record.feature_map else {}),
    }
    arrays: dict[str, Any] = {name: getattr(record, name) for name in RECORD_ARRAYS}
    if record.history:
        arrays[HISTORY_KEY] = np.stack(list(record.history.values()))
    arrays |= {WINDOW_PREFIX + name: values for name, values in record.windows.items()}
    arrays |= {MAP_PREFIX + name: values for name, values in record.feature_map.items()}
    buffer = io.BytesIO()
    np.savez(
        buffer,
        **arrays,
        about=np.array(json.dumps(about, sort_keys=True, default=str)),
        seconds=np.array([record.fit_seconds, record.predict_seconds]),
    )
    write_atomically(path, buffer.getvalue())


def read_record(path: Path, task: Task) -> Record | None:
    """Read the record of a task, if it exists and is undamaged.

    Parameters
    ----------
    path : pathlib.Path
        The ``.npz`` file.
    task : Task
        The task that the record must belong to.

    Returns
    -------
    Record or None
        ``None`` if there is no file or, with a warning, if it is damaged.
    """
    if not path.exists():
        return None
    try:
        return _read_record_of(path, task)
    except READ_ERRORS as error:
        warnings.warn(
            f"the record {path} is damaged and counts as missing: {error}",
            BCIDannWarning,
            stacklevel=2,
        )
        return None


def set_aside(path: Path, task: Task) -> Path | None:
    """Rename the record of a task if it is damaged, so that a new one can be written.

    Parameters
    ----------
    path : pathlib.Path
        The ``.npz`` file.
    task : Task
        The task that the record must belong to.

    Returns
    -------
    pathlib.Path or None
        New path of the damaged file; ``None`` if the record is undamaged or missing, or if it
        cannot be read or renamed, such as on an unavailable network drive.
    """
    try:
        _read_record_of(path, task)
    except OSError:
        return None
    except READ_ERRORS:
        aside = path.with_name(path.name + DAMAGED_SUFFIX)
        try:
            return path.replace(aside)
        except OSError:
            return None
    return None


def read_stored(path: Path) -> tuple[dict[str, Any], Record]:
    """Read a record and the description of its task.

    Parameters
    ----------
    path : pathlib.Path
        The ``.npz`` file.

    Returns
    -------
    about : dict
        ``key``, ``dataset``, ``pipeline``, ``definition``, ``protocol``, ``subject``, ``without``,
        ``seed`` and ``versions`` of the task.
    record : Record
        Results of the task.

    Raises
    ------
    OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error
        When the file is damaged; see :data:`bci_dann.evaluation.array_file.READ_ERRORS`.
    """
    # read into memory first, because numpy does not close damaged files
    with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
        about: dict[str, Any] = json.loads(str(stored["about"]))
        fit_seconds, predict_seconds = stored["seconds"].tolist()
        names = about.get(SUMMANDS_KEY, [])
        record = Record(
            **{name: stored[name] for name in RECORD_ARRAYS},
            n_train=about["n_train"],
            fit_seconds=fit_seconds,
            predict_seconds=predict_seconds,
            diagnostics=about["diagnostics"],
            history=dict(zip(names, stored[HISTORY_KEY], strict=True)) if names else {},
            windows={name: stored[WINDOW_PREFIX + name] for name in about.get(WINDOWS_KEY, [])},
            feature_map={name: stored[MAP_PREFIX + name] for name in about.get(MAP_KEY, [])},
        )
    return about, record


def _read_record_of(path: Path, task: Task) -> Record:
    about, record = read_stored(path)
    if about["key"] != task.key:
        raise ValueError("it belongs to another task")
    return record
