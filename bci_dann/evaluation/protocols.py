"""Evaluation protocols: which trials and labels of the target training may use, and the folds.

Protocols with a name from MOABB have the folds of MOABB's ``CrossSubjectSplitter`` with the
settings of ``CrossSubjectMode``; a test compares both. They are implemented here because importing
MOABB takes seconds in each worker process, and because one fold is needed at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bci_dann._validation import check_option
from bci_dann.exceptions import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PROTOCOLS", "Fold", "Protocol", "split"]

# Protocols with a given class share select the same number of trials if the larger share is at most
# this, so that their scores can be compared. With a larger share there are too few trials of that
# class, and fewer trials are selected.
LARGEST_COMPARABLE_SHARE = 0.8


@dataclass(frozen=True)
class Protocol:
    """The settings of a protocol.

    Attributes
    ----------
    calibration : float
        Fraction of each target session that training may use, from its start (0 to 1).
    labelled : bool
        Whether training may also use the labels of these trials.
    trialwise : bool
        Whether trials are predicted one at a time.
    online : bool
        Whether the estimator adapts to each trial after predicting it.
    source_free : bool
        Whether the trained estimator adapts to all trials of the target, without labels and
        without the source trials.
    n_per_class : int
        Number of trials of each class that training may use with their labels, the first ones in
        the order of recording. Training may use all other trials without labels; these are scored.
    n_first : int
        Number of trials that training may use with their labels, the first ones of any class.
        Training may use all other trials without labels; these are scored.
    first_session : bool
        Whether training may use the labels of the first session. Training may use the trials of all
        other sessions without labels; these are scored.
    share : float
        Share of the first class, in alphabetical order, among the selected trials of the target
        (0 to 1); trials that are not selected are neither used nor scored. The remaining classes
        keep their proportions. All shares from 0.2 to 0.8 select the same number of trials, the
        largest that both 0.2 and 0.8 allow; more unequal shares select fewer. 0 selects all trials.
    """

    calibration: float = 0.0
    labelled: bool = False
    trialwise: bool = False
    online: bool = False
    source_free: bool = False
    n_per_class: int = 0
    n_first: int = 0
    first_session: bool = False
    share: float = 0.0


# Protocols by name: what training may use of the target, and how its trials are predicted.
PROTOCOLS = {
    "train": Protocol(),
    "train_trialwise": Protocol(trialwise=True),
    "train_and_target_unlabeled_20p": Protocol(calibration=0.2),
    "train_and_target_unlabeled_50p": Protocol(calibration=0.5),
    "train_and_target_unlabeled_full": Protocol(calibration=1.0),
    "train_and_target_unlabeled_80_20": Protocol(calibration=1.0, share=0.8),
    "train_and_target_unlabeled_90_10": Protocol(calibration=1.0, share=0.9),
    "train_and_target_unlabeled_65_35": Protocol(calibration=1.0, share=0.65),
    "train_and_target_unlabeled_50_50": Protocol(calibration=1.0, share=0.5),
    "train_and_target_unlabeled_20_80": Protocol(calibration=1.0, share=0.2),
    "train_and_target_labeled_20p": Protocol(calibration=0.2, labelled=True),
    "train_and_target_labeled_50p": Protocol(calibration=0.5, labelled=True),
    "source_free": Protocol(source_free=True),
    "online": Protocol(trialwise=True, online=True),
    "first_session_labeled": Protocol(labelled=True, first_session=True),
    "first_10_labeled": Protocol(labelled=True, n_first=10),
    "first_10_labeled_80_20": Protocol(labelled=True, n_first=10, share=0.8),
    "first_10_labeled_90_10": Protocol(labelled=True, n_first=10, share=0.9),
    "first_10_labeled_50_50": Protocol(labelled=True, n_first=10, share=0.5),
    "first_10_labeled_20_80": Protocol(labelled=True, n_first=10, share=0.2),
    **{f"semisupervised_{k}": Protocol(labelled=True, n_per_class=k) for k in (1, 2, 5, 10, 20)},
}


@dataclass(frozen=True, eq=False)
class Fold:
    """Indices of the trials for training and scoring when one subject is the target.

    Attributes
    ----------
    train : ndarray of int, shape (n_train,)
        Trials of the source subjects.
    unlabelled : ndarray of int, shape (n_unlabelled,)
        Trials of the target that training may use without their labels; all of them in
        ``train_and_target_unlabeled_full``.
    labelled : ndarray of int, shape (n_labelled,)
        Trials of the target that training may use with their labels.
    test : ndarray of int, shape (n_test,)
        Trials of the target that are scored.

    See Also
    --------
    split : Returns it.

    Examples
    --------
    >>> from bci_dann import load_dataset
    >>> from bci_dann.evaluation import split
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> fold = split(trials.metadata, "3", "train_and_target_unlabeled_50p")
    >>> len(fold.train), len(fold.unlabelled), len(fold.test)
    (40, 10, 10)
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
    without: str | Sequence[str] | None = None,
) -> Fold:
    """Return the fold in which ``target_subject`` is the target.

    Parameters
    ----------
    metadata : pandas.DataFrame
        One row for each trial, in the order of recording, with ``subject`` and ``session``.
    target_subject : str
        The subject that is left out.
    protocol : str
        One of :data:`PROTOCOLS`.
    labels : ndarray of str, shape (n_trials,), optional
        The label of each trial, needed by protocols that select trials of the target by class:
        ``semisupervised_K``, and protocols with class shares such as
        ``train_and_target_unlabeled_80_20``.
    without : str or sequence of str, optional
        Subjects that are neither sources nor target: in a nested choice the actual target, while
        another subject is the pseudo-target; if only other datasets are sources, the other
        subjects of the target's dataset.

    Returns
    -------
    Fold
        Indices of rows of ``metadata``.

    Raises
    ------
    ConfigError
        When the protocol is unknown.
    DataError
        When the target is unknown or in ``without``, there is no other subject, or no trial of
        the target remains to be scored.

    See Also
    --------
    bci_dann.run_benchmark : Uses every subject in turn as the target.

    Examples
    --------
    >>> from bci_dann import ShallowClassifier, load_dataset
    >>> from bci_dann.evaluation import split
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> fold = split(trials.metadata, "3", "train_and_target_unlabeled_full")
    >>> train, test = trials[fold.train], trials[fold.test]
    >>> model = ShallowClassifier("csp")
    >>> model = model.fit(train, train.y, X_target_unlabeled=trials[fold.unlabelled].unlabelled())
    >>> 0 <= model.score(test, test.y) <= 1
    True
    """
    check_option("protocol", protocol, PROTOCOLS)
    subjects = metadata["subject"].to_numpy(dtype=str)
    excluded = [without] if isinstance(without, str) else list(without or ())
    _check_subjects(subjects, str(target_subject), excluded)
    rule = PROTOCOLS[protocol]
    target = np.flatnonzero(subjects == str(target_subject))
    train = np.flatnonzero(~np.isin(subjects, [str(target_subject), *excluded]))
    sessions = metadata["session"].to_numpy(dtype=str)
    if rule.n_per_class:
        target_labels = _labels(labels, protocol)[target]
        is_first = _first_of_each_class(target_labels, rule.n_per_class, str(target_subject))
        return _fold_with_labels(train, target, is_first)
    if rule.share:
        target_labels = _labels(labels, protocol)[target]
        target = target[_with_class_share(target_labels, sessions[target], rule.share)]
    if rule.n_first:
        _check_some_left(len(target), rule.n_first, str(target_subject))
        return _fold_with_labels(train, target, np.arange(len(target)) < rule.n_first)
    if rule.first_session:
        is_first = _is_in_first_session(sessions[target], str(target_subject))
        return _fold_with_labels(train, target, is_first)
    seen = _seen_in_training(sessions[target], rule.calibration)
    test = target if rule.calibration == 1 else target[~seen]
    none = target[:0]
    if rule.labelled:
        return Fold(train, unlabelled=none, labelled=target[seen], test=test)
    return Fold(train, unlabelled=target[seen], labelled=none, test=test)


