"""Predictions of windows one after another, as a decoder in use makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.protocols import Protocol
from bci_dann.evaluation.pseudo_online.window_folds import is_transductive

if TYPE_CHECKING:
    from bci_dann.data import EEGTrials
    from bci_dann.data.windows.window_table import WindowTable

__all__ = ["predict_windows", "times_of"]


def predict_windows(
    estimator: Any,
    trials: EEGTrials,
    windows: NDArray[np.intp],
    table: WindowTable,
    rule: Protocol,
    predict: Callable[[Any, NDArray[np.intp]], Any],
) -> NDArray[np.float64]:
    """Predict windows in the order of time, each by itself.

    In the protocol ``online`` the estimator adapts, after its prediction, to each window that
    shares no sample with the one that it adapted to before. Protocols that show training all of
    the target predict all at once.

    Parameters
    ----------
    estimator : estimator
        Trained; it is left as it is.
    trials : EEGTrials
        All rows (µV), without times and tasks.
    windows : ndarray of int
        The rows to predict.
    table : WindowTable
        When they lie.
    rule : Protocol
        The settings of the protocol.
    predict : callable
        Takes an estimator and rows, and returns probabilities.

    Returns
    -------
    ndarray, shape (n_windows, n_classes)
        Probabilities.
    """
    if is_transductive(rule):
        return np.asarray(predict(estimator, windows))
    follows = rule.online and hasattr(estimator, "partial_adapt")
    sessions = trials.metadata["session"].to_numpy(dtype=str)
    recording, free_from = ("", ""), -np.inf
    outputs = []
    for row in windows.tolist():
        block = np.array([row])
        outputs.append(predict(estimator, block))
        if (sessions[row], table.run[row]) != recording:
            recording, free_from = (sessions[row], table.run[row]), -np.inf
        if follows and table.start[row] > free_from:
            estimator = estimator.partial_adapt(trials[block].unlabelled())
            free_from = table.end[row]
    return np.concatenate(outputs)


def times_of(table: WindowTable, windows: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    """Return what a record keeps of windows, so that they can be scored without the recordings.

    Parameters
    ----------
    table : WindowTable
        Of all rows.
    windows : ndarray of int
        The rows that were predicted.

    Returns
    -------
    dict of str to ndarray
        ``run``, ``start``, ``end``, ``task`` and ``onset`` of each.
    """
    names = ("run", "start", "end", "task", "onset")
    return {name: getattr(table, name)[windows] for name in names}
