"""Checks of a run before training; those that need no heavy libraries come first."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bci_dann.data.combined.combined_config import each_dataset
from bci_dann.data.recordings.discovery import find_recordings
from bci_dann.evaluation.config.pipeline_builder import BuildWarning, build_with_warnings
from bci_dann.evaluation.protocols import split
from bci_dann.exceptions import ConfigError, DataError

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

    from bci_dann.data import CombinedDataConfig, DataConfig, EEGTrials
    from bci_dann.data.preprocessing import Preprocessing
    from bci_dann.data.subset import Subset
    from bci_dann.evaluation.config.pipeline_file import PipelineSpec
    from bci_dann.evaluation.config.run_config import RunConfig

__all__ = [
    "check_classes",
    "check_data_folder",
    "check_folds",
    "check_jobs",
    "check_pipelines",
    "check_recordings",
    "check_rest_window",
    "check_stack",
    "check_subject_count",
    "check_without_regimes",
    "checked_subjects",
]

# Numbers of subjects in words, for messages.
SUBJECT_COUNTS = {1: "one subject", 2: "two subjects", 3: "three subjects"}


def check_jobs(n_jobs: int) -> None:
    """Raise if the number of parallel tasks is invalid.

    Parameters
    ----------
    n_jobs : int
        Number of parallel tasks, at least 1, or -1 for the number of CPU cores.

    Raises
    ------
    ConfigError
        When the number is invalid.
    """
    if n_jobs != -1 and n_jobs < 1:
        raise ConfigError(f"--jobs (n_jobs) must be at least 1, or -1 for all cores; got {n_jobs}.")


def check_stack(stack: int | None) -> None:
    """Raise if the number of networks in a stack is invalid.

    Parameters
    ----------
    stack : int or None
        Number of networks, at least 1; ``None`` for the default.

    Raises
    ------
    ConfigError
        When it is below 1.
    """
    if stack is not None and stack < 1:
        raise ConfigError(f"--stack (stack) must be at least 1; got {stack}.")


def check_without_regimes(config: RunConfig) -> None:
    """Raise if a configuration has several regimes, each of which needs its own run.

    Parameters
    ----------
    config : RunConfig
        The configuration.

    Raises
    ------
    ConfigError
        When it has regimes or worlds.
    """
    if config.has_regimes:
        raise ConfigError(
            f"{config.name} has regimes or worlds, each of which is a separate run: use `bci-dann "
            "run`, or run_regimes in Python. For everything else, give a configuration without "
            "the keys regimes, worlds and baselines."
        )


def check_data_folder(data: DataConfig | CombinedDataConfig, data_dir: str | Path | None) -> None:
    """Raise if a folder of recordings is needed, but missing or without a matching file.

    Parameters
    ----------
    data : DataConfig or CombinedDataConfig
        The data of the run. Datasets other than ``Recordings`` need no folder.
    data_dir : str, pathlib.Path or None
        The folder.

    Raises
    ------
    ConfigError
        When no folder is given.
    DataError
        When it does not exist, is empty, or no file matches the layout.
    """
    for one, folder in each_dataset(data, data_dir):
        if one.recordings is None:
            continue
        if folder is None:
            raise ConfigError(
                "dataset: Recordings needs the folder of the recordings: pass --data-dir FOLDER "
                "(or data_dir= in Python)."
            )
        find_recordings(Path(folder).expanduser(), one.recordings)


def check_pipelines(
    pipelines: Sequence[PipelineSpec], seed: int, preprocessing: Preprocessing | None = None
) -> None:
    """Build every pipeline once, and issue each warning only once.

    If several warnings ask for the same change at the same place, only the first is issued.

    Parameters
    ----------
    pipelines : sequence of PipelineSpec
        The pipelines of a run.
    seed : int
        One of the seeds of the run.
    preprocessing : Preprocessing or None
        The preprocessing of the run.

    Raises
    ------
    ConfigError
        When a pipeline cannot be built, or needs rest windows that the preprocessing does not cut.
    """
    unique: dict[tuple[str, str], BuildWarning] = {}
    for spec in pipelines:
        estimator, issued = build_with_warnings(spec, seed)
        if preprocessing is not None:
            check_rest_window(spec.name, estimator, preprocessing)
        for warning in issued:
            unique.setdefault((warning.place, warning.new_lines or warning.message), warning)
    for warning in unique.values():
        warnings.warn(warning.text, warning.category, stacklevel=2)


def check_rest_window(name: str, estimator: Any, preprocessing: Preprocessing) -> None:
    """Raise if a method needs rest windows, but the preprocessing does not cut them.

    Parameters
    ----------
    name : str
        Name of the pipeline.
    estimator : estimator
        The estimator of the pipeline.
    preprocessing : Preprocessing
        The preprocessing of the run.

    Raises
    ------
    ConfigError
        When they are missing.
    """
    if getattr(estimator, "takes_rest", False) and preprocessing.rest_window is None:
        raise ConfigError(
            f"pipeline {name} re-centres by rest windows (reference: rest), but the preprocessing "
            "does not cut any: add `rest_window: [-2.5, -0.5]` to `preprocessing`, a time between "
            "the trials in seconds relative to the start of the task."
        )


def check_recordings(dataset: BaseDataset, preprocessing: Preprocessing, selection: Subset) -> None:
    """Check every file of a folder of recordings, without reading its samples.

    Datasets of MOABB are not checked, because they would have to be downloaded first.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        The dataset.
    preprocessing : Preprocessing
        The preprocessing of the run.
    selection : Subset
        Subjects, sessions and classes of the run.

    Raises
    ------
    DataError
        When a file does not match the configuration.
    ConfigError
        When the preprocessing does not fit a file.
    """
    from bci_dann.data.recordings.folder import Recordings

    if isinstance(dataset, Recordings):
        dataset.check()
        dataset.check_fits(preprocessing, selection)


def check_subject_count(subjects: Sequence[str], left_out: int = 1) -> None:
    """Raise if there are too few subjects to leave some out.

    Parameters
    ----------
    subjects : sequence of str
        All subjects.
    left_out : int
        Number of subjects that each task leaves out of training.

    Raises
    ------
    DataError
        When no source subject would remain.
    """
    if len(subjects) <= left_out:
        removed, needed = SUBJECT_COUNTS[left_out], SUBJECT_COUNTS[left_out + 1]
        raise DataError(
            f"leaving {removed} out needs at least {needed}; got {list(subjects)}. Add subjects "
            "under `data`."
        )


def check_classes(trials: EEGTrials, left_out: int = 1) -> None:
    """Raise if a class would be missing in training, because all of its subjects are left out.

    Parameters
    ----------
    trials : EEGTrials
        All trials, with labels.
    left_out : int
        Number of subjects that each task leaves out of training.

    Raises
    ------
    DataError
        When there is such a class.
    """
    labels = np.asarray(trials.y)
    for name in np.unique(labels).tolist():
        subjects = np.unique(trials.subjects[labels == name]).tolist()
        if len(subjects) <= left_out:
            listed = " and ".join(subjects)
            raise DataError(
                f"the class {name!r} occurs only in subject {listed}: in training without {listed} "
                "it is missing. Leave the class out with `data.classes`, or add subjects."
            )


def checked_subjects(trials: EEGTrials, left_out: int = 1) -> list[str]:
    """Return the subjects of trials, of which there must be enough.

    Parameters
    ----------
    trials : EEGTrials
        All trials, with labels.
    left_out : int
        Number of subjects that each task leaves out of training.

    Returns
    -------
    list of str
        In the order of the trials.

    Raises
    ------
    DataError
        When no source subject would remain, or a class would be missing in training.
    """
    subjects = list(dict.fromkeys(trials.subjects.tolist()))
    check_subject_count(subjects, left_out)
    check_classes(trials, left_out)
    return subjects


def check_folds(trials: EEGTrials, targets: Sequence[str], protocols: Sequence[str]) -> None:
    """Raise if a protocol cannot divide the trials of a target, before anything is trained.

    Parameters
    ----------
    trials : EEGTrials
        All trials, with labels.
    targets : sequence of str
        The subjects that are left out in turn.
    protocols : sequence of str
        Names in :data:`~bci_dann.evaluation.PROTOCOLS`.

    Raises
    ------
    DataError
        When the target has too few trials or sessions, with the protocol.
    """
    labels = np.asarray(trials.y).astype(str)
    for protocol in protocols:
        for target in targets:
            try:
                split(trials.metadata, target, protocol, labels)
            except DataError as error:
                raise DataError(f"protocol {protocol}: {error}") from error
