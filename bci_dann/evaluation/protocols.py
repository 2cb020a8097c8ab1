"""What of the target subject may be seen in training, under MOABB's own names.

The folds are those of MOABB's ``CrossSubjectSplitter`` with the settings of
``CrossSubjectMode``. They are written out here because importing MOABB takes seconds in
each worker process, and because one fold is needed at a time; a test holds the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bci_dann._validation import check_option
from bci_dann.exceptions import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PROTOCOLS", "Fold", "Protocol", "split"]


@dataclass(frozen=True)
class Protocol:
    """The settings behind a protocol's name.

    Parameters
    ----------
    calibration : float
        The fraction of each target session that is seen in training, first trials first.
    labelled : bool
        Whether these trials come with their labels.
    trialwise : bool
        Whether prediction sees one trial at a time.
    """

    calibration: float = 0.0
    labelled: bool = False
    trialwise: bool = False


PROTOCOLS = {
    "train": Protocol(),
    "train_trialwise": Protocol(trialwise=True),
    "train_and_target_unlabeled_20p": Protocol(calibration=0.2),
    "train_and_target_unlabeled_50p": Protocol(calibration=0.5),
    "train_and_target_unlabeled_full": Protocol(calibration=1.0),
    "train_and_target_labeled_20p": Protocol(calibration=0.2, labelled=True),
    "train_and_target_labeled_50p": Protocol(calibration=0.5, labelled=True),
}


@dataclass(frozen=True, eq=False)
class Fold:
    """Which trials play which part when one subject is the target.

    Parameters
    ----------
    train : ndarray of int
        The trials of all other subjects.
    calibration : ndarray of int
        The target's trials that training may see; empty in the ``train`` protocols, and
        all of them in the transductive one.
    test : ndarray of int
        The target's trials that are scored.
    labelled : bool
        Whether the calibration trials come with their labels.
    """

    train: NDArray[np.intp]
    calibration: NDArray[np.intp]
    test: NDArray[np.intp]
    labelled: bool = False


def split(metadata: pd.DataFrame, target_subject: str, protocol: str) -> Fold:
    """Return the fold in which ``target_subject`` is the target.

    Parameters
    ----------
    metadata : pandas.DataFrame
        One row a trial, in the order of recording, with ``subject`` and ``session``.
    target_subject : str
        The subject that is left out.
    protocol : str
        One of :data:`PROTOCOLS`.

    Returns
    -------
    Fold

    Raises
    ------
    ConfigError
        When the protocol is unknown.
    DataError
        When there is no other subject, or no such subject.
    """
    check_option("protocol", protocol, PROTOCOLS)
    subjects = metadata["subject"].to_numpy(dtype=str)
    _check_subjects(subjects, str(target_subject))
    rule = PROTOCOLS[protocol]
    target = np.flatnonzero(subjects == str(target_subject))
    seen = _seen_in_training(metadata["session"].to_numpy(dtype=str)[target], rule.calibration)
    return Fold(
        train=np.flatnonzero(subjects != str(target_subject)),
        calibration=target[seen],
        test=target if rule.calibration == 1 else target[~seen],
        labelled=rule.labelled,
    )


def _seen_in_training(sessions: NDArray[np.str_], fraction: float) -> NDArray[np.bool_]:
    """Mark the first ``fraction`` of each session: at least one trial, never all but in full."""
    if fraction in (0.0, 1.0):
        return np.full(len(sessions), fraction == 1.0)
    seen = np.zeros(len(sessions), dtype=bool)
    for session in np.unique(sessions):
        positions = np.flatnonzero(sessions == session)
        count = min(max(int(fraction * len(positions)), 1), len(positions) - 1)
        seen[positions[:count]] = True
    return seen


def _check_subjects(subjects: NDArray[np.str_], target: str) -> None:
    known = list(dict.fromkeys(subjects.tolist()))
    check_option("the target subject", target, known, error=DataError)
    if len(known) < 2:
        raise DataError(
            f"leaving one subject out needs at least two subjects; there is only {target!r}. "
            "Add subjects under `data`."
        )
