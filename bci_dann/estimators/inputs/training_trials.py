"""Training trials: source and target trials before alignment, and all trials after it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._arrays import as_slice
from bci_dann.estimators.inputs.signals import Signals
from bci_dann.objectives.batch_view import UNLABELLED

__all__ = ["TARGET", "TrainingTrials", "UnalignedTrials"]

# Reserved names that no subject has.
TARGET = "<target>"
UNKNOWN_SUBJECT = "<unknown>"


@dataclass(frozen=True)
class UnalignedTrials:
    """Trials of the sources or of the target, before alignment.

    Parameters
    ----------
    signals : Signals
        The trials.
    labels : ndarray of int, shape (n_trials,)
        Class indices; ``UNLABELLED`` where they are unknown.
    is_target : bool
        Whether they are trials of the target.
    """

    signals: Signals
    labels: NDArray[np.int64]
    is_target: bool

    @classmethod
    def unlabelled_target(cls, signals: Signals) -> UnalignedTrials:
        """Return trials of the target without labels.

        Parameters
        ----------
        signals : Signals
            The trials.

        Returns
        -------
        UnalignedTrials
            Trials of the target without labels.
        """
        return cls(signals, np.full(len(signals.X), UNLABELLED), is_target=True)

    def single(self, index: int) -> UnalignedTrials:
        """Return a single trial.

        Parameters
        ----------
        index : int
            Index of the trial.

        Returns
        -------
        UnalignedTrials
            With one trial, whose signals are a view.
        """
        one, of_all = slice(index, index + 1), self.signals
        subjects, domains = (
            None if names is None else names[one] for names in (of_all.subjects, of_all.domains)
        )
        rest = None if of_all.rest is None else np.asarray(of_all.rest)[one]
        signals = replace(of_all, X=of_all.X[one], subjects=subjects, domains=domains, rest=rest)
        return replace(self, signals=signals, labels=self.labels[one])

    @property
    def domains(self) -> NDArray[np.str_]:
        """``subject/session`` of each trial; one name where unknown; see :class:`Signals`."""
        if self.signals.domains is not None:
            return self.signals.domains
        return np.repeat(TARGET if self.is_target else UNKNOWN_SUBJECT, len(self.labels))

    @property
    def subjects(self) -> NDArray[np.str_]:
        """The subject of each trial; a reserved name for the target; see :class:`Signals`."""
        if self.is_target:
            return np.repeat(TARGET, len(self.labels))
        known = self.signals.subjects
        return np.repeat(UNKNOWN_SUBJECT, len(self.labels)) if known is None else known


@dataclass(frozen=True)
class TrainingTrials:
    """Aligned trials of all domains, the input of ``fit_aligned`` and ``adapt_aligned``.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features)
        Aligned trials, float32. The method that receives them may overwrite them.
    labels : ndarray of int, shape (n_trials,)
        Indices into ``classes_``; ``UNLABELLED`` where the label is unknown.
    subjects : ndarray of str, shape (n_trials,)
        The subject of each trial; one reserved name for all target trials.
    domains : ndarray of str, shape (n_trials,)
        ``subject/session`` of each trial.
    is_target : ndarray of bool, shape (n_trials,)
        Which trials are the target's.
    digests : ndarray of uint64, shape (n_trials,)
        Hash of each target trial before alignment, to recognise it later; see
        :func:`~bci_dann.estimators.inputs.seen_trials.trial_digests`.
    """

    X: NDArray[np.float32]
    labels: NDArray[np.int64]
    subjects: NDArray[np.str_]
    domains: NDArray[np.str_]
    is_target: NDArray[np.bool_]
    digests: NDArray[np.uint64]

    @property
    def is_labelled(self) -> NDArray[np.bool_]:
        """Whether each trial has a label, shape (n_trials,)."""
        return self.labels != UNLABELLED

    @property
    def is_unlabelled_target(self) -> NDArray[np.bool_]:
        """Whether each trial is the target's and has no label, shape (n_trials,)."""
        return self.is_target & ~self.is_labelled

    def select(self, chosen: NDArray[np.bool_]) -> TrainingTrials:
        """Return a selection of the trials, in their order.

        Parameters
        ----------
        chosen : ndarray of bool, shape (n_trials,)
            The trials to return.

        Returns
        -------
        TrainingTrials
            Views, without a copy, where the trials are contiguous; else copies.
        """
        index = as_slice(chosen)
        return TrainingTrials(*(getattr(self, field.name)[index] for field in fields(self)))

    def labelled(self) -> TrainingTrials:
        """Return the trials that have a label; see :meth:`select`.

        Returns
        -------
        TrainingTrials
            Views where they are contiguous; else copies.
        """
        return self.select(self.is_labelled)

    def domain_names(self, domains: str) -> NDArray[Any]:
        """Return the domains that an adversary classifies.

        Parameters
        ----------
        domains : {"subject", "session", "source_target"}
            The kind of domain.

        Returns
        -------
        ndarray, shape (n_trials,)
            The domain of each trial.
        """
        return {
            "subject": self.subjects,
            "session": self.domains,
            "source_target": self.is_target,
        }[domains]