def _fold_with_labels(
    train: NDArray[np.intp], target: NDArray[np.intp], is_labelled: NDArray[np.bool_]
) -> Fold:
    """Return a fold in which the other trials of the target are seen without labels, and scored."""
    others = target[~is_labelled]
    return Fold(train, unlabelled=others, labelled=target[is_labelled], test=others)


def _labels(labels: NDArray[np.str_] | None, protocol: str) -> NDArray[np.str_]:
    if labels is None:
        raise DataError(
            f"the protocol {protocol} needs the labels of the trials, because it selects trials of "
            "the target by class: give `labels`, or take another protocol."
        )
    return labels


def _first_of_each_class(
    labels: NDArray[np.str_], n_per_class: int, subject: str
) -> NDArray[np.bool_]:
    """Mark the first trials of each class, whose labels training may use."""
    is_labelled = np.zeros(len(labels), dtype=bool)
    for name in np.unique(labels):
        is_labelled[np.flatnonzero(labels == name)[:n_per_class]] = True
    if is_labelled.all():
        raise DataError(
            f"subject {subject} has no trial left to be scored once {n_per_class} of each class "
            "are seen with labels. Take a smaller K in semisupervised_K."
        )
    return is_labelled


def _check_some_left(n_trials: int, n_first: int, subject: str) -> None:
    if n_trials <= n_first:
        raise DataError(
            f"subject {subject} has {n_trials} trials, so that none is left to be scored once the "
            f"first {n_first} are seen with labels. Leave the subject out, or take a protocol such "
            "as semisupervised_1."
        )


