"""The last trials of a new subject, kept for methods that cannot follow them one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bci_dann.estimators.inputs.signals import Signals
from bci_dann.estimators.inputs.training_trials import Part

__all__ = ["RecentTrials"]

# So many trials give a stable reference, and a refit to them takes the same time at any trial: two
# or three sessions of common experiments.
MOST_TRIALS = 100


@dataclass(frozen=True)
class RecentTrials:
    """The last hundred trials that were handed over.

    Parameters
    ----------
    X : tuple of ndarray, shape (n_chans, n_times)
        The trials (µV), oldest first; copies of what was given.
    domains : tuple of str
        The domain of each.
    rest : tuple of (ndarray, shape (n_chans, n_rest_times), or None)
        The rest window of each (µV); ``None`` where the trials brought none.
    """

    X: tuple[NDArray[np.float32], ...] = ()
    domains: tuple[str, ...] = ()
    rest: tuple[NDArray[np.float32] | None, ...] = ()

    def followed_by(self, part: Part) -> RecentTrials:
        """Return the last trials once further ones have passed.

        Parameters
        ----------
        part : Part
            The next trials.

        Returns
        -------
        RecentTrials
            At most a hundred; the rows of earlier ones are shared.
        """
        X = (*self.X, *(np.array(trial) for trial in part.signals.X))
        domains = (*self.domains, *part.domains.tolist())
        windows = part.signals.rest
        new = [None] * len(part.labels) if windows is None else np.array(windows)
        return RecentTrials(
            X[-MOST_TRIALS:], domains[-MOST_TRIALS:], (*self.rest, *new)[-MOST_TRIALS:]
        )

    def as_part(self, kind: Signals) -> Part:
        """Return the trials as a part to adapt to.

        Parameters
        ----------
        kind : Signals
            Trials of the same channels.

        Returns
        -------
        Part
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
        return Part.unlabelled(signals)
