"""The weights of networks as arrays, for files and for other processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from numpy.typing import NDArray

from bci_dann._random import isolated_torch_seed, stream
from bci_dann.models import Decoder
from bci_dann.models.precision import single_precision

__all__ = ["network_arrays", "restore_network", "restore_networks"]


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
    restore_networks : The way back.

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


def restore_networks(
    build: Callable[[], Decoder], states: Sequence[Mapping[str, NDArray[Any]]]
) -> list[Decoder]:
    """Return the networks that :func:`network_arrays` gave the arrays of.

    Parameters
    ----------
    build : callable
        Returns a network of the same architecture.
    states : sequence of mapping of str to ndarray
        The arrays of each network, without the prefix.

    Returns
    -------
    list of Decoder
        In evaluation mode.

    See Also
    --------
    network_arrays : Gives the arrays.
    restore_network : One network.

    Examples
    --------
    >>> from bci_dann.estimators.networks import network_arrays, restore_networks
    >>> from bci_dann.models import Decoder, make_backbone
    >>> def build():
    ...     return Decoder(make_backbone("MLP", 4, 1), n_classes=2)
    >>> arrays = network_arrays([build()])
    >>> state = {name.removeprefix("network.0."): array for name, array in arrays.items()}
    >>> len(restore_networks(build, [state]))
    1
    """
    return [
        restore_network(build, {name: torch.from_numpy(array) for name, array in state.items()})
        for state in states
    ]


def restore_network(build: Callable[[], Decoder], weights: Mapping[str, torch.Tensor]) -> Decoder:
    """Return a network with given weights.

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
    restore_networks : Several, from arrays.

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
