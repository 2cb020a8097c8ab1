"""Decisions of a decoder on a stream, and the reasons for which there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.exceptions import DataError

__all__ = ["REASONS", "Decision", "decided", "withheld"]

# Why a decision has no class.
REASONS = {
    "": "there is a class",
    "filling": "the first window is not full yet",
    "uncertain": "no class is probable enough",
    "artefact": "a channel is flat, railed, or out of scale within the window",
    "missing samples": "samples within the window are NaN or infinite",
    "gap": "samples were lost, and the window is not full again",
    "no signal": "nothing arrives from the stream",
}


@dataclass(frozen=True)
class Decision:  # numpydoc ignore=PR02
    """What a model says of the last seconds of a stream.

    Parameters
    ----------
    time : float
        Time of the last sample of the window (s), on the clock of the stream.
    probabilities : ndarray, shape (n_classes,)
        In the order of the decoder's classes; NaN where the window could not be used.
    label : str or None
        The most probable class; ``None`` where there is a reason against it.
    ok : bool
        Whether the window could be used; the probabilities then stand.
    reason : str
        A name of :data:`bci_dann.serving.online.decision.REASONS`; empty where there is a class.
    faults : dict of str to str
        By channel what is wrong with it: ``"flat"``, ``"railed"``, ``"too large"``,
        ``"too small"`` or ``"missing samples"``.

    See Also
    --------
    OnlineDecoder : Returns them.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.serving import Decision
    >>> Decision(4.0, np.array([0.2, 0.8]), "right_hand", True).as_dict(["left_hand", "right_hand"])
    {'time': 4.0, 'ok': True, 'label': 'right_hand', 'reason': '', 'probabilities': \
{'left_hand': 0.2, 'right_hand': 0.8}, 'faults': {}}
    """

    time: float
    probabilities: NDArray[np.float64]
    label: str | None
    ok: bool
    reason: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self, classes: Sequence[str]) -> dict[str, Any]:
        """Return the decision as JSON has it.

        Parameters
        ----------
        classes : sequence of str
            Names of the probabilities.

        Returns
        -------
        dict
            ``time``, ``ok``, ``label``, ``reason``, ``probabilities`` by class, or ``None`` where
            there are none, and ``faults``.
        """
        by_class = dict(zip(classes, self.probabilities.tolist(), strict=True))
        return {
            "time": self.time,
            "ok": self.ok,
            "label": self.label,
            "reason": self.reason,
            "probabilities": by_class if self.ok else None,
            "faults": dict(self.faults),
        }


def decided(
    time: float,
    probabilities: NDArray[np.float64],
    classes: Sequence[str],
    abstains_below: float | None,
) -> Decision:
    """Return the decision of a window that could be used.

    Parameters
    ----------
    time : float
        Of the last sample of the window (s).
    probabilities : ndarray, shape (n_classes,)
        What the model says.
    classes : sequence of str
        Their names.
    abstains_below : float or None
        What the largest probability must reach; ``None`` always gives a class.

    Returns
    -------
    Decision
        With a class, or without one as ``"uncertain"``.

    Raises
    ------
    DataError
        When a probability is not finite, which is a fault of the model.
    """
    from bci_dann.estimators.calibration.abstention import is_abstained

    if not np.isfinite(probabilities).all():
        raise DataError(f"the model gives the probabilities {probabilities}: fit it again.")
    threshold = 0.0 if abstains_below is None else abstains_below
    if is_abstained(probabilities[None], threshold)[0]:
        return Decision(time, probabilities, None, True, "uncertain")
    return Decision(time, probabilities, str(classes[int(probabilities.argmax())]), True)


def withheld(
    time: float, n_classes: int, reason: str, faults: Mapping[str, str] | None = None
) -> Decision:
    """Return the decision where there is nothing to decide on.

    Parameters
    ----------
    time : float
        When (s).
    n_classes : int
        Number of classes.
    reason : str
        A name of :data:`REASONS`.
    faults : mapping of str to str, or None
        By channel what is wrong.

    Returns
    -------
    Decision
        Not ``ok``, and its probabilities are NaN.
    """
    return Decision(time, np.full(n_classes, np.nan), None, False, reason, dict(faults or {}))
