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
# Key of the state of the update in saved models; a new name would make old files unreadable.
STATE_KEY = "followed"


@dataclass(frozen=True)
class OnlineBatchNorm:
    """State of the update: the last trials.

    Parameters
    ----------
    signals : tuple of ndarray, shape (n_chans, n_times)
        The last trials, standardised.

    See Also
    --------
    adapt_batch_norm : Computes the statistics from all trials at once.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.estimators.networks import OnlineBatchNorm
    >>> online, _ = OnlineBatchNorm().update([], np.ones((3, 128), np.float32))
    >>> len(online.signals)
    1
    """

    signals: tuple[NDArray[np.float32], ...] = ()

    def update(
        self, networks: Sequence[Decoder], signal: NDArray[np.float32]
    ) -> tuple[OnlineBatchNorm, list[Decoder]]:
        """Move the statistics of networks by a twentieth towards those of the last four trials.

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
        online = replace(self, signals=signals)
        if len(signals) < BATCH_TRIALS:
            return online, list(networks)
        (batch,) = trial_batches(np.stack(signals))
        moved = []
        for network in networks:
            if has_batch_norm(network):
                shared = {id(weights): weights for weights in network.parameters()}
                network = copy.deepcopy(network, shared)
                update_batch_norm(network, batch, MOMENTUM)
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
        state.description[STATE_KEY] = True

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
        return cls(tuple(state.arrays[f"{STATE_KEY}.signals"]))
