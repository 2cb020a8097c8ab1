"""The interface of backbones, and the check of user-defined networks.

A backbone maps trials ``(batch, n_chans, n_times)`` to features ``(batch, n_features)``. A
user-defined backbone is a class or function that accepts ``n_chans=``, ``n_times=`` and ``sfreq=``
(and further parameters) and returns a ``torch.nn.Module``, or such a module itself.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from bci_dann._validation import check_option
from bci_dann.exceptions import ConfigError
from bci_dann.models.fast.body import FastBody
from bci_dann.models.fast.trial_spectra import TrialSpectra

__all__ = [
    "TRIAL_ARGUMENTS",
    "Backbone",
    "BackboneSpec",
    "NetworkInput",
    "backbone_label",
    "check_factory",
    "custom_body",
]

# Input of a network: trials, or what `Backbone.prepare` has computed from them.
NetworkInput = Tensor | TrialSpectra

# A built-in name, a class or function that builds a module, or a module.
BackboneSpec = str | Callable[..., nn.Module] | nn.Module

# Arguments of every backbone, which are determined by the trials.
TRIAL_ARGUMENTS = ("n_chans", "n_times", "sfreq")

# Candidate batch sizes of the check: the first that differs from the other axes is used, so that a
# batch axis in the wrong place is detected.
N_EXAMPLES = (3, 4, 5)


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

    See Also
    --------
    build_backbone : Builds a backbone.
    Decoder : A backbone and a classification head.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from bci_dann.models import Backbone
    >>> backbone = Backbone(nn.Conv1d(3, 5, kernel_size=1), n_chans=3, n_times=128)
    >>> backbone.n_features, backbone(torch.zeros(2, 3, 128)).shape
    (640, torch.Size([2, 640]))
    """

    def __init__(self, body: nn.Module, n_chans: int, n_times: int) -> None:
        super().__init__()
        self.body = body
        with torch.no_grad():
            shape = self.eval()(torch.zeros(1, n_chans, n_times)).shape
        self.train()
        self.n_features = int(shape[1])

    def prepare(self, X: Tensor) -> NetworkInput:
        """Compute the part of the forward pass that does not depend on weights.

        It is the same in every epoch, and can be passed to :meth:`forward` instead of ``X``.

        Parameters
        ----------
        X : Tensor, shape (n_trials, n_chans, n_times)
            Standardised trials.

        Returns
        -------
        Tensor or TrialSpectra
            ``X`` itself, where nothing can be computed in advance.
        """
        if not isinstance(self.body, FastBody):
            return X
        prepared: NetworkInput = self.body.prepare(X)
        return prepared

    def forward(self, X: NetworkInput) -> Tensor:
        """Map trials to features.

        Parameters
        ----------
        X : Tensor, shape (batch, n_chans, n_times), or TrialSpectra
            Standardised trials, or the result of :meth:`prepare`.

        Returns
        -------
        Tensor, shape (batch, n_features)
            The body's output, flattened.
        """
        return torch.flatten(self.body(X), start_dim=1)


def backbone_label(spec: BackboneSpec) -> str:
    """Return the name of a backbone, for messages.

    Parameters
    ----------
    spec : str, callable or nn.Module
        As in :func:`build_backbone`.

    Returns
    -------
    str
        The built-in name, or the name of the class or function.
    """
    if isinstance(spec, str):
        return spec
    return str(getattr(spec, "__qualname__", type(spec).__qualname__))


def check_factory(spec: Callable[..., nn.Module] | nn.Module, params: Mapping[str, Any]) -> None:
    """Raise unless a user-defined backbone accepts the required arguments.

    Parameters
    ----------
    spec : callable or nn.Module
        A class or function that builds a module, or a module.
    params : mapping of str to object
        Further arguments.

    Raises
    ------
    ConfigError
        When ``spec`` is neither, does not accept ``n_chans``, ``n_times``, ``sfreq`` or one of the
        parameters, or is a module although there are parameters.
    """
    label = backbone_label(spec)
    if isinstance(spec, nn.Module):
        if params:
            raise ConfigError(
                f"backbone {label}: a module that exists already takes no parameters; got "
                f"{sorted(params)}. Give its class to have it built with them."
            )
    elif callable(spec):
        _check_signature(label, spec, params)
    else:
        raise ConfigError(
            "backbone: expected a built-in name, a class or function that builds a "
            f"torch.nn.Module, or such a module; got {spec!r}."
        )


