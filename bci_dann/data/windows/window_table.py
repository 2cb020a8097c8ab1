"""Trials and windows in one set of prepared trials: which row is what, and when it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.data.trials import EEGTrials

__all__ = ["KIND", "TRIAL", "WINDOW", "WindowTable", "separated"]

# The column that tells trials, which methods are trained on, from windows, which are predicted.
KIND, TRIAL, WINDOW = "kind", "trial", "window"


@dataclass(frozen=True)
class WindowTable:  # numpydoc ignore=PR02
    """Times of the rows of prepared trials that have windows among them.

    Parameters
    ----------
    is_window : ndarray of bool, shape (n_rows,)
        Whether a row is a window of a recording, and no trial.
    start, end : ndarray, shape (n_rows,)
        Times of the first and the last sample (s after the first of the recording).
    task : ndarray of str, shape (n_rows,)
        The class of the task in which the row ends; empty where it ends in none.
    onset : ndarray, shape (n_rows,)
        When this task starts (s); NaN where there is none.
    run : ndarray of str, shape (n_rows,)
        The run.
    """

    is_window: NDArray[np.bool_]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    task: NDArray[np.str_]
    onset: NDArray[np.float64]
    run: NDArray[np.str_]


def separated(trials: EEGTrials) -> tuple[EEGTrials, WindowTable | None]:
    """Take times and tasks off prepared trials, since methods must not see them.

    Parameters
    ----------
    trials : EEGTrials
        As :func:`bci_dann.data.open_trials` returns them.

    Returns
    -------
    trials : EEGTrials
        The same rows, whose metadata have subject, session and run only.
    table : WindowTable or None
        ``None`` where there are no windows; ``trials`` are then those that were given.
    """
    if KIND not in trials.metadata:
        return trials, None
    from bci_dann.data.trials import METADATA_COLUMNS, EEGTrials

    metadata = trials.metadata
    bare = EEGTrials.trusted(
        trials.X,
        trials.y,
        metadata[list(METADATA_COLUMNS)],
        trials.info,
        trials.account,
        trials.rest,
    )
    return bare, WindowTable(
        is_window=metadata[KIND].to_numpy(dtype=str) == WINDOW,
        start=_numbers(metadata["start"]),
        end=_numbers(metadata["end"]),
        task=metadata["task"].to_numpy(dtype=str),
        onset=_numbers(metadata["onset"]),
        run=metadata["run"].to_numpy(dtype=str),
    )


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    """Return numbers that a table holds as text, empty where there is none."""
    texts = column.to_numpy(dtype=str)
    return np.array([float(text) if text else np.nan for text in texts])
