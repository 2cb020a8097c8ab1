"""Alignment: remove what is known to differ between domains before learning."""

from __future__ import annotations

from bci_dann._validation import check_option
from bci_dann.alignment.euclidean import EuclideanAlignment, euclidean_reference

__all__ = ["ALIGNMENTS", "EuclideanAlignment", "euclidean_reference", "make_alignment"]

ALIGNMENTS = {"euclidean": EuclideanAlignment}


def make_alignment(name: str | None) -> EuclideanAlignment | None:
    """Return an unfitted alignment by name.

    Parameters
    ----------
    name : {"euclidean"} or None
        ``None`` leaves trials as they are.

    Returns
    -------
    EuclideanAlignment or None

    Raises
    ------
    ConfigError
        When the name is unknown.
    """
    if name is None:
        return None
    check_option("alignment", name, ALIGNMENTS)
    return ALIGNMENTS[name]()
