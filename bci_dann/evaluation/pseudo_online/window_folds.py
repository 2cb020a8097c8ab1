"""Folds of pseudo-online evaluation: trials for training, and windows that are scored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bci_dann.data.combined.combined_config import CombinedDataConfig
from bci_dann.data.windows.pseudo_online import check_causal_steps
from bci_dann.evaluation.protocols import PROTOCOLS, Fold, Protocol, split
from bci_dann.exceptions import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.data import EEGTrials
    from bci_dann.data.combined.combined_config import RunData
    from bci_dann.data.preprocessing import Preprocessing
    from bci_dann.data.windows.window_table import WindowTable

__all__ = ["check_pseudo_online", "is_causal", "is_transductive", "trials_of", "window_fold"]


def check_pseudo_online(
    data: RunData, preprocessing: Preprocessing, protocols: Sequence[str]
) -> None:
    """Raise if a run cannot be evaluated on windows over its recordings.

    Parameters
    ----------
    data : DataConfig or CombinedDataConfig
        The data of the run.
    preprocessing : Preprocessing
        The preprocessing of the run.
    protocols : sequence of str
        The protocols of the run.

    Raises
    ------
    ConfigError
        With the setting that has to be changed.
    """
    if isinstance(data, CombinedDataConfig):
        raise ConfigError("pseudo_online is for one dataset; `data` lists several")
    if data.regime is not None:
        raise ConfigError(
            "pseudo_online needs whole recordings, and data.regime changes trials: remove one "
            "of the two"
        )
    check_causal_steps(preprocessing)
    for protocol in protocols:
        if PROTOCOLS[protocol].share:
            raise ConfigError(
                f"pseudo_online goes over whole recordings, and the protocol {protocol} leaves out "
                "trials: choose another, such as online"
            )


def is_transductive(rule: Protocol) -> bool:
    """Return whether training uses all trials of the target, including later ones.

    Parameters
    ----------
    rule : Protocol
        The settings of a protocol.

    Returns
    -------
    bool
        True for ``train_and_target_unlabeled_full``, ``source_free``, and protocols in which
        training uses some trials with labels and all others without.
    """
    uses_some_labels = rule.first_session or rule.n_per_class or rule.n_first
    return rule.calibration == 1 or rule.source_free or bool(uses_some_labels)


def is_causal(protocol: str, n_sessions: int) -> bool:
    """Return whether no prediction depends on anything that was recorded after it.

    Parameters
    ----------
    protocol : str
        One of :data:`~bci_dann.evaluation.PROTOCOLS`.
    n_sessions : int
        Number of sessions of the target with trials, from the first one with scored windows on. If
        training uses the first part of each session, the part of a later session was recorded after
        the windows of an earlier one, whether or not windows of the later one are scored.

    Returns
    -------
    bool
        Only the trials that training uses are considered; filters and windows are always causal.
    """
    rule = PROTOCOLS[protocol]
    return not is_transductive(rule) and (rule.calibration == 0 or n_sessions == 1)


def window_fold(
    metadata: pd.DataFrame,
    table: WindowTable,
    target_subject: str,
    protocol: str,
    labels: NDArray[np.str_] | None = None,
    without: str | Sequence[str] | None = None,
) -> Fold:
    """Return the fold in which ``target_subject`` is the target.

    Training uses the same trials as in the ordinary fold of the protocol. Windows over the
    recordings of the target are scored. If the protocol has calibration trials, which are used for
    training and not scored, only the windows after the last calibration trial of their session are
    scored.

    Parameters
    ----------
    metadata : pandas.DataFrame
        One row for each trial and window, with ``subject`` and ``session``.
    table : WindowTable
        Kind and times of each row.
    target_subject : str
        The subject that is left out.
    protocol : str
        One of :data:`~bci_dann.evaluation.PROTOCOLS`.
    labels : ndarray of str, shape (n_rows,), optional
        The class of each row; see :func:`~bci_dann.evaluation.split`.
    without : str or sequence of str, optional
        See :func:`~bci_dann.evaluation.split`.

    Returns
    -------
    Fold
        Indices of rows of ``metadata``.

    Raises
    ------
    ConfigError, DataError
        See :func:`~bci_dann.evaluation.split`; also when no window is left to be scored.
    """
    rows = np.flatnonzero(~table.is_window)
    trial_labels = None if labels is None else labels[rows]
    trials = split(metadata.iloc[rows], target_subject, protocol, trial_labels, without)
    target = metadata["subject"].to_numpy(dtype=str) == str(target_subject)
    windows = np.flatnonzero(target & table.is_window)
    used = np.concatenate([trials.unlabelled, trials.labelled])
    calibration = rows[np.setdiff1d(used, trials.test)]
    scored = windows[_is_later(windows, calibration, metadata, table)]
    if not len(scored):
        raise DataError(
            f"subject {target_subject} has no window after the trials that {protocol} shows to "
            "training. Take a protocol that shows fewer."
        )
    return Fold(rows[trials.train], rows[trials.unlabelled], rows[trials.labelled], scored)


def trials_of(trials: EEGTrials, table: WindowTable, subject: str) -> NDArray[np.intp]:
    """Return the rows of a subject that are trials.

    Parameters
    ----------
    trials : EEGTrials
        All rows.
    table : WindowTable
        Kind of each row.
    subject : str
        The subject.

    Returns
    -------
    ndarray of int, shape (n_trials,)
        Indices of the rows, in the order of recording.
    """
    return np.flatnonzero((trials.subjects == subject) & ~table.is_window)


def _is_later(
    windows: NDArray[np.intp],
    calibration: NDArray[np.intp],
    metadata: pd.DataFrame,
    table: WindowTable,
) -> NDArray[np.bool_]:
    """Mark the windows that begin after the last calibration trial of their session."""
    is_later = np.ones(len(windows), dtype=bool)
    sessions = metadata["session"].to_numpy(dtype=str)
    for session in np.unique(sessions[calibration]).tolist():
        last = calibration[sessions[calibration] == session].max()
        own = np.flatnonzero(sessions[windows] == session)
        # runs are numbered in the order of recording; times are relative to the start of a run
        runs = table.run[windows[own]].tolist()
        numbers = {run: number for number, run in enumerate(dict.fromkeys(runs))}
        run = np.array([numbers[name] for name in runs], dtype=int)
        last_run = numbers.get(str(table.run[last]), -1)
        begins_after = table.start[windows[own]] > table.end[last]
        is_later[own] = (run > last_run) | ((run == last_run) & begins_after)
    return is_later