def custom_body(
    spec: Callable[..., nn.Module] | nn.Module,
    params: Mapping[str, Any],
    *,
    n_chans: int,
    n_times: int,
    sfreq: float | None,
) -> nn.Module:
    """Build a user-defined backbone, and check its output for noise in the shape of trials.

    Parameters
    ----------
    spec : callable or nn.Module
        A class or function that builds a module, or a module, which is copied with its weights.
    params : mapping of str to object
        Further arguments for the class or function.
    n_chans : int
        Number of channels.
    n_times : int
        Number of samples in a trial.
    sfreq : float or None
        Sampling frequency (Hz), where it is known.

    Returns
    -------
    nn.Module
        The module, on the CPU.

    Raises
    ------
    ConfigError
        When it does not conform to the interface; the message says what was expected and what came.
    """
    check_factory(spec, params)
    label = backbone_label(spec)
    body = (
        _copied(label, spec)
        if isinstance(spec, nn.Module)
        else _built(label, spec, {**params, "n_chans": n_chans, "n_times": n_times, "sfreq": sfreq})
    )
    n_trials = next(n for n in N_EXAMPLES if n not in (n_chans, n_times))
    _check_output(label, _example_output(label, body, (n_trials, n_chans, n_times)), n_trials)
    return body


def _check_signature(
    label: str, factory: Callable[..., nn.Module], params: Mapping[str, Any]
) -> None:
    try:
        arguments = inspect.signature(factory).parameters
    except (TypeError, ValueError):  # some callables written in C have none
        return
    if any(item.kind is item.VAR_KEYWORD for item in arguments.values()):
        return
    named = [n for n, item in arguments.items() if item.kind is not item.POSITIONAL_ONLY]
    missing = [name for name in TRIAL_ARGUMENTS if name not in named]
    if missing:
        raise ConfigError(
            f"backbone {label}: expected a class or function that is called with n_chans=, "
            f"n_times= and sfreq=; it does not take {', '.join(missing)}. Add what is missing to "
            "its arguments, even where it is not used, or `**kwargs`."
        )
    for name in params:
        check_option(f"each parameter of {label}", name, set(named) - set(TRIAL_ARGUMENTS))


def _copied(label: str, module: nn.Module) -> nn.Module:
    try:
        return copy.deepcopy(module).cpu()
    except Exception as error:
        raise ConfigError(
            f"backbone {label}: expected a module that can be copied for each member; "
            f"copy.deepcopy fails: {error} Give its class."
        ) from error


def _built(
    label: str, factory: Callable[..., nn.Module], arguments: Mapping[str, Any]
) -> nn.Module:
    try:
        body = factory(**arguments)
    except Exception as error:  # a user-defined class may raise anything
        raise ConfigError(
            f"backbone {label} cannot be built with {dict(arguments)}: {error}"
        ) from error
    if not isinstance(body, nn.Module):
        raise ConfigError(
            f"backbone {label}: expected a torch.nn.Module from the call with n_chans=, n_times= "
            f"and sfreq=; got {type(body).__name__}."
        )
    return body.cpu()


@torch.no_grad()
def _example_output(label: str, body: nn.Module, shape: tuple[int, int, int]) -> Any:
    trials = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    given = trials.clone()
    try:
        output = body.eval()(trials)
    except Exception as error:
        raise ConfigError(
            f"backbone {label}: expected a module that maps (batch, n_chans, n_times) to (batch, "
            f"n_features); it fails on trials of shape {shape}: {error}"
        ) from error
    finally:
        body.train()
    if not torch.equal(trials, given):  # those of other members of an ensemble, and of the user
        raise ConfigError(
            f"backbone {label}: expected a module that leaves its input unchanged; it changes "
            "trials in place. Assign the result of operations such as `X.abs_()` or `X += 1` to a "
            "new tensor, as `Z = X.abs()`, and set inplace=False in the first layer."
        )
    return output


def _check_output(label: str, output: Any, n_trials: int) -> None:
    expected = f"expected float32 features (batch, n_features) of {n_trials} trials"
    if not isinstance(output, Tensor):
        raise ConfigError(f"backbone {label}: {expected}; got {type(output).__name__}.")
    shape = tuple(output.shape)
    if len(shape) < 2 or shape[0] != n_trials or not output.numel():
        raise ConfigError(
            f"backbone {label}: {expected}; got an output of shape {shape}. The first axis must be "
            "the trials; further axes are flattened."
        )
    if output.dtype is not torch.float32:
        raise ConfigError(f"backbone {label}: {expected}; got {output.dtype}.")
    if not bool(torch.isfinite(output).all()):
        raise ConfigError(
            f"backbone {label}: {expected}; got values that are not finite, for noise of mean 0 "
            "and variance 1."
        )
