"""Decisions for windows of a stream, and the reasons why a decision has no class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.exceptions import DataError

__all__ = ["REASONS", "Decision", "decided", "withheld"]

# Values of `Decision.reason`, with their meaning for users.
REASONS = {
    "": "there is a class",
    "filling": "the first window is not complete yet",
    "uncertain": "no class reaches the required probability, or all are equally probable",
    "artefact": "a channel is flat, clipped, or out of scale within the window",
    "missing samples": "samples within the window are NaN, infinite or impossibly large",
    "gap": "samples were lost, and no complete window has followed yet",
    "no signal": "no samples arrive from the stream",
}


@dataclass(frozen=True)
class Decision:  # numpydoc ignore=PR02
    """Decision of a model for the last seconds of a stream.

    Parameters
    ----------
    time : float
        Time of the last sample of the window (s), on the clock of the stream.
    probabilities : ndarray, shape (n_classes,)
        Class probabilities in the order of the decoder's classes; NaN if the window is unusable.
    label : str or None
        The most probable class; ``None`` if ``reason`` is not empty.
    ok : bool
        Whether the window could be used, so that there are probabilities.
    reason : str
        A key of :data:`bci_dann.serving.online.decision.REASONS`; empty if there is a class.
    faults : dict of str to str
        Faulty channels, with the fault: ``"flat"``, ``"railed"`` (clipped), ``"too large"``,
        ``"too small"`` or ``"missing samples"``.

    See Also
    --------
    OnlineDecoder : Returns decisions.

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
        """Return the decision in types that JSON supports.

        Parameters
        ----------
        classes : sequence of str
            Class names in the order of the probabilities.

        Returns
        -------
        dict
            ``time``, ``ok``, ``label``, ``reason``, ``probabilities`` (by class, or ``None``) and
            ``faults``.
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
    """Return the decision for a usable window.

    Parameters
    ----------
    time : float
        Time of the last sample of the window (s).
    probabilities : ndarray, shape (n_classes,)
        Class probabilities from the model.
    classes : sequence of str
        Class names in the order of the probabilities.
    abstains_below : float or None
        Lowest probability for a class; ``None`` gives a class unless all are equally probable.

    Returns
    -------
    Decision
        With a class, or with the reason ``"uncertain"``.

    Raises
    ------
    DataError
        When a probability is not finite.
    """
    from bci_dann.estimators.calibration.abstention import is_abstained

    if not np.isfinite(probabilities).all():
        raise DataError(
            f"the model returned the probabilities {probabilities}, which must be finite: train "
            "the model again."
        )
    threshold = 0.0 if abstains_below is None else abstains_below
    if is_abstained(probabilities[None], threshold)[0]:
        return Decision(time, probabilities, None, True, "uncertain")
    return Decision(time, probabilities, str(classes[int(probabilities.argmax())]), True)


def withheld(
    time: float, n_classes: int, reason: str, faults: Mapping[str, str] | None = None
) -> Decision:
    """Return the decision for a time without a usable window.

    Parameters
    ----------
    time : float
        Time of the decision (s).
    n_classes : int
        Number of classes.
    reason : str
        A key of :data:`REASONS`.
    faults : mapping of str to str, or None
        Faulty channels, with the fault.

    Returns
    -------
    Decision
        With ``ok=False`` and probabilities of NaN.
    """
    return Decision(time, np.full(n_classes, np.nan), None, False, reason, dict(faults or {}))
