"""Adapting to a person trial by trial."""

from __future__ import annotations

import copy
from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from bci_dann.estimators.signals import Signals, concatenate, kept

__all__ = ["OnlineAdaptation"]

# Fewer trials of a new subject than this are not adapted to.
FEWEST_PASSED = 5


class OnlineAdaptation:
    """What a method does with trials that come one after another."""

    # the model that was fitted, and what was handed over since
    _online: tuple[Self, list[Any]]

    def partial_adapt(self, X: Any) -> Self:
        """Meet a new subject trial by trial: predict first, then hand the trial over.

        Li et al. (2023), "T-TIME: test-time information maximization ensemble for plug-and-play
        BCIs", IEEE Trans. Biomed. Eng. 71(2), 423-432, adapt in this order. Each call adapts the
        model that was fitted, or adapted to earlier trials, as :meth:`adapt` does, to all trials
        that were handed over so far; the first few only wait, since they would say more of
        themselves than of the subject.

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
        self._read_to_learn(X)
        origin, passed = getattr(self, "_online", (self, []))
        passed = [*passed, kept(X)]
        together = concatenate(passed)
        adapted = copy.copy(self) if len(together) < FEWEST_PASSED else origin._adapted(together)
        adapted._online = (origin, passed)
        return adapted

    def _forget_passed(self) -> None:
        """Begin anew: what was handed over belonged to the model of before."""
        self.__dict__.pop("_online", None)

    def _read_to_learn(self, X: Any) -> Signals:
        raise NotImplementedError

    def _adapted(self, X: Any) -> Self:
        raise NotImplementedError