def _is_in_first_session(sessions: NDArray[np.str_], subject: str) -> NDArray[np.bool_]:
    """Mark the trials of the session that was recorded first."""
    is_first = sessions == sessions[0]
    if is_first.all():
        raise DataError(
            f"subject {subject} has only one session, and later ones are to be scored. Leave the "
            "subject out, or take a protocol such as first_10_labeled."
        )
    return np.asarray(is_first)


def _with_class_share(
    labels: NDArray[np.str_], sessions: NDArray[np.str_], share: float
) -> NDArray[np.bool_]:
    """Mark evenly spaced trials of each class in each session; the first class has ``share``."""
    selected = np.zeros(len(labels), dtype=bool)
    classes = np.unique(labels)
    largest = max(LARGEST_COMPARABLE_SHARE, share, 1 - share)
    for session in np.unique(sessions):
        of_class = [np.flatnonzero((sessions == session) & (labels == name)) for name in classes]
        n_others = sum(map(len, of_class[1:]))
        # the smaller side limits all shares, so that they select the same number of trials
        n_selected = min(len(of_class[0]), n_others or len(of_class[0])) / largest
        for number, trials in enumerate(of_class):
            part_share = (1 - share) * (len(trials) / max(n_others, 1)) if number else share
            count = min(max(round(part_share * n_selected), 1), len(trials))
            spaced = np.linspace(0, len(trials) - 1, count).round().astype(int)
            selected[trials[spaced]] = True
    return selected


def _seen_in_training(sessions: NDArray[np.str_], fraction: float) -> NDArray[np.bool_]:
    """Mark the first ``fraction`` of each session: at least one trial, and all only for 1.0."""
    if fraction in (0.0, 1.0):
        return np.full(len(sessions), fraction == 1.0)
    seen = np.zeros(len(sessions), dtype=bool)
    for session in np.unique(sessions):
        positions = np.flatnonzero(sessions == session)
        count = min(max(int(fraction * len(positions)), 1), len(positions) - 1)
        seen[positions[:count]] = True
    return seen


def _check_subjects(subjects: NDArray[np.str_], target: str, without: Sequence[str]) -> None:
    known = list(dict.fromkeys(subjects.tolist()))
    for subject in without:
        check_option("the subject to leave out", str(subject), known, error=DataError)
        known.remove(str(subject))
    check_option("the target subject", target, known, error=DataError)
    if len(known) < 2:
        raise DataError(
            f"leaving one subject out needs at least two subjects; there is only {target!r}. "
            "Add subjects under `data`."
        )
