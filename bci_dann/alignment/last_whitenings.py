"""The whitening matrices of the references that were used last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.alignment.whitening import inverse_square_root

__all__ = ["LastWhitenings"]


class LastWhitenings:
    """Inverse square roots of references, computed only where the references have changed.

    The trials of a stream are re-centred by the same references, and decomposing a reference takes
    as long as decomposing a trial. Copies, and models that are loaded again, start without results.
    """

    def __init__(self) -> None:
        self._last: tuple[list[NDArray[Any]], list[NDArray[np.float64]]] = ([], [])

    def of(self, references: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
        """Return ``R^(-1/2)`` of each reference.

        Parameters
        ----------
        references : sequence of ndarray, shape (n_chans, n_chans)
            Mean covariances. They are compared by identity, so do not change them in place.

        Returns
        -------
        list of ndarray, shape (n_chans, n_chans)
            Not to be written to; see :func:`~bci_dann.alignment.whitening.inverse_square_root`.
        """
        known, whitenings = self._last
        if len(known) != len(references) or any(
            one is not other for one, other in zip(known, references, strict=True)
        ):
            whitenings = [inverse_square_root(one) for one in references]
            self._last = (list(references), whitenings)
        return whitenings

    def __deepcopy__(self, memo: dict[int, Any]) -> LastWhitenings:
        return LastWhitenings()

    def __reduce__(self) -> tuple[type[LastWhitenings], tuple[()]]:
        return LastWhitenings, ()
