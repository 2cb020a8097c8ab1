"""Trained networks on disk and on the way to other processes: weights, and no code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._random import fenced_torch_seed, stream
from bci_dann.estimators.saving import Saving
from bci_dann.persistence import ModelState

if TYPE_CHECKING:
    import torch

    from bci_dann.models import Decoder

__all__ = ["NetworkState"]


class NetworkState(Saving):
    """What of an estimator with networks is saved and pickled."""

    networks_: list[Decoder]
    center_: NDArray[np.float32]
    scale_: NDArray[np.float32]

    def __getstate__(self) -> dict[str, Any]:
        """Give networks as their weights: torch does not pickle parametrised modules."""
        state = dict(super().__getstate__())  # a copy: Python gives the attributes themselves
        if "networks_" in state:
            state["networks_"] = [network.state_dict() for network in self.networks_]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        weights = state.get("networks_")
        super().__setstate__(state)
        if weights is not None:
            self.networks_ = [self._network_of(one) for one in weights]

    def _network_of(self, weights: Mapping[str, torch.Tensor]) -> Decoder:
        with fenced_torch_seed(stream(0, "discarded")):  # the initial weights are replaced
            network = self._build_network().eval()
        network.load_state_dict(weights)
        return network

    def _state(self) -> ModelState:
        state = super()._state()
        if hasattr(self, "networks_"):
            state.arrays.update(center=self.center_, scale=self.scale_)
            state.description["n_networks"] = len(self.networks_)
        for index, network in enumerate(getattr(self, "networks_", [])):
            weights = network.state_dict().items()
            state.arrays.update({f"network.{index}.{name}": w.numpy() for name, w in weights})
        return state

    def _restore(self, state: ModelState) -> None:
        super()._restore(state)
        if "scale" not in state.arrays:
            return
        import torch

        self.center_, self.scale_ = state.arrays["center"], state.arrays["scale"]
        weights = [state.part(f"network.{i}") for i in range(state.description["n_networks"])]
        self.networks_ = [
            self._network_of({name: torch.from_numpy(array) for name, array in one.items()})
            for one in weights
        ]

    def _build_network(self) -> Decoder:
        raise NotImplementedError
