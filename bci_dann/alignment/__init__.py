"""Alignment: remove what is known to differ between domains before learning."""

from bci_dann.alignment.euclidean import EuclideanAlignment, euclidean_reference

__all__ = ["EuclideanAlignment", "euclidean_reference"]
