"""Weights of networks as arrays, for saving and for transfer to other processes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from numpy.typing import NDArray

from bci_dann._random import isolated_torch_seed, stream
from bci_dann.exceptions import DataError
from bci_dann.models import Decoder
from bci_dann.models.downloads import check_no_download
from bci_dann.models.precision import single_precision
from bci_dann.persistence import ModelState

__all__ = ["network_arrays", "restore_network", "restore_networks"]

# Above these limits the weights of a network are counted before it is built, which takes seconds:
# samples of a trial over all channels, and digits of numbers in the parameters of the backbone.
# Empirical: 64 channels and a minute at 250 Hz; backbones have tens to hundreds of filters.
MAX_USUAL_SAMPLES = 1_000_000
MAX_USUAL_DIGITS = 3


def network_arrays(networks: Sequence[Decoder]) -> dict[str, NDArray[Any]]:
    """Return the weights and buffers of networks as arrays.

    Parameters
    ----------
    networks : sequence of Decoder
        On the CPU.

    Returns
    -------
    dict of str to ndarray
        Keys are ``network.<index>.<name>``.

    See Also
    --------
    restore_networks : The inverse.

    Examples
    --------
    >>> from bci_dann.estimators.networks import network_arrays
    >>> from bci_dann.models import Decoder, make_backbone
    >>> arrays = network_arrays([Decoder(make_backbone("MLP", 4, 1), n_classes=2)])
    >>> sorted(arrays)[-1]
    'network.0.head.weight'
    """
    return {
        f"network.{index}.{name}": values.numpy()
        for index, network in enumerate(networks)
        for name, values in network.state_dict().items()
    }


def restore_networks(build: Callable[[], Decoder], state: ModelState) -> list[Decoder]:
    """Return the networks from the arrays of :func:`network_arrays`.

    Parameters
    ----------
    build : callable
        Returns an untrained network of the same architecture.
    state : ModelState
        With ``n_networks`` in its description, and the arrays of the networks.

    Returns
    -------
    list of Decoder
        In evaluation mode.

    Raises
    ------
    DataError
        When a network is missing, or its architecture has more weights than were saved; the
        weights of unusually large networks are counted before these are built. Also when building
        a network would download a file.

    See Also
    --------
    network_arrays : The inverse.
    restore_network : Restores one network.

    Examples
    --------
    >>> from bci_dann.estimators.networks import network_arrays, restore_networks
    >>> from bci_dann.models import Decoder, make_backbone
    >>> from bci_dann.persistence import ModelState
    >>> def build():
    ...     return Decoder(make_backbone("MLP", 4, 1), n_classes=2)
    >>> state = ModelState({"n_networks": 1}, network_arrays([build()]))
    >>> len(restore_networks(build, state))
    1
    """
    check_no_download(state.description.get("parameters", {}))
    restored = []
    for index in range(state.description["n_networks"]):
        arrays = state.part(f"network.{index}")
        if not arrays:
            raise DataError(
                f"the saved model has no weights of its network {index}: it is damaged. Save the "
                "model again."
            )
        weights = {name: torch.from_numpy(array) for name, array in arrays.items()}
        if not index and _is_unusual(state.description):
            _check_size(build, sum(map(torch.Tensor.numel, weights.values())))
        restored.append(restore_network(build, weights))
    return restored


def _is_unusual(description: Mapping[str, Any]) -> bool:
    """Whether trials, or numbers in the parameters of the backbone, are unusually large."""
    n_samples = (description.get("n_features_in") or 1) * (description.get("n_times") or 1)
    sizes = re.findall(r"\d+", str(description.get("parameters", {}).get("backbone")))
    return n_samples > MAX_USUAL_SAMPLES or any(len(size) > MAX_USUAL_DIGITS for size in sizes)


def _check_size(build: Callable[[], Decoder], n_weights: int) -> None:
    """Raise where the architecture has more weights than were saved."""
    try:
        with isolated_torch_seed(stream(0, "discarded")), torch.device("meta"):
            described = build().state_dict()
    except Exception:  # not every network can be built on the meta device
        return
    expected = sum(map(torch.Tensor.numel, described.values()))
    if expected > n_weights:
        raise DataError(
            f"the network of the saved model has {expected} weights by its description, and the "
            f"file holds {n_weights} of them: the model is damaged. Save it again."
        )


def restore_network(build: Callable[[], Decoder], weights: Mapping[str, torch.Tensor]) -> Decoder:
    """Build a network, and load weights into it.

    Parameters
    ----------
    build : callable
        Returns a network of the same architecture.
    weights : mapping of str to Tensor
        Its state dictionary.

    Returns
    -------
    Decoder
        In evaluation mode.

    See Also
    --------
    restore_networks : Restores several networks from arrays.

    Examples
    --------
    >>> from bci_dann.estimators.networks import restore_network
    >>> from bci_dann.models import Decoder, make_backbone
    >>> def build():
    ...     return Decoder(make_backbone("MLP", 4, 1), n_classes=2)
    >>> restore_network(build, build().state_dict()).training
    False
    """
    # the initial weights are replaced
    with isolated_torch_seed(stream(0, "discarded")), single_precision():
        network = build().eval()
    network.load_state_dict(weights)
    return network
