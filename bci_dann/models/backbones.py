"""Backbones: braindecode models without their last layer, and a perceptron for vectors."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from bci_dann._compat import braindecode_models
from bci_dann._validation import check_option, did_you_mean
from bci_dann.exceptions import ConfigError
from bci_dann.models.fast.eegnet import EEGNetBody
from bci_dann.models.fast.keyed_dropout import replace_dropout
from bci_dann.models.fast.max_norm import replace_max_norms
from bci_dann.models.fast.shallow_fbcsp import ShallowFBCSPNetBody
from bci_dann.models.fast.trial_spectra import TrialSpectra

__all__ = ["Backbone", "Inputs", "backbone_names", "check_backbone", "make_backbone"]

# Trials, or what a backbone has computed of them beforehand.
Inputs = Tensor | TrialSpectra

MLP_NAME = "MLP"

# Arguments that keep a model from warning about a default that braindecode has deprecated,
# in layers that are taken off here anyway.
_QUIET = {"EEGNet": {"final_layer_with_constraint": True}}

# Models with a faster equivalent, which takes over the layers of braindecode's.
_FAST: dict[str, type[nn.Module]] = {
    "EEGNet": EEGNetBody,
    "ShallowFBCSPNet": ShallowFBCSPNetBody,
}


class Backbone(nn.Module):
    """A feature extractor with a flat output.

    Parameters
    ----------
    body : nn.Module
        Maps ``(batch, n_chans, n_times)`` to any shape that starts with ``batch``.
    n_chans : int
        Number of channels.
    n_times : int
        Number of samples in a trial.

    Attributes
    ----------
    n_features : int
        Width of the output.
    """

    def __init__(self, body: nn.Module, n_chans: int, n_times: int) -> None:
        super().__init__()
        self.body = body
        with torch.no_grad():
            shape = self.eval()(torch.zeros(1, n_chans, n_times)).shape
        self.train()
        self.n_features = int(shape[1])

    def prepare(self, X: Tensor) -> Inputs:
        """Compute what stays the same in every epoch; :meth:`forward` takes it for ``X``.

        Parameters
        ----------
        X : Tensor, shape (n_trials, n_chans, n_times)
            Trials.

        Returns
        -------
        Tensor or TrialSpectra
            The trials themselves, where the body has nothing to compute beforehand.
        """
        prepare = getattr(self.body, "prepare", None)
        return X if prepare is None else prepare(X)

    def forward(self, X: Inputs) -> Tensor:
        """Map trials ``(batch, n_chans, n_times)`` to features ``(batch, n_features)``."""
        return torch.flatten(self.body(X), start_dim=1)


class _Perceptron(nn.Sequential):
    """A small perceptron on the flattened input, for plain feature vectors."""

    def __init__(self, n_inputs: int, hidden: Sequence[int] = (32, 32)) -> None:
        widths = [n_inputs, *hidden]
        layers: list[nn.Module] = [nn.Flatten()]
        for width, next_width in pairwise(widths):
            layers += [nn.Linear(width, next_width), nn.ReLU()]
        super().__init__(*layers)


def backbone_names() -> list[str]:
    """Return every name that :func:`make_backbone` knows.

    Returns
    -------
    list of str
    """
    models = braindecode_models()
    base = models.base.EEGModuleMixin
    found = [
        name
        for name, item in vars(models).items()
        if inspect.isclass(item) and issubclass(item, base) and item is not base
    ]
    return [MLP_NAME, *sorted(found)]


def check_backbone(name: str, params: Mapping[str, Any] | None = None) -> None:
    """Raise unless :func:`make_backbone` knows the name and the parameters' names.

    Parameters
    ----------
    name : str
        As in :func:`make_backbone`.
    params : mapping of str to object, optional
        Further arguments of the model.

    Raises
    ------
    ConfigError
        With the nearest name that it knows.
    """
    if name != MLP_NAME and name not in backbone_names():
        raise ConfigError(
            f"There is no backbone {name!r}; give 'MLP' or a model of braindecode, "
            f"such as 'EEGNet'.{did_you_mean(name, backbone_names())}"
        )
    model = _Perceptron if name == MLP_NAME else getattr(braindecode_models(), name)
    for key in params or {}:
        check_option(f"each parameter of {name}", key, _parameters(model))


def _parameters(model: type[nn.Module]) -> list[str]:
    """Return the arguments of a model that are not given by the trials."""
    given = {"self", "kwargs", "n_chans", "n_times", "n_outputs", "sfreq", "n_inputs"}
    return [name for name in inspect.signature(model.__init__).parameters if name not in given]


def make_backbone(
    name: str, n_chans: int, n_times: int, sfreq: float | None = None, **params: Any
) -> Backbone:
    """Build a feature extractor by name.

    Parameters
    ----------
    name : str
        A class of ``braindecode.models`` (``"EEGNet"``, ``"ShallowFBCSPNet"``, ...), or
        ``"MLP"`` for plain feature vectors.
    n_chans : int
        Number of channels; for ``"MLP"`` the number of features.
    n_times : int
        Number of samples in a trial; for ``"MLP"`` 1.
    sfreq : float, optional
        Sampling frequency (Hz); some models need it.
    **params : Any
        Further arguments of the model.

    Returns
    -------
    Backbone
        Maps ``(batch, n_chans, n_times)`` to ``(batch, n_features)``.

    Raises
    ------
    ConfigError
        When the name is unknown, or the model cannot be built for these shapes.

    Examples
    --------
    >>> make_backbone("EEGNet", n_chans=22, n_times=512, sfreq=128).n_features
    256
    """
    check_backbone(name, params)
    try:
        body = (
            _Perceptron(n_chans * n_times, **params)
            if name == MLP_NAME
            else _braindecode_body(name, n_chans, n_times, sfreq, params)
        )
        replace_dropout(body)
        replace_max_norms(body)
        return Backbone(body, n_chans, n_times)
    except ConfigError:
        raise
    except Exception as error:  # braindecode raises whatever its layers raise
        raise ConfigError(
            f"{name} cannot be built for n_chans={n_chans}, n_times={n_times}, sfreq={sfreq}, "
            f"{params}: {error}"
        ) from error


def _braindecode_body(
    name: str, n_chans: int, n_times: int, sfreq: float | None, params: dict[str, Any]
) -> nn.Module:
    """Build the model with any head, and take the head off."""
    arguments = {**_QUIET.get(name, {}), **params}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice about defaults that the user did not choose
        model: nn.Module = getattr(braindecode_models(), name)(
            n_chans=n_chans, n_times=n_times, n_outputs=2, sfreq=sfreq, **arguments
        )
    head = getattr(model, "final_layer", None)
    if head is None:
        raise ConfigError(
            f"{name} has no `final_layer` to take off, so it cannot serve as a backbone."
        )
    model.final_layer = (
        nn.ModuleList(nn.Identity() for _ in head)
        if isinstance(head, nn.ModuleList)
        else nn.Identity()
    )
    return _FAST[name](model) if name in _FAST else model
