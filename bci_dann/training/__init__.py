"""Training: balanced batches and the epoch loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.training.augmentation import Augmentation, augmented, check_augmentation
    from bci_dann.training.batch_norm import has_batch_norm, settle_batch_norm
    from bci_dann.training.device import usable_device
    from bci_dann.training.linear_head import fit_linear
    from bci_dann.training.loop import History, stack_signature, train, train_stack
    from bci_dann.training.quadratic_penalty import Anchor, LinearHead, anchor_of, avoiding, ridge
    from bci_dann.training.trainer import train_together
    from bci_dann.training.training_data import Member, TrainingData, TrainingSettings

_MODULES = {
    "Anchor": "quadratic_penalty",
    "Augmentation": "augmentation",
    "History": "loop",
    "LinearHead": "quadratic_penalty",
    "Member": "training_data",
    "TrainingData": "training_data",
    "TrainingSettings": "training_data",
    "anchor_of": "quadratic_penalty",
    "augmented": "augmentation",
    "avoiding": "quadratic_penalty",
    "check_augmentation": "augmentation",
    "fit_linear": "linear_head",
    "has_batch_norm": "batch_norm",
    "ridge": "quadratic_penalty",
    "settle_batch_norm": "batch_norm",
    "stack_signature": "loop",
    "train": "loop",
    "train_stack": "loop",
    "train_together": "trainer",
    "usable_device": "device",
}

__all__ = [
    "Anchor",
    "Augmentation",
    "History",
    "LinearHead",
    "Member",
    "TrainingData",
    "TrainingSettings",
    "anchor_of",
    "augmented",
    "avoiding",
    "check_augmentation",
    "fit_linear",
    "has_batch_norm",
    "ridge",
    "settle_batch_norm",
    "stack_signature",
    "train",
    "train_stack",
    "train_together",
    "usable_device",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
