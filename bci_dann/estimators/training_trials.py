"""Trials of all domains, put together for a method to learn from."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from bci_dann.alignment.interface import Alignment
from bci_dann.estimators.signals import Signals
from bci_dann.objectives import UNLABELLED

__all__ = ["Part", "TrainingTrials", "join", "labelled_only"]

# Names that no subject of a data set bears.
TARGET = "<target>"
UNKNOWN_SUBJECT = "<unknown>"


@dataclass(frozen=True)
class Part:
    """Source trials, or one kind of target trials, as they came in.

    Parameters
    ----------
    signals : Signals
        The trials.
    labels : ndarray of int, shape (n_trials,)
        Class indices; ``UNLABELLED`` where they are unknown.
    is_target : bool
        Whose trials they are.
    """

    signals: Signals
    labels: NDArray[np.int64]
    is_target: bool

    @property
    def domains(self) -> NDArray[np.str_]:
        """``subject/session`` of each trial, or one name for all where it is unknown."""
        if self.signals.domains is not None:
            return self.signals.domains
        return np.repeat(TARGET if self.is_target else UNKNOWN_SUBJECT, len(self.labels))

    @property
    def subjects(self) -> NDArray[np.str_]:
        """The subject of each trial; all target trials bear one name."""
        if self.is_target:
            return np.repeat(TARGET, len(self.labels))
        known = self.signals.subjects
        return np.repeat(UNKNOWN_SUBJECT, len(self.labels)) if known is None else known


@dataclass(frozen=True)
class TrainingTrials:
    """Aligned trials of all domains, as a method learns from them.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features)
        Aligned trials, float32. They belong to the method, which may change them in place.
    labels : ndarray of int, shape (n_trials,)
        Indices into ``classes_``; ``UNLABELLED`` where the label is unknown.
    subjects : ndarray of str, shape (n_trials,)
        The subject of each trial; one reserved name for all target trials.
    domains : ndarray of str, shape (n_trials,)
        ``subject/session`` of each trial.
    is_target : ndarray of bool, shape (n_trials,)
        Which trials are the target's.
    """

    X: NDArray[np.float32]
    labels: NDArray[np.int64]
    subjects: NDArray[np.str_]
    domains: NDArray[np.str_]
    is_target: NDArray[np.bool_]

    @property
    def is_labelled(self) -> NDArray[np.bool_]:
        """Which trials have a label."""
        return self.labels != UNLABELLED

    @property
    def to_adapt_to(self) -> NDArray[np.bool_]:
        """Which trials are the target's and have no label."""
        return self.is_target & ~self.is_labelled


def join(parts: list[Part], alignment: Alignment | None) -> TrainingTrials:
    """Put the parts together, with their signals aligned.

    Parameters
    ----------
    parts : list of Part
        The source first, and trials without label last.
    alignment : Alignment or None
        Fitted.

    Returns
    -------
    TrainingTrials
    """
    sizes = [len(part.labels) for part in parts]
    shape = parts[0].signals.X.shape[1:]
    shape = shape if alignment is None else alignment.shape_of(shape)
    X = np.empty((sum(sizes), *shape), dtype=np.float32)
    start = 0
    for part, size in zip(parts, sizes, strict=True):
        block = X[start : start + size]
        if alignment is None:
            block[:] = part.signals.X
        else:
            alignment.transform_into(part.signals.X, part.domains, block)
        start += size
    return TrainingTrials(
        X=X,
        labels=np.concatenate([part.labels for part in parts]),
        subjects=np.concatenate([part.subjects for part in parts]),
        domains=np.concatenate([part.domains for part in parts]),
        is_target=np.repeat([part.is_target for part in parts], sizes),
    )


def labelled_only(trials: TrainingTrials) -> TrainingTrials:
    """Return the labelled trials, which stand first, without a copy.

    Parameters
    ----------
    trials : TrainingTrials
        As :func:`join` made them.

    Returns
    -------
    TrainingTrials
    """
    end = int(trials.is_labelled.sum())
    return TrainingTrials(*(getattr(trials, field.name)[:end] for field in fields(trials)))
