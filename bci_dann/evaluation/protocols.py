"""What of the target subject may be seen in training, under MOABB's own names and ours.

MOABB's folds are those of MOABB's ``CrossSubjectSplitter`` with the settings of
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


# The share of the first class with which all of its trials are kept.
LARGEST_SHARE = 0.8


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
    online : bool
        Whether the estimator adapts to each trial once it has predicted it.
    source_free : bool
        Whether the estimator, once trained, adapts to all of the target's trials without its
        sources.
    n_per_class : int
        How many trials of each class are seen with labels, first trials first; all others are
        seen without, and scored.
    share : float
        The share that the first class, in the order of their names, is to have among the target's
        trials; the others are left out entirely. Whatever the share, as many trials are kept as
        if all of the first class were four in five. 0 leaves all as they are.
    """

    calibration: float = 0.0
    labelled: bool = False
    trialwise: bool = False
    online: bool = False
    source_free: bool = False
    n_per_class: int = 0
    share: float = 0.0


PROTOCOLS = {
    "train": Protocol(),
    "train_trialwise": Protocol(trialwise=True),
    "train_and_target_unlabeled_20p": Protocol(calibration=0.2),
    "train_and_target_unlabeled_50p": Protocol(calibration=0.5),
    "train_and_target_unlabeled_full": Protocol(calibration=1.0),
    "train_and_target_unlabeled_80_20": Protocol(calibration=1.0, share=0.8),
    "train_and_target_unlabeled_50_50": Protocol(calibration=1.0, share=0.5),
    "train_and_target_unlabeled_20_80": Protocol(calibration=1.0, share=0.2),
    "train_and_target_labeled_20p": Protocol(calibration=0.2, labelled=True),
    "train_and_target_labeled_50p": Protocol(calibration=0.5, labelled=True),
    "source_free": Protocol(source_free=True),
    "online": Protocol(trialwise=True, online=True),
    **{f"semisupervised_{k}": Protocol(labelled=True, n_per_class=k) for k in (1, 2, 5, 10, 20)},
}


@dataclass(frozen=True, eq=False)
class Fold:
    """Which trials play which part when one subject is the target.

    Parameters
    ----------
    train : ndarray of int
        The trials of all other subjects, but for one who is left out entirely.
    unlabelled : ndarray of int
        The target's trials that training may see without their labels; all of them in the
        transductive protocol.
    labelled : ndarray of int
        The target's trials that training may see with their labels.
    test : ndarray of int
        The target's trials that are scored.
    """

    train: NDArray[np.intp]
    unlabelled: NDArray[np.intp]
    labelled: NDArray[np.intp]
    test: NDArray[np.intp]


def split(
    metadata: pd.DataFrame,
    target_subject: str,
    protocol: str,
    labels: NDArray[np.str_] | None = None,
    without: str | None = None,
) -> Fold:
    """Return the fold in which ``target_subject`` is the target.

    Parameters
    ----------
    metadata : pandas.DataFrame
        One row a trial, in the order of recording, with ``subject`` and ``session``.
    target_subject : str
        The subject that is left out.
    protocol : str
        One of :data:`PROTOCOLS`.
    labels : ndarray of str, shape (n_trials,), optional
        The label of each trial, which ``semisupervised_K`` asks for, to find the first K trials
        of each class, and ``train_and_target_unlabeled_80_20`` and its likes, to say which trials
        there are.
    without : str, optional
        A subject who is neither source nor target: in a nested choice for this subject, the
        others in turn play the target.

    Returns
    -------
    Fold

    Raises
    ------
    ConfigError
        When the protocol is unknown.
    DataError
        When there is no other subject, or no such subject, or it is the one to be left out,
        or it has no trials to be scored beyond those that are seen with labels.
    """
    check_option("protocol", protocol, PROTOCOLS)
    subjects = metadata["subject"].to_numpy(dtype=str)
    _check_subjects(subjects, str(target_subject), without)
    rule = PROTOCOLS[protocol]
    target = np.flatnonzero(subjects == str(target_subject))
    left_out = [str(target_subject)] if without is None else [str(target_subject), str(without)]
    train, none = np.flatnonzero(~np.isin(subjects, left_out)), target[:0]
    sessions = metadata["session"].to_numpy(dtype=str)
    if rule.n_per_class:
        own = _labels(labels, protocol)[target]
        shown = _first_of_each_class(own, rule.n_per_class, str(target_subject))
        return Fold(train, target[~shown], target[shown], target[~shown])
    if rule.share:
        target = target[_thinned(_labels(labels, protocol)[target], sessions[target], rule.share)]
    seen = _seen_in_training(sessions[target], rule.calibration)
    test = target if rule.calibration == 1 else target[~seen]
    calibration = (none, target[seen]) if rule.labelled else (target[seen], none)
    return Fold(train, *calibration, test)


def _labels(labels: NDArray[np.str_] | None, protocol: str) -> NDArray[np.str_]:
    if labels is None:
        raise DataError(f"the protocol {protocol} needs the labels of the trials.")
    return labels


def _first_of_each_class(
    own: NDArray[np.str_], n_per_class: int, subject: str
) -> NDArray[np.bool_]:
    """Mark the first trials of each class; only these labels are looked at for training."""
    shown = np.zeros(len(own), dtype=bool)
    for name in np.unique(own):
        shown[np.flatnonzero(own == name)[:n_per_class]] = True
    if shown.all():
        raise DataError(
            f"subject {subject} has no trial left to be scored once {n_per_class} of each class "
            "are seen with labels. Take a smaller K in semisupervised_K."
        )
    return shown


def _thinned(
    labels: NDArray[np.str_], sessions: NDArray[np.str_], share: float
) -> NDArray[np.bool_]:
    """Mark of each session some trials of the first class and some others, evenly spaced."""
    kept = np.zeros(len(labels), dtype=bool)
    is_first = labels == np.unique(labels)[0]
    for session in np.unique(sessions):
        own = sessions == session
        n_kept = np.sum(own & is_first) / LARGEST_SHARE
        for part, of_all in ((own & is_first, share), (own & ~is_first, 1 - share)):
            trials = np.flatnonzero(part)
            count = min(max(round(of_all * n_kept), 1), len(trials))
            kept[trials[np.linspace(0, len(trials) - 1, count).round().astype(int)]] = True
    return kept


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


def _check_subjects(subjects: NDArray[np.str_], target: str, without: str | None) -> None:
    known = list(dict.fromkeys(subjects.tolist()))
    if without is not None:
        check_option("the subject to leave out", str(without), known, error=DataError)
        known.remove(str(without))
    check_option("the target subject", target, known, error=DataError)
    if len(known) < 2:
        raise DataError(
            f"leaving one subject out needs at least two subjects; there is only {target!r}. "
            "Add subjects under `data`."
        )
