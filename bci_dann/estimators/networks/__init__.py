"""Networks inside an estimator: training, outputs, and arrays to be saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
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
    from bci_dann.estimators.networks.standardisation import center_and_scale, standardise
    from bci_dann.estimators.networks.training_plan import (
        TrainingPlan,
        build_plan,
        trained_by_plan,
    )

_MODULES = {
    "TrainingPlan": "training_plan",
    "build_plan": "training_plan",
    "center_and_scale": "standardisation",
    "mean_losses": "network_outputs",
    "mean_probabilities": "network_outputs",
    "network_arrays": "network_state",
    "features_and_logits": "network_outputs",
    "restore_network": "network_state",
    "restore_networks": "network_state",
    "standardise": "standardisation",
    "trained_by_plan": "training_plan",
    "trial_batches": "network_outputs",
}

__all__ = [
    "TrainingPlan",
    "build_plan",
    "center_and_scale",
    "features_and_logits",
    "mean_losses",
    "mean_probabilities",
    "network_arrays",
    "restore_network",
    "restore_networks",
    "standardise",
    "trained_by_plan",
    "trial_batches",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
