"""Records of tasks as data frames: a row for each task, trial, epoch, or point of a feature map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.runs.records import DIAGNOSTICS, Record

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "TASK_COLUMNS",
    "feature_points_frame",
    "history_frame",
    "task_of",
    "tasks_frame",
    "trials_frame",
]

# Columns of every data frame that identify the task.
TASK_COLUMNS = ("dataset", "pipeline", "protocol", "subject", "seed")

Records = Sequence[tuple[dict[str, Any], Record]]


def task_of(about: dict[str, Any]) -> dict[str, Any]:
    """Return the task of a record.

    Parameters
    ----------
    about : dict
        The description that :func:`bci_dann.evaluation.runs.records.read_stored` returns.

    Returns
    -------
    dict
        Values by column, for :data:`TASK_COLUMNS`.
    """
    return {name: about[name] for name in TASK_COLUMNS}


def tasks_frame(records: Records) -> pd.DataFrame:
    """Return one row for each task.

    Parameters
    ----------
    records : sequence of (dict, Record)
        Descriptions and records.

    Returns
    -------
    pandas.DataFrame
        See :attr:`bci_dann.evaluation.StoredResults.tasks`.
    """
    import pandas as pd

    rows = [
        {
            **task_of(about),
            "n_train": record.n_train,
            "n_test": len(record.truth),
            "fit_seconds": record.fit_seconds,
            "predict_seconds": record.predict_seconds,
            **{name: record.diagnostics.get(name, math.nan) for name in DIAGNOSTICS},
            "version": about["versions"]["bci_dann"],
            "key": about["key"],
        }
        for about, record in records
    ]
    columns = ["n_train", "n_test", "fit_seconds", "predict_seconds", *DIAGNOSTICS]
    return pd.DataFrame(rows, columns=[*TASK_COLUMNS, *columns, "version", "key"])


def trials_frame(records: Records) -> pd.DataFrame:
    """Return one row for each scored trial.

    Parameters
    ----------
    records : sequence of (dict, Record)
        Descriptions and records.

    Returns
    -------
    pandas.DataFrame
        See :attr:`bci_dann.evaluation.StoredResults.trials`.
    """
    import pandas as pd

    if not records:
        return pd.DataFrame(columns=[*TASK_COLUMNS])
    tasks = pd.DataFrame([task_of(about) for about, _ in records])
    # columns are joined first, because creating a data frame for each record is slow
    counts = [len(record.truth) for _, record in records]
    columns = {name: tasks[name].repeat(counts).array for name in TASK_COLUMNS}
    parts = [_columns_of(record) for _, record in records]
    return pd.DataFrame({**columns, **_joined(parts, counts)})


def history_frame(records: Records) -> pd.DataFrame:
    """Return one row for each epoch and recorded quantity.

    Parameters
    ----------
    records : sequence of (dict, Record)
        Descriptions and records.

    Returns
    -------
    pandas.DataFrame
        See :attr:`bci_dann.evaluation.StoredResults.history`.
    """
    import pandas as pd

    rows = [
        (*task_of(about).values(), epoch, name, float(value))
        for about, record in records
        for name, values in record.history.items()
        for epoch, value in enumerate(values, start=1)
        if not np.isnan(value)
    ]
    return pd.DataFrame(rows, columns=[*TASK_COLUMNS, "epoch", "summand", "value"])


def feature_points_frame(records: Records) -> pd.DataFrame:
    """Return one row for each point of a feature map.

    Parameters
    ----------
    records : sequence of (dict, Record)
        Descriptions and records.

    Returns
    -------
    pandas.DataFrame
        See :attr:`bci_dann.evaluation.StoredResults.feature_points`.
    """
    import pandas as pd

    frames = [
        pd.DataFrame(
            {
                **task_of(about),
                "trial_subject": record.feature_map["subjects"],
                "label": record.feature_map["labels"],
                **_numbered("component", record.feature_map["points"].T),
                **_numbered("explained", record.feature_map["explained"]),
            }
        )
        for about, record in records
        if record.feature_map
    ]
    if not frames:
        return pd.DataFrame(columns=[*TASK_COLUMNS])
    return pd.concat(frames, ignore_index=True)


def _numbered(name: str, values: NDArray[Any]) -> dict[str, Any]:
    return {f"{name}_{number}": value for number, value in enumerate(values, start=1)}


def _columns_of(record: Record) -> dict[str, NDArray[Any]]:
    """Return the columns of a record's trials by name, with trials in the order of recording."""
    order = np.argsort(record.test_index)
    probabilities = record.probabilities[order]
    return {
        "session": record.sessions[order],
        "trial": record.test_index[order],
        "truth": record.truth[order],
        "prediction": record.classes[probabilities.argmax(axis=1)],
        **{f"p_{name}": probabilities[:, place] for place, name in enumerate(record.classes)},
    }


def _joined(parts: list[dict[str, NDArray[Any]]], counts: list[int]) -> dict[str, NDArray[Any]]:
    """Join the columns of records; NaN if a record lacks a column, such as that of a class."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {
        name: np.concatenate(
            [
                part[name] if name in part else np.full(count, np.nan)
                for part, count in zip(parts, counts, strict=True)
            ]
        )
        for name in names
    }
