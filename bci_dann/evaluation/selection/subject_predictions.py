"""Predictions of a results folder for each target subject, trial by trial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.array_file import READ_ERRORS
from bci_dann.evaluation.runs.records import RECORD_ARRAYS, Record, read_stored
from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.exceptions import ResultsError

__all__ = ["SubjectPredictions", "read_predictions"]


@dataclass(frozen=True, eq=False)
class SubjectPredictions:
    """The predictions of one pipeline for one target subject.

    Attributes
    ----------
    pipeline, protocol : str
        Their names.
    seed : int
        The ``random_state``.
    subject : str
        The target.
    probabilities : ndarray, shape (n_test, n_classes)
        Predicted probabilities of each scored trial, in the order of recording.
    truth : ndarray of str, shape (n_test,)
        The true class of each scored trial.
    classes : ndarray of str, shape (n_classes,)
        The class of each column.
    sessions : ndarray of str, shape (n_test,)
        The session of each scored trial.
    test_index : ndarray of int, shape (n_test,)
        Indices of the scored trials among all trials of the data.
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
    """Read the records of all pipelines of a results folder.

    Parameters
    ----------
    folder : str or pathlib.Path
        A results folder, as written by ``bci-dann run --out``.

    Yields
    ------
    SubjectPredictions
        The predictions from which ``results.csv`` is computed, in no particular order.

    Raises
    ------
    ResultsError
        When the folder is not a results folder, or a record cannot be read.
    """
    path = Path(folder)
    manifest = ResultsFolder(path).manifest()
    if manifest is None:
        raise ResultsError(
            f"{path} is no results folder. Give the folder that `bci-dann run --out` has written."
        )
    for file in sorted((path / "records").glob("*.npz")):
        try:
            about, record = read_stored(file)
        except READ_ERRORS as error:
            raise ResultsError(
                f"the record {file} cannot be read: {error}. Delete it, and run again."
            ) from error
        if manifest.includes(about):
            yield _predictions(about, record)


def _predictions(about: dict[str, Any], record: Record) -> SubjectPredictions:
    return SubjectPredictions(
        about["pipeline"],
        about["protocol"],
        about["seed"],
        about["subject"],
        **{name: getattr(record, name) for name in RECORD_ARRAYS},
    )
