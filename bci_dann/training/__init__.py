"""Training: balanced batches and the epoch loop."""

from bci_dann.training.augmentation import Augmentation, augmented, check_augmentation
from bci_dann.training.batch_norm import has_batch_norm, settle_batch_norm
from bci_dann.training.device import usable_device
from bci_dann.training.linear_head import fit_linear
from bci_dann.training.loop import History, stack_signature, train, train_stack
from bci_dann.training.quadratic_penalty import Anchor, LinearHead, anchor_of, avoiding, ridge
from bci_dann.training.trainer import train_together
from bci_dann.training.training_data import Member, TrainingData, TrainingSettings

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
