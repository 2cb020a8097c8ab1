"""Training: balanced batches and the epoch loop."""

from bci_dann.training.anchor import Anchor, LinearHead, anchor_of, avoiding, ridge
from bci_dann.training.augmentation import Augmentation, augmented, check_augmentation
from bci_dann.training.batch_norm import has_batch_norm, settle_batch_norm
from bci_dann.training.data import Member, TrainingData, TrainingSettings
from bci_dann.training.device import usable_device
from bci_dann.training.linear import fit_linear
from bci_dann.training.loop import History, stack_signature, train, train_stack
from bci_dann.training.together import train_together

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
