"""What a results folder holds of each target subject, trial by trial."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.runs.records import DAMAGE
from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.exceptions import ResultsError

__all__ = ["SubjectPredictions", "read_predictions"]


@dataclass(frozen=True, eq=False)
class SubjectPredictions:
    """The predictions of one pipeline for one target subject.

    Parameters
    ----------
    pipeline, protocol : str
        What was run.
    seed : int
        Its ``random_state``.
    subject : str
        The target.
    probabilities : ndarray, shape (n_test, n_classes)
        Of each scored trial, in the order of recording.
    truth : ndarray of str, shape (n_test,)
        The class that was asked for.
    classes : ndarray of str, shape (n_classes,)
        The class of each column.
    sessions : ndarray of str, shape (n_test,)
        The session of each scored trial.
    test_index : ndarray of int, shape (n_test,)
        Which trials of the data they are.
    """

    pipeline: str
    protocol: str
    seed: int
    subject: str
    probabilities: NDArray[np.float64]
    truth: NDArray[np.str_]
    classes: NDArray[np.str_]
    sessions: NDArray[np.str_]
    test_index: NDArray[np.int64]


def read_predictions(folder: str | Path) -> Iterator[SubjectPredictions]:
    """Read every record of the pipelines that a results folder is about.

    Parameters
    ----------
    folder : path
        What ``bci-dann run --out`` has written.

    Yields
    ------
    SubjectPredictions
        In no order of its own, those that ``results.csv`` is made of.

    Raises
    ------
    ResultsError
        When it is no results folder, or a record cannot be read.
    """
    path = Path(folder)
    manifest = ResultsFolder(path).manifest()
    if manifest is None:
        raise ResultsError(
            f"{path} is no results folder. Give what `bci-dann run --out` has written."
        )
    for file in sorted((path / "records").glob("*.npz")):
        try:
            # by way of memory: numpy leaves a damaged file open
            with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as stored:
                about = json.loads(str(stored["about"]))
                if manifest.includes(about):
                    yield _outcome(about, stored)
        except DAMAGE as error:
            raise ResultsError(
                f"the record {file} cannot be read: {error}. Delete it, and run again."
            ) from error


def _outcome(about: dict[str, Any], stored: Any) -> SubjectPredictions:
    names = ("probabilities", "truth", "classes", "sessions", "test_index")
    return SubjectPredictions(
        about["pipeline"],
        about["protocol"],
        about["seed"],
        about["subject"],
        **{name: stored[name] for name in names},
    )
