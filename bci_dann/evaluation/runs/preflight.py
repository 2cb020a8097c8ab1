"""What must hold of a run, told before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bci_dann.evaluation.config.pipeline_builder import build
from bci_dann.evaluation.config.run_config import RunConfig, pipeline_specs
from bci_dann.exceptions import ConfigError, DataError

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

    from bci_dann.data import EEGTrials
    from bci_dann.data.preprocessing import Preprocessing
    from bci_dann.data.subset import Subset

__all__ = [
    "check_classes",
    "check_jobs",
    "check_pipelines",
    "check_recordings",
    "check_subject_count",
    "checked_stack",
]

# Networks in a stack on a GPU: the folds and seeds of a usual benchmark.
GPU_STACK = 64
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


def checked_stack(stack: int | None) -> int:
    """Return how many networks are trained together.

    Parameters
    ----------
    stack : int or None
        ``None`` asks for what suits this machine.

    Returns
    -------
    int

    Raises
    ------
    ConfigError
        When it is below 1.
    """
    if stack is None:
        import torch

        return GPU_STACK if torch.cuda.is_available() else 1
    if stack < 1:
        raise ConfigError(f"--stack (stack) must be at least 1; got {stack}.")
    return stack


def check_pipelines(run: RunConfig) -> None:
    """Build every pipeline once.

    Parameters
    ----------
    run : RunConfig
        The run.

    Raises
    ------
    ConfigError
        When one cannot be built.
    """
    for spec in pipeline_specs(run):
        build(spec, seed=run.seeds[0])


def check_recordings(dataset: BaseDataset, preprocessing: Preprocessing, selection: Subset) -> None:
    """Open every file of a folder; MOABB's datasets would first have to be downloaded.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        The data.
    preprocessing : Preprocessing
        What is to be done to them.
    selection : Subset
        Which of them.

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
    """Raise where nobody remains to learn from.

    Parameters
    ----------
    subjects : sequence of str
        All subjects.
    left_out : int
        How many of them a task trains without.

    Raises
    ------
    DataError
        When there are not more.
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
        owners = np.unique(trials.subjects[labels == name]).tolist()
        if len(owners) <= left_out:
            raise DataError(
                f"the class {name!r} occurs only in subject {' and '.join(owners)}, so no other "
                "subject could teach it. Leave the class out with `data.classes`, or add subjects."
            )
