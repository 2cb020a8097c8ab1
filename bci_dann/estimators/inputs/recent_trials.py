"""The last trials of a new subject, kept for methods that are not incremental."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bci_dann.estimators.inputs.signals import Signals
from bci_dann.estimators.inputs.training_trials import UnalignedTrials

__all__ = ["RecentTrials"]

# Maximum number of trials, which keeps the time of an adaptation constant. A hundred trials, two or
# three sessions of common experiments, give a stable reference.
MAX_RECENT_TRIALS = 100


@dataclass(frozen=True)
class RecentTrials:
    """The last hundred trials of ``partial_adapt``.

    Parameters
    ----------
    X : tuple of ndarray, shape (n_chans, n_times)
        The trials (µV), oldest first; copies of the input.
    domains : tuple of str
        The domain of each trial.
    rest : tuple of (ndarray, shape (n_chans, n_rest_times), or None)
        The rest window of each trial (µV); ``None`` where it has none.
    """

    X: tuple[NDArray[np.float32], ...] = ()
    domains: tuple[str, ...] = ()
    rest: tuple[NDArray[np.float32] | None, ...] = ()

    def with_trials(self, part: UnalignedTrials) -> RecentTrials:
        """Return the last trials after adding new ones.

        Parameters
        ----------
        part : UnalignedTrials
            The new trials.

        Returns
        -------
        RecentTrials
            At most a hundred; the arrays of earlier trials are shared.
        """
        X = (*self.X, *(np.array(trial) for trial in part.signals.X))
        domains = (*self.domains, *part.domains.tolist())
        windows = part.signals.rest
        new = [None] * len(part.labels) if windows is None else np.array(windows)
        rest = (*self.rest, *new)
        recent = slice(-MAX_RECENT_TRIALS, None)
        return RecentTrials(X[recent], domains[recent], rest[recent])

    def as_part(self, kind: Signals) -> UnalignedTrials:
        """Return the trials as input of an adaptation.

        Parameters
        ----------
        kind : Signals
            Any trials of the same kind, for channel names and sampling frequency.

        Returns
        -------
        UnalignedTrials
            Without labels.
        """
        known = [rest for rest in self.rest if rest is not None]
        signals = replace(
            kind,
            X=np.stack(self.X),
            subjects=None,
            domains=np.array(self.domains),
            rest=np.stack(known) if len(known) == len(self.X) else None,
        )
        return UnalignedTrials.unlabelled_target(signals)
