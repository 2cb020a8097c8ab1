"""Training of networks and linear heads: balanced batches, epoch loop, stacks, CUDA graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.training.augmentation import Augmentation, augment, check_augmentation
    from bci_dann.training.batch_norm import has_batch_norm, recompute_batch_norm
    from bci_dann.training.epoch_observer import observed_epochs
    from bci_dann.training.linear_head import fit_linear
    from bci_dann.training.loop import History, train
    from bci_dann.training.loss_log import tensorboard_log
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

_MODULES = {
    "Augmentation": "augmentation",
    "HeadPenalty": "quadratic_penalty",
    "History": "loop",
    "LinearHead": "quadratic_penalty",
    "Member": "training_data",
    "TrainingData": "training_data",
    "TrainingSettings": "training_data",
    "augment": "augmentation",
    "check_augmentation": "augmentation",
    "fit_linear": "linear_head",
    "has_batch_norm": "batch_norm",
    "observed_epochs": "epoch_observer",
    "penalty_without_directions": "quadratic_penalty",
    "recompute_batch_norm": "batch_norm",
    "resolve_device": "training_data",
    "ridge_penalty": "quadratic_penalty",
    "source_penalty": "quadratic_penalty",
    "stack_signature": "stacking",
    "tensorboard_log": "loss_log",
    "train": "loop",
    "train_networks": "stacking",
    "train_stack": "stacking",
}

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
    "observed_epochs",
    "penalty_without_directions",
    "recompute_batch_norm",
    "resolve_device",
    "ridge_penalty",
    "source_penalty",
    "stack_signature",
    "tensorboard_log",
    "train",
    "train_networks",
    "train_stack",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
