"""Base class of braindecode models with a faster, equivalent order of computation."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["FastBody"]

logger = logging.getLogger(__name__)


class FastBody(nn.Sequential, ABC):
    """Layers of a braindecode model, computed in a faster order where this is equivalent.

    Parameters, buffers and the keys of ``state_dict`` are those of the original model; outputs,
    gradients and running statistics are equal up to float rounding. There are no second
    derivatives. Where the faster order does not apply, braindecode's own layers are used, and the
    log gives the reason.

    A subclass defines when it applies (:meth:`reason_not_covered`), what can be computed of a trial
    before training (:meth:`transform_trials`), and the remaining layers (:meth:`forward_fast`).

    Parameters
    ----------
    model : nn.Module
        A sequential braindecode model; its layers are reused, not copied.

    Attributes
    ----------
    fast : bool
        Set it to False to use braindecode's own layers.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__(OrderedDict(model.named_children()))
        self.fast = True
        self._model_name = type(model).__name__
        self._logged: set[str] = set()

    def prepare(self, X: Tensor) -> Any:
        """Compute the part of the forward pass that does not depend on weights.

        Parameters
        ----------
        X : Tensor, shape (n_trials, n_chans, n_times)
            Signals.

        Returns
        -------
        Tensor or named tuple of Tensor
            Input of :meth:`forward`: the trials themselves where nothing can be computed in
            advance, or where braindecode's own layers are used.
        """
        return self.transform_trials(X) if self._applies_to(X) else X

    def forward(self, X: Any) -> Tensor:
        """Map trials to features.

        Parameters
        ----------
        X : Tensor, shape (batch, n_chans, n_times), or named tuple of Tensor
            Signals, or the result of :meth:`prepare`.

        Returns
        -------
        Tensor, shape (batch, ...)
            Output of the last layer.
        """
        if not isinstance(X, Tensor):
            return self.forward_fast(X)
        if self._applies_to(X):
            return self.forward_fast(self.transform_trials(X))
        features: Tensor = super().forward(X)  # type: ignore[no-untyped-call]
        return features

    def transform_trials(self, X: Tensor) -> Any:
        """Compute the input of :meth:`forward_fast`; by default the trials themselves.

        Parameters
        ----------
        X : Tensor, shape (n_trials, n_chans, n_times)
            Signals.

        Returns
        -------
        Tensor or named tuple of Tensor
            The first axis of each part is the trial.
        """
        return X

    @abstractmethod
    def forward_fast(self, trials: Any) -> Tensor:
        """Compute the layers in the faster order.

        Parameters
        ----------
        trials : Tensor or named tuple of Tensor
            From :meth:`transform_trials`.

        Returns
        -------
        Tensor, shape (batch, ...)
            Output of the last layer.
        """

    @abstractmethod
    def reason_not_covered(self, X: Tensor) -> str | None:
        """Return why this model, or these trials, need braindecode's own layers.

        Parameters
        ----------
        X : Tensor, shape (n_trials, n_chans, n_times)
            Signals.

        Returns
        -------
        str or None
            The reason, for the log; None where the faster order applies.
        """

    def _applies_to(self, X: Tensor) -> bool:
        reason = self._reason_of_any_model(X) or self.reason_not_covered(X)
        if reason is not None:
            self._log_once(reason)
        return reason is None

    def _reason_of_any_model(self, X: Tensor) -> str | None:
        if not self.fast or torch.compiler.is_compiling():
            return "asked for layer by layer"
        if X.dim() != 3 or X.dtype not in (torch.float32, torch.float64):
            return f"input of shape {tuple(X.shape[1:])} and type {X.dtype}"
        if X.is_meta:  # has no values, and no autocasting
            return "the meta device"
        if torch.is_autocast_enabled(X.device.type):
            return "mixed precision"
        if X.requires_grad and torch.is_grad_enabled():
            return "gradients with respect to the signals"
        return None

    def _log_once(self, reason: str) -> None:
        if reason not in self._logged:
            self._logged.add(reason)
            logger.info("%s runs braindecode's own layers: %s.", self._model_name, reason)
