"""Networks of an estimator: training, outputs, adaptation, and saving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.estimators.networks.adapted_networks import (
        adapt_batch_norm,
        fit_heads,
        head_penalties,
        penalties_from_state,
        penalty_arrays,
    )
    from bci_dann.estimators.networks.network_outputs import (
        features_and_logits,
        mean_losses,
        mean_probabilities,
        trial_batches,
    )
    from bci_dann.estimators.networks.network_state import (
        network_arrays,
        restore_network,
        restore_networks,
    )
    from bci_dann.estimators.networks.online_batch_norm import OnlineBatchNorm
    from bci_dann.estimators.networks.online_training import OnlineTraining, information_loss
    from bci_dann.estimators.networks.standardisation import (
        center_and_scale,
        scaling_for,
        standardise,
    )
    from bci_dann.estimators.networks.training_plan import (
        TrainingPlan,
        build_plan,
        select_trained,
        train_plan,
    )

_MODULES = {
    "OnlineBatchNorm": "online_batch_norm",
    "OnlineTraining": "online_training",
    "information_loss": "online_training",
    "TrainingPlan": "training_plan",
    "adapt_batch_norm": "adapted_networks",
    "build_plan": "training_plan",
    "center_and_scale": "standardisation",
    "fit_heads": "adapted_networks",
    "head_penalties": "adapted_networks",
    "mean_losses": "network_outputs",
    "mean_probabilities": "network_outputs",
    "network_arrays": "network_state",
    "features_and_logits": "network_outputs",
    "penalties_from_state": "adapted_networks",
    "penalty_arrays": "adapted_networks",
    "restore_network": "network_state",
    "restore_networks": "network_state",
    "scaling_for": "standardisation",
    "standardise": "standardisation",
    "train_plan": "training_plan",
    "select_trained": "training_plan",
    "trial_batches": "network_outputs",
}

__all__ = [
    "OnlineBatchNorm",
    "OnlineTraining",
    "TrainingPlan",
    "adapt_batch_norm",
    "build_plan",
    "center_and_scale",
    "features_and_logits",
    "fit_heads",
    "head_penalties",
    "information_loss",
    "mean_losses",
    "mean_probabilities",
    "network_arrays",
    "penalties_from_state",
    "penalty_arrays",
    "restore_network",
    "restore_networks",
    "scaling_for",
    "select_trained",
    "standardise",
    "train_plan",
    "trial_batches",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
