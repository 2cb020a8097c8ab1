"""Prepared trials that include sliding windows: kind, times and task of each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.data.trials import EEGTrials

__all__ = ["KIND", "TRIAL", "WINDOW", "WindowTable", "separated"]

# The column that distinguishes trials, for training, from windows, which are predicted; its values.
KIND, TRIAL, WINDOW = "kind", "trial", "window"


@dataclass(frozen=True)
class WindowTable:  # numpydoc ignore=PR02
    """Kind, times and task of each row of prepared trials that include sliding windows.

    Parameters
    ----------
    is_window : ndarray of bool, shape (n_rows,)
        Whether the row is a window and not a trial.
    start, end : ndarray, shape (n_rows,)
        Times of its first and last sample (s after the first sample of the recording).
    task : ndarray of str, shape (n_rows,)
        The class of the task in which the row ends; empty if it ends in no task.
    onset : ndarray, shape (n_rows,)
        The start of this task (s); NaN if there is none.
    run : ndarray of str, shape (n_rows,)
        The run of the recording.
    """

    is_window: NDArray[np.bool_]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    task: NDArray[np.str_]
    onset: NDArray[np.float64]
    run: NDArray[np.str_]


def separated(trials: EEGTrials) -> tuple[EEGTrials, WindowTable | None]:
    """Separate times and tasks from prepared trials, because methods must not use them.

    Parameters
    ----------
    trials : EEGTrials
        Prepared trials from :func:`bci_dann.data.open_trials`.

    Returns
    -------
    trials : EEGTrials
        The same rows, with only subject, session and run as metadata.
    table : WindowTable or None
        ``None`` if there are no windows; ``trials`` are then returned unchanged.
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
    """Convert numbers that are stored as text; an empty text is NaN."""
    texts = column.to_numpy(dtype=str)
    return np.array([float(text) if text else np.nan for text in texts])
