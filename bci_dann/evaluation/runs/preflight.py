"""Checks of a run before anything is trained, those without heavy libraries first."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bci_dann.data.combined.combined_config import each_dataset
from bci_dann.data.recordings.discovery import find_recordings
from bci_dann.evaluation.config.pipeline_builder import BuildWarning, build_with_warnings
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
    "check_jobs",
    "check_pipelines",
    "check_recordings",
    "check_rest_window",
    "check_stack",
    "check_subject_count",
    "check_without_regimes",
]

# Numbers of subjects in words, for messages.
WORDS = {1: "one subject", 2: "two subjects", 3: "three subjects"}


def check_jobs(n_jobs: int) -> None:
    """Raise unless this number of tasks can run at a time.

    Parameters
    ----------
    n_jobs : int
        At least 1, or -1.

    Raises
    ------
    ConfigError
        When it is anything else.
    """
    if n_jobs != -1 and n_jobs < 1:
        raise ConfigError(f"--jobs (n_jobs) must be at least 1, or -1 for all cores; got {n_jobs}.")


def check_stack(stack: int | None) -> None:
    """Raise unless this number of networks can be trained as one.

    Parameters
    ----------
    stack : int or None
        At least 1; ``None`` leaves the choice to the run.

    Raises
    ------
    ConfigError
        When it is below 1.
    """
    if stack is not None and stack < 1:
        raise ConfigError(f"--stack (stack) must be at least 1; got {stack}.")


def check_without_regimes(config: RunConfig) -> None:
    """Raise on a configuration of several regimes, each of which is a run of its own.

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
            f"{config.name} has regimes or worlds, each of which is a run of its own: use "
            "`bci-dann run`, or run_regimes in Python. For anything else, give a configuration "
            "without the keys regimes, worlds and baselines."
        )


def check_data_folder(data: DataConfig | CombinedDataConfig, data_dir: str | Path | None) -> None:
    """Raise where a folder of recordings is needed, and is missing or has no file that fits.

    Parameters
    ----------
    data : DataConfig or CombinedDataConfig
        The data of the run. Other datasets than ``Recordings`` pass.
    data_dir : str, pathlib.Path or None
        The folder.

    Raises
    ------
    ConfigError
        When no folder is given.
    DataError
        When it does not exist, is empty, or no file fits the layout.
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
    """Build every pipeline once, and issue each warning of their classes once.

    Where several classes ask for the same new lines in the same place, the first one's warning
    stands for all.

    Parameters
    ----------
    pipelines : sequence of PipelineSpec
        The pipelines of a run.
    seed : int
        Any of its seeds.
    preprocessing : Preprocessing or None
        The preprocessing of the run.

    Raises
    ------
    ConfigError
        When one cannot be built, or takes rest windows where the preprocessing cuts none.
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
    """Raise where a method takes rest windows, and the preprocessing cuts none.

    Parameters
    ----------
    name : str
        The pipeline's name.
    estimator : estimator
        What it builds.
    preprocessing : Preprocessing
        The preprocessing of the run.

    Raises
    ------
    ConfigError
        Saying what to add.
    """
    if getattr(estimator, "takes_rest", False) and preprocessing.rest_window is None:
        raise ConfigError(
            f"pipeline {name} re-centres by rest windows (reference: rest), and the preprocessing "
            "cuts none: add `rest_window: [-2.5, -0.5]` to `preprocessing`, a time between the "
            "trials in seconds after the start of the task."
        )


def check_recordings(dataset: BaseDataset, preprocessing: Preprocessing, selection: Subset) -> None:
    """Open every file of a folder of recordings, and check it without reading its samples.

    MOABB's datasets pass, since they would first have to be downloaded.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        The dataset.
    preprocessing : Preprocessing
        The preprocessing of the run.
    selection : Subset
        Its subjects, sessions and classes.

    Raises
    ------
    DataError
        When a file is not what was promised.
    ConfigError
        When the preprocessing does not fit a file.
    """
    from bci_dann.data.recordings.folder import Recordings

    if isinstance(dataset, Recordings):
        dataset.check()
        dataset.check_fits(preprocessing, selection)


def check_subject_count(subjects: Sequence[str], left_out: int = 1) -> None:
    """Raise where no source subject remains.

    Parameters
    ----------
    subjects : sequence of str
        All subjects.
    left_out : int
        How many of them a task trains without.

    Raises
    ------
    DataError
        When there are no more subjects than that.
    """
    if len(subjects) <= left_out:
        raise DataError(
            f"leaving {WORDS[left_out]} out needs at least {WORDS[left_out + 1]}; there is "
            f"{list(subjects)}. Add subjects under `data`."
        )


def check_classes(trials: EEGTrials, left_out: int = 1) -> None:
    """Raise where a class would be missing in training when its only subjects are left out.

    Parameters
    ----------
    trials : EEGTrials
        All trials.
    left_out : int
        How many subjects a task trains without.

    Raises
    ------
    DataError
        Naming the class and its subjects.
    """
    labels = np.asarray(trials.y)
    for name in np.unique(labels).tolist():
        subjects = np.unique(trials.subjects[labels == name]).tolist()
        if len(subjects) <= left_out:
            raise DataError(
                f"the class {name!r} occurs only in subject {' and '.join(subjects)}, so that it "
                "is missing in training when this is left out. Leave the class out with "
                "`data.classes`, or add subjects."
            )
