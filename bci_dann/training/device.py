"""Where to train: a device that is there."""

from __future__ import annotations

import torch

from bci_dann.exceptions import ConfigError

__all__ = ["resolve_device"]


def resolve_device(name: str) -> str:
    """Return the device that a name stands for.

    Parameters
    ----------
    name : str
        ``"auto"`` takes a GPU where there is one; or any name that torch knows.

    Returns
    -------
    str
        A name that torch knows, where a tensor could be put.

    Raises
    ------
    ConfigError
        When there is no such device.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:  # builds without CUDA assert
        reason = str(error).splitlines()[0]
        raise ConfigError(f"device {name!r} cannot be used: {reason}") from error
    return name
