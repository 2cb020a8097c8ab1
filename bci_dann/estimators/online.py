"""Adaptation to a subject trial by trial."""

from __future__ import annotations

import copy
from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from bci_dann.estimators.inputs.reading import read_for_learning
from bci_dann.estimators.inputs.signals import concatenate, copy_trials

__all__ = ["OnlineAdaptation"]

# Fewer trials of a new subject than this are not adapted to: a mean over so few says more of these
# trials than of the subject. Empirical.
MIN_PASSED = 5


class OnlineAdaptation:
    """Adaptation to trials that come one after another."""

    # the model that was fitted, and the trials that were handed over since
    _online: tuple[Self, list[Any]]

    def partial_adapt(self, X: Any) -> Self:
        """Adapt to the next trials of a new subject: predict them first, then hand them over.

        Li et al. (2023), "T-TIME: test-time information maximization ensemble for plug-and-play
        BCIs", IEEE Trans. Biomed. Eng. 71(2), 423-432, adapt in this order. Each call adapts the
        model that was fitted, or adapted to earlier trials, as :meth:`adapt` does, to all trials
        that were handed over so far; the first five are only collected.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            The next trials of the subject (µV), always of one kind. They are copied, so that a
            buffer may be used again.

        Returns
        -------
        Self
            A new estimator; this one stays as it is. What was handed over is not saved.

        Raises
        ------
        DataError
            When the trials are not of the kind that the model was fitted to, or hold no signal.
            They then count as not handed over, and the next ones may follow.
        """
        check_is_fitted(self)
        read_for_learning(self, X)
        fitted, passed = getattr(self, "_online", (self, []))
        passed = [*passed, copy_trials(X)]
        trials = concatenate(passed)
        adapted = copy.copy(self) if len(trials) < MIN_PASSED else fitted.adapted(trials)
        adapted._online = (fitted, passed)
        return adapted

    def _forget_passed(self) -> None:
        """Drop the trials that were handed over to the model of before."""
        self.__dict__.pop("_online", None)

    def adapted(self, X: Any) -> Self:
        """Return a copy that is adapted to trials; every method implements it.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials of one subject (µV).

        Returns
        -------
        Self
        """
        raise NotImplementedError
