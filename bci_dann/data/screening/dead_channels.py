"""Detection of channels without a signal in most trials of a recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bci_dann.data.screening.trial_faults import RAILED_SHARE, ChannelLimits
from bci_dann.data.signal_checks import FLAT_UV

__all__ = ["dead_channels"]

# A channel is dead if it fails in a larger share of the trials. Otherwise, only the affected trials
# are left out, and the channel is used in the others.
MOSTLY = 0.5

FAILURES = ("samples are missing", "flat", "at the limit of its range")


def dead_channels(
    windows: Iterable[NDArray[np.float64]],
    names: Sequence[str],
    unit_factor: float,
    limits: ChannelLimits | None = None,
) -> dict[str, str]:
    """Find the channels that have failed in more than half of the trials.

    Parameters
    ----------
    windows : iterable of ndarray, shape (n_chans, n_times)
        The signals of the trials, without preprocessing.
    names : sequence of str
        The channels.
    unit_factor : float
        Microvolt per unit of the signals.
    limits : ChannelLimits or None
        The lowest and highest value of each channel; ``None`` if signals were filtered, since
        saturation cannot be detected then.

    Returns
    -------
    dict of str to str
        The failure of each dead channel: ``"samples are missing"``, ``"flat"`` or ``"at the limit
        of its range"``.

    Examples
    --------
    >>> import numpy as np
    >>> trials = np.random.default_rng(0).normal(0, 10, (20, 2, 100))  # µV
    >>> trials[:15, 1] = 3.0
    >>> dead_channels(trials, ["C3", "C4"], unit_factor=1.0)
    {'C4': 'flat'}
    """
    found = np.array([_failures(one, unit_factor, limits) for one in windows])
    if not len(found):
        return {}
    shares = found.mean(axis=0)  # of the trials, by failure and channel
    dead = shares.sum(axis=0) > MOSTLY
    return {names[i]: FAILURES[int(shares[:, i].argmax())] for i in np.flatnonzero(dead).tolist()}


def _failures(
    signals: NDArray[np.float64], unit_factor: float, limits: ChannelLimits | None
) -> NDArray[np.bool_]:
    """Return for each failure and channel whether it occurs; at most one failure per channel."""
    missing = ~np.isfinite(signals).all(axis=1)
    with np.errstate(invalid="ignore"):
        flat = ~missing & (signals.std(axis=1) * unit_factor < FLAT_UV)
    railed = np.zeros(len(signals), dtype=bool)
    if limits is not None:
        railed = ~missing & ~flat & (limits.share(signals) >= RAILED_SHARE)
    return np.array([missing, flat, railed])
