"""Predictions of windows one after another, as by a decoder that is used online."""

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
    """Predict windows in temporal order, one at a time.

    In the protocol ``online`` the estimator adapts to a window after predicting it, unless the
    window overlaps the last one that it has adapted to. In protocols in which training uses all
    trials of the target, all windows are predicted at once.

    Parameters
    ----------
    estimator : estimator
        A trained estimator; not changed.
    trials : EEGTrials
        All rows (µV), without times and tasks.
    windows : ndarray of int, shape (n_windows,)
        Indices of the rows to predict.
    table : WindowTable
        Times of all rows.
    rule : Protocol
        The settings of the protocol.
    predict : callable
        Function of an estimator and indices of rows, which returns class probabilities.

    Returns
    -------
    ndarray, shape (n_windows, n_classes)
        Class probabilities of each window.
    """
    if is_transductive(rule):
        return np.asarray(predict(estimator, windows))
    adapts_online = rule.online and hasattr(estimator, "partial_adapt")
    sessions = trials.metadata["session"].to_numpy(dtype=str)
    # the current recording (session and run), and the end of the window last adapted to (s)
    recording, adapted_until = ("", ""), -np.inf
    outputs = []
    for row in windows.tolist():
        block = np.array([row])
        outputs.append(predict(estimator, block))
        if (sessions[row], table.run[row]) != recording:
            recording, adapted_until = (sessions[row], table.run[row]), -np.inf
        if adapts_online and table.start[row] > adapted_until:
            estimator = estimator.partial_adapt(trials[block].unlabelled())
            adapted_until = table.end[row]
    return np.concatenate(outputs)


def times_of(table: WindowTable, windows: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    """Return the times and tasks of windows for a record, with which they can be scored later.

    Parameters
    ----------
    table : WindowTable
        Times and tasks of all rows.
    windows : ndarray of int, shape (n_windows,)
        Indices of the predicted rows.

    Returns
    -------
    dict of str to ndarray, shape (n_windows,)
        ``run``, ``start`` (s), ``end`` (s), ``task`` and ``onset`` (s) of each window.
    """
    names = ("run", "start", "end", "task", "onset")
    return {name: getattr(table, name)[windows] for name in names}
