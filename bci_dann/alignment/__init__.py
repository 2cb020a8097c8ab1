"""Alignment: remove what is known to differ between domains before learning."""

from __future__ import annotations

from bci_dann._validation import check_option
from bci_dann.alignment.euclidean import EuclideanAlignment, euclidean_reference
from bci_dann.alignment.filter_bank import FilterBank
from bci_dann.alignment.interface import Alignment
from bci_dann.alignment.recentring import Recentring
from bci_dann.alignment.riemannian import RiemannianAlignment

__all__ = [
    "ALIGNMENTS",
    "Alignment",
    "EuclideanAlignment",
    "FilterBank",
    "RiemannianAlignment",
    "euclidean_reference",
    "make_alignment",
]


ALIGNMENTS: dict[str, type[Recentring]] = {
    "euclidean": EuclideanAlignment,
    "riemannian": RiemannianAlignment,
}


def make_alignment(name: str | None) -> Recentring | None:
    """Return an unfitted alignment by name.

    Parameters
    ----------
    name : {"euclidean", "riemannian"} or None
        ``None`` leaves trials as they are.

    Returns
    -------
    Recentring or None

    Raises
    ------
    ConfigError
        When the name is unknown.
    """
    if name is None:
        return None
    check_option("alignment", name, ALIGNMENTS)
    return ALIGNMENTS[name]()
