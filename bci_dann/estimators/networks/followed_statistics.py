"""Batch-norm statistics that follow a new subject's trials, in constant time and memory."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bci_dann.estimators.networks.network_outputs import trial_batches
from bci_dann.models import Decoder
from bci_dann.persistence import ModelState
from bci_dann.training.batch_norm import has_batch_norm, moved_batch_norm

__all__ = ["FollowedStatistics"]

# Trials of a batch: fewer hardly show how trials differ, more take longer.
BATCH = 4
# As how many trials the statistics of the training count; a single adaptation needs as many.
PRIOR_TRIALS = 20
# The least weight of the newest batch, as of the newest trial in a running reference.
MOMENTUM = 0.05


@dataclass(frozen=True)
class FollowedStatistics:
    """The last trials, and how many have passed.

    Parameters
    ----------
    signals : tuple of ndarray, shape (n_chans, n_times)
        The last trials, standardised.
    count : int
        How many have passed.

    See Also
    --------
    adapt_batch_norm : Takes statistics from all trials at once.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.estimators.networks import FollowedStatistics
    >>> followed, _ = FollowedStatistics().follow([], np.ones((3, 128), np.float32))
    >>> followed.count
    1
    """

    signals: tuple[NDArray[np.float32], ...] = ()
    count: int = 0

    def follow(
        self, networks: Sequence[Decoder], signal: NDArray[np.float32]
    ) -> tuple[FollowedStatistics, list[Decoder]]:
        """Move the statistics of networks by the next trial.

        Parameters
        ----------
        networks : sequence of Decoder
            They stay as they are.
        signal : ndarray, shape (n_chans, n_times)
            The trial, standardised.

        Returns
        -------
        followed : FollowedStatistics
            With this trial.
        networks : list of Decoder
            Copies that share the weights.
        """
        signals = (*self.signals, signal)[-BATCH:]
        followed = replace(self, signals=signals, count=self.count + 1)
        if len(signals) < BATCH:
            return followed, list(networks)
        weight = max(1.0 / (PRIOR_TRIALS + followed.count), MOMENTUM)
        (batch,) = trial_batches(np.stack(signals))
        moved = []
        for network in networks:
            if has_batch_norm(network):
                shared = {id(weights): weights for weights in network.parameters()}
                network = copy.deepcopy(network, shared)
                moved_batch_norm(network, batch, weight)
            moved.append(network)
        return followed, moved

    def add_to(self, state: ModelState) -> None:
        """Put the trials into the state of a model; see :meth:`from_state`.

        Parameters
        ----------
        state : ModelState
            Of a network classifier.
        """
        state.arrays["followed.signals"] = np.stack(self.signals)
        state.description["followed"] = self.count

    @classmethod
    def from_state(cls, state: ModelState) -> FollowedStatistics | None:
        """Return what :meth:`add_to` has put into a state.

        Parameters
        ----------
        state : ModelState
            Of a network classifier.

        Returns
        -------
        FollowedStatistics or None
            ``None`` where no trial was followed.
        """
        if "followed" not in state.description:
            return None
        signals = tuple(state.arrays["followed.signals"])
        return cls(signals, state.description["followed"])
