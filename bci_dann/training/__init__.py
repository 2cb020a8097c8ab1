"""Training of networks and linear heads: balanced batches, epoch loop, stacks, CUDA graphs."""

from bci_dann.training.augmentation import Augmentation, augment, check_augmentation
from bci_dann.training.batch_norm import has_batch_norm, recompute_batch_norm
from bci_dann.training.linear_head import fit_linear
from bci_dann.training.loop import History, train
from bci_dann.training.quadratic_penalty import (
    HeadPenalty,
    LinearHead,
    penalty_without_directions,
    ridge_penalty,
    source_penalty,
)
from bci_dann.training.stacking import stack_signature, train_networks, train_stack
from bci_dann.training.training_data import (
    Member,
    TrainingData,
    TrainingSettings,
    resolve_device,
)

__all__ = [
    "Augmentation",
    "HeadPenalty",
    "History",
    "LinearHead",
    "Member",
    "TrainingData",
    "TrainingSettings",
    "augment",
    "check_augmentation",
    "fit_linear",
    "has_batch_norm",
    "penalty_without_directions",
    "recompute_batch_norm",
    "resolve_device",
    "ridge_penalty",
    "source_penalty",
    "stack_signature",
    "train",
    "train_networks",
    "train_stack",
]
