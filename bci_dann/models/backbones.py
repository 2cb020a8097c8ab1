"""Backbones: braindecode models by name, networks for vectors and covariances, or your own."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from torch import nn

from bci_dann._class_paths import is_class_path
from bci_dann._compat import braindecode_models
from bci_dann._validation import check_option, did_you_mean
from bci_dann.exceptions import ConfigError, DataError
from bci_dann.models.backbone_contract import (
    TRIAL_ARGUMENTS,
    Backbone,
    BackboneSpec,
    check_factory,
    custom_body,
)
from bci_dann.models.fast.eegnet import EEGNetBody
from bci_dann.models.fast.keyed_dropout import replace_dropout
from bci_dann.models.fast.max_norm import replace_max_norms
from bci_dann.models.fast.shallow_fbcsp import ShallowFBCSPNetBody
from bci_dann.models.spd_network import spd_network

__all__ = [
    "backbone_names",
    "build_backbone",
    "check_backbone",
    "check_input_kind",
    "make_backbone",
    "reads_covariances",
]

MLP_NAME = "MLP"
SPD_NAME = "SPDNet"

# Arguments that avoid a warning about a deprecated default of braindecode, in a layer that is
# removed here anyway.
_SILENCING_ARGUMENTS = {"EEGNet": {"final_layer_with_constraint": True}}

# Models with a faster equivalent implementation, which uses the layers of braindecode's model.
_FAST_EQUIVALENTS: dict[str, type[nn.Module]] = {
    "EEGNet": EEGNetBody,
    "ShallowFBCSPNet": ShallowFBCSPNetBody,
}


class _Perceptron(nn.Sequential):
    """A small perceptron on the flattened input, for plain feature vectors."""

    def __init__(self, n_chans: int, n_times: int, hidden: Sequence[int] = (32, 32)) -> None:
        widths = [n_chans * n_times, *hidden]
        layers: list[nn.Module] = [nn.Flatten()]
        for width, next_width in pairwise(widths):
            layers += [nn.Linear(width, next_width), nn.ReLU()]
        super().__init__(*layers)


# Networks that braindecode does not have, by name.
_OWN_NETWORKS: dict[str, Callable[..., nn.Module]] = {
    MLP_NAME: _Perceptron,
    SPD_NAME: spd_network,
}


def backbone_names() -> list[str]:
    """Return the names of all built-in backbones.

    Returns
    -------
    list of str
        ``"MLP"`` and ``"SPDNet"``, then the models of braindecode in alphabetical order.

    See Also
    --------
    build_backbone : Builds a backbone.

    Examples
    --------
    >>> from bci_dann.models import backbone_names
    >>> "EEGNet" in backbone_names()
    True
    """
    models = braindecode_models()
    base = models.base.EEGModuleMixin
    names = [
        name
        for name, item in vars(models).items()
        if inspect.isclass(item) and issubclass(item, base) and item is not base
    ]
    return [*_OWN_NETWORKS, *sorted(names)]


def check_backbone(spec: BackboneSpec, params: Mapping[str, Any] | None = None) -> None:
    """Raise on an unknown backbone, or unknown names of its parameters.

    Parameters
    ----------
    spec : str, callable or nn.Module
        As in :func:`build_backbone`.
    params : mapping of str to object, optional
        Further arguments of the model.

    Raises
    ------
    ConfigError
        With the closest known name, or with the arguments that a user-defined class lacks.

    See Also
    --------
    build_backbone : Builds a backbone.

    Examples
    --------
    >>> from bci_dann.models import check_backbone
    >>> check_backbone("EEGNet", {"kernel_length": 32})
    >>> try:
    ...     check_backbone("EEGNett")
    ... except ValueError as error:
    ...     print("EEGNet" in str(error))
    True
    """
    spec, params = _name_of_braindecode_class(spec), params or {}
    if not isinstance(spec, str):
        check_factory(spec, params)
        return
    if spec not in _OWN_NETWORKS and spec not in backbone_names():
        raise ConfigError(
            f"There is no backbone {spec!r}; give 'MLP', 'SPDNet', a model of braindecode, such as "
            f"'EEGNet', or a class of your own.{did_you_mean(spec, backbone_names())}"
        )
    model = _OWN_NETWORKS.get(spec) or getattr(braindecode_models(), spec).__init__
    for key in params:
        check_option(f"each parameter of {spec}", key, _parameter_names(model))


def build_backbone(
    spec: BackboneSpec,
    params: Mapping[str, Any] | None = None,
    *,
    n_chans: int,
    n_times: int,
    sfreq: float | None = None,
) -> Backbone:
    """Build a feature extractor.

    Parameters
    ----------
    spec : str, callable or nn.Module
        One of:

        - a class of ``braindecode.models`` by name (``"EEGNet"``, ``"ShallowFBCSPNet"``, ...), of
          which the final layer is removed;
        - ``"MLP"``, a perceptron for plain feature vectors;
        - ``"SPDNet"``, a network on covariances, for ``alignment="covariance"``;
        - a class or function that accepts ``n_chans=``, ``n_times=``, ``sfreq=`` and ``params``,
          and returns an ``nn.Module`` that maps ``(batch, n_chans, n_times)`` to
          ``(batch, n_features)`` (further axes are flattened);
        - such a module itself. It is copied with its weights, for example pre-trained ones, so that
          all members of an ensemble start from the same backbone. Give its class to initialise
          each member separately.
    params : mapping of str to object, optional
        Further arguments of the model.
    n_chans : int
        Number of channels; for ``"MLP"`` the number of features.
    n_times : int
        Number of samples in a trial; for ``"MLP"`` 1.
    sfreq : float, optional
        Sampling frequency (Hz); some models need it.

    Returns
    -------
    Backbone
        Maps ``(batch, n_chans, n_times)`` to ``(batch, n_features)``. Initial weights are drawn
        from torch's global generator.

    Raises
    ------
    ConfigError
        When the name is unknown, the model cannot be built for these shapes, or a user-defined
        network does not conform to the interface.

    See Also
    --------
    make_backbone : Builds a built-in backbone by name.
    bci_dann.resolve : How methods find a backbone.

    Examples
    --------
    >>> from torch import nn
    >>> from bci_dann.models import build_backbone
    >>> class LogPower(nn.Module):
    ...     def __init__(self, n_chans, n_times, sfreq, n_filters=4):
    ...         super().__init__()
    ...         self.mixing = nn.Conv1d(n_chans, n_filters, 1)
    ...
    ...     def forward(self, X):
    ...         return self.mixing(X).square().mean(2).log()
    >>> build_backbone(LogPower, {"n_filters": 6}, n_chans=22, n_times=512).n_features
    6
    """
    spec, params = _name_of_braindecode_class(spec), dict(params or {})
    if isinstance(spec, str):
        return make_backbone(spec, n_chans, n_times, sfreq, **params)
    body = custom_body(spec, params, n_chans=n_chans, n_times=n_times, sfreq=sfreq)
    return body if isinstance(body, Backbone) else _finished(body, n_chans, n_times)


def make_backbone(
    name: str, n_chans: int, n_times: int, sfreq: float | None = None, **params: Any
) -> Backbone:
    """Build a built-in feature extractor by name; see also :func:`build_backbone`.

    Parameters
    ----------
    name : str
        A class of ``braindecode.models`` (``"EEGNet"``, ``"ShallowFBCSPNet"``, ...), ``"MLP"``
        for plain feature vectors, or ``"SPDNet"`` for covariances.
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

    See Also
    --------
    build_backbone : The same, also for user-defined classes and modules.
    backbone_names : The names.

    Examples
    --------
    >>> from bci_dann.models import make_backbone
    >>> make_backbone("EEGNet", n_chans=22, n_times=512, sfreq=128).n_features
    256
    """
    check_backbone(name, params)
    try:
        body = (
            _OWN_NETWORKS[name](n_chans, n_times, **params)
            if name in _OWN_NETWORKS
            else _braindecode_body(name, n_chans, n_times, sfreq, params)
        )
        return _finished(body, n_chans, n_times)
    except ConfigError:
        raise
    except Exception as error:  # braindecode may raise anything
        raise ConfigError(
            f"{name} cannot be built for n_chans={n_chans}, n_times={n_times}, sfreq={sfreq}, "
            f"{params}: {error}"
        ) from error


def _finished(body: nn.Module, n_chans: int, n_times: int) -> Backbone:
    """Replace layers that a stack of networks does not support, and wrap the body."""
    replace_dropout(body)
    replace_max_norms(body)
    return Backbone(body, n_chans, n_times)


def _name_of_braindecode_class(spec: BackboneSpec) -> BackboneSpec:
    """Return the name of a braindecode class, so that its final layer is removed."""
    name = str(getattr(spec, "__name__", ""))
    if not str(getattr(spec, "__module__", "")).startswith("braindecode.models."):
        return spec
    return name if getattr(braindecode_models(), name, None) is spec else spec


def _parameter_names(model: Callable[..., Any]) -> list[str]:
    """Return the arguments of a model that are not determined by the trials."""
    given = {"self", "kwargs", "n_outputs", "n_inputs", *TRIAL_ARGUMENTS}
    return [name for name in inspect.signature(model).parameters if name not in given]


def _braindecode_body(
    name: str, n_chans: int, n_times: int, sfreq: float | None, params: dict[str, Any]
) -> nn.Module:
    """Build a braindecode model, and remove its head."""
    arguments = {**_SILENCING_ARGUMENTS.get(name, {}), **params}
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
    return _FAST_EQUIVALENTS[name](model) if name in _FAST_EQUIVALENTS else model


def reads_covariances(spec: Any) -> bool | None:
    """Return whether the input of a backbone must be covariances.

    Parameters
    ----------
    spec : str, mapping or object
        The description of a backbone.

    Returns
    -------
    bool or None
        True for ``"SPDNet"``, False for models of braindecode, ``None`` for ``"MLP"`` and
        user-defined networks, which may take either.

    See Also
    --------
    check_input_kind : Trials or plain vectors.

    Examples
    --------
    >>> from bci_dann.models import reads_covariances
    >>> reads_covariances({"name": "SPDNet", "n_filters": 12}), reads_covariances("EEGNet")
    (True, False)
    """
    name = _built_in_name(spec)
    return None if name in (None, MLP_NAME) else name == SPD_NAME


def check_input_kind(spec: Any, n_times: int | None) -> None:
    """Raise where a backbone for trials gets plain vectors.

    Parameters
    ----------
    spec : str, mapping or object
        The description of a backbone.
    n_times : int or None
        Samples of a trial; ``None`` for plain vectors.

    Raises
    ------
    DataError
        When the backbone is one of braindecode's, and the input is vectors.

    See Also
    --------
    build_backbone : Builds a backbone for either kind of input.

    Examples
    --------
    >>> from bci_dann.models import check_input_kind
    >>> check_input_kind("MLP", None)  # plain vectors
    >>> try:
    ...     check_input_kind("EEGNet", None)
    ... except ValueError as error:
    ...     print(str(error).partition(" For ")[0])
    EEGNet needs trials (n_trials, n_chans, n_times); X has two dimensions.
    """
    name = _built_in_name(spec)
    if n_times is None and name not in (None, MLP_NAME):
        raise DataError(
            f"{name} needs trials (n_trials, n_chans, n_times); X has two dimensions. For plain "
            "feature vectors set backbone='MLP'."
        )


def _built_in_name(spec: Any) -> str | None:
    """Return the name of a built-in backbone from its description; None for a user-defined one."""
    name = spec.get("name") if isinstance(spec, Mapping) else _name_of_braindecode_class(spec)
    return name if isinstance(name, str) and not is_class_path(name) else None
