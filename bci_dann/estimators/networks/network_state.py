"""The weights of networks as arrays, for files and for other processes."""

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

# Larger trials, and numbers of more digits in the parameters of a backbone, are a reason to count
# the weights of a network before it is built, which takes seconds. Empirical: 64 channels and a
# minute at 250 Hz; backbones have tens to hundreds of filters.
USUAL_SAMPLES = 1_000_000
USUAL_DIGITS = 3


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


def restore_networks(build: Callable[[], Decoder], state: ModelState) -> list[Decoder]:
    """Return the networks that :func:`network_arrays` gave the arrays of.

    Parameters
    ----------
    build : callable
        Returns a network of the same architecture.
    state : ModelState
        With ``n_networks`` in its description, and their arrays.

    Returns
    -------
    list of Decoder
        In evaluation mode.

    Raises
    ------
    DataError
        When a network is missing, or would have more weights than there are; unusually large
        ones are counted before they are built. Also when building one would download a file.

    See Also
    --------
    network_arrays : Gives the arrays.
    restore_network : One network.

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
            raise DataError(f"the saved model has no weights of its network {index}.")
        weights = {name: torch.from_numpy(array) for name, array in arrays.items()}
        if not index and _is_unusual(state.description):
            _check_size(build, sum(map(torch.Tensor.numel, weights.values())))
        restored.append(restore_network(build, weights))
    return restored


def _is_unusual(description: Mapping[str, Any]) -> bool:
    """Whether a network may be too large for the memory: its trials are, or numbers of layers."""
    n_samples = (description.get("n_features_in") or 1) * (description.get("n_times") or 1)
    sizes = re.findall(r"\d+", str(description.get("parameters", {}).get("backbone")))
    return n_samples > USUAL_SAMPLES or any(len(size) > USUAL_DIGITS for size in sizes)


def _check_size(build: Callable[[], Decoder], n_weights: int) -> None:
    """Raise where a network would have more weights than a file holds for it."""
    try:
        with isolated_torch_seed(stream(0, "discarded")), torch.device("meta"):
            described = build().state_dict()
    except Exception:  # not every network can be described without being built
        return
    expected = sum(map(torch.Tensor.numel, described.values()))
    if expected > n_weights:
        raise DataError(
            f"the network of the saved model has {expected} weights by its description, and the "
            f"file holds {n_weights} of them."
        )


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
