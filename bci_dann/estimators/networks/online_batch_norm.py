"""Online update of batch-norm statistics with trials of a new subject, in constant time."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bci_dann.alignment.running_reference import MOMENTUM
from bci_dann.estimators.networks.network_outputs import trial_batches
from bci_dann.models import Decoder
from bci_dann.persistence import ModelState
from bci_dann.training.batch_norm import has_batch_norm, update_batch_norm

__all__ = ["OnlineBatchNorm"]

# Number of trials in a batch: the variance of fewer trials is unreliable, and more take longer.
BATCH_TRIALS = 4
# Weight, in trials, of the statistics from training; `adapt` needs as many trials.
PRIOR_TRIALS = 20
# Key of the state of the update in saved models; a new name would make old files unreadable.
STATE_KEY = "followed"


@dataclass(frozen=True)
class OnlineBatchNorm:
    """State of the update: the last trials, and the number of past trials.

    Parameters
    ----------
    signals : tuple of ndarray, shape (n_chans, n_times)
        The last trials, standardised.
    count : int
        Number of past trials.

    See Also
    --------
    adapt_batch_norm : Computes the statistics from all trials at once.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.estimators.networks import OnlineBatchNorm
    >>> online, _ = OnlineBatchNorm().update([], np.ones((3, 128), np.float32))
    >>> online.count
    1
    """

    signals: tuple[NDArray[np.float32], ...] = ()
    count: int = 0

    def update(
        self, networks: Sequence[Decoder], signal: NDArray[np.float32]
    ) -> tuple[OnlineBatchNorm, list[Decoder]]:
        """Move the statistics of networks towards those of the last trials.

        Parameters
        ----------
        networks : sequence of Decoder
            Not modified.
        signal : ndarray, shape (n_chans, n_times)
            The next trial, standardised.

        Returns
        -------
        online : OnlineBatchNorm
            State that includes this trial.
        networks : list of Decoder
            Copies that share all weights.
        """
        signals = (*self.signals, signal)[-BATCH_TRIALS:]
        online = replace(self, signals=signals, count=self.count + 1)
        if len(signals) < BATCH_TRIALS:
            return online, list(networks)
        # the weight of the newest batch, at least that of the newest trial in a running reference
        weight = max(1.0 / (PRIOR_TRIALS + online.count), MOMENTUM)
        (batch,) = trial_batches(np.stack(signals))
        moved = []
        for network in networks:
            if has_batch_norm(network):
                shared = {id(weights): weights for weights in network.parameters()}
                network = copy.deepcopy(network, shared)
                update_batch_norm(network, batch, weight)
            moved.append(network)
        return online, moved

    def add_to(self, state: ModelState) -> None:
        """Add the state to that of a model, for saving; see :meth:`from_state`.

        Parameters
        ----------
        state : ModelState
            The state of a network classifier.
        """
        state.arrays[f"{STATE_KEY}.signals"] = np.stack(self.signals)
        state.description[STATE_KEY] = self.count

    @classmethod
    def from_state(cls, state: ModelState) -> OnlineBatchNorm | None:
        """Restore what :meth:`add_to` added to the state of a model.

        Parameters
        ----------
        state : ModelState
            The state of a network classifier.

        Returns
        -------
        OnlineBatchNorm or None
            ``None`` where no trial has been seen.
        """
        if STATE_KEY not in state.description:
            return None
        signals = tuple(state.arrays[f"{STATE_KEY}.signals"])
        return cls(signals, state.description[STATE_KEY])
