"""What the faster equivalents of braindecode models share: when they step aside."""

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
    """Layers of a braindecode model, computed in another order wherever that is exact.

    Parameters, buffers and the keys of ``state_dict`` are those of the model it is built
    from; outputs, gradients and running statistics agree to float rounding. Gradients
    cannot be differentiated a second time.

    Parameters
    ----------
    model : nn.Module
        A braindecode model that is a sequence; its layers are taken over, not copied.

    Attributes
    ----------
    fast : bool
        Set it to False to compute layer by layer, as braindecode does.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__(OrderedDict(model.named_children()))
        self.fast = True
        self._model_name = type(model).__name__
        self._logged: set[str] = set()

    def prepare(self, X: Tensor) -> Any:
        """Compute once what :meth:`forward` needs of each trial.

        Parameters
        ----------
        X : Tensor, shape (n_trials, n_chans, n_times)
            Signals.

        Returns
        -------
        Tensor or named tuple of Tensor
            What :meth:`forward` takes in place of trials: the trials themselves where there
            is nothing to compute, or where braindecode's own layers have to run.
        """
        reason = self._reason_against(X)
        if reason is None:
            return self._prepare(X)
        self._log_once(reason)
        return X

    def forward(self, X: Any) -> Tensor:
        """Map trials ``(batch, n_chans, n_times)``, prepared or not, to ``(batch, ...)``."""
        if not isinstance(X, Tensor):
            return self._fast_forward(X)
        reason = self._reason_against(X)
        if reason is None:
            return self._fast_forward(self._prepare(X))
        self._log_once(reason)
        features: Tensor = super().forward(X)  # type: ignore[no-untyped-call]
        return features

    def _prepare(self, X: Tensor) -> Any:
        return X

    @abstractmethod
    def _fast_forward(self, trials: Any) -> Tensor:
        """Compute what the layers would, from prepared trials."""

    @abstractmethod
    def _not_covered(self, X: Tensor) -> str | None:
        """Say what about this model or these trials needs braindecode's layers, if anything."""

    def _reason_against(self, X: Tensor) -> str | None:
        return self._off_or_untypical(X) or self._not_covered(X)

    def _off_or_untypical(self, X: Tensor) -> str | None:
        if not self.fast or torch.compiler.is_compiling():
            return "asked for layer by layer"
        if X.dim() != 3 or X.dtype not in (torch.float32, torch.float64):
            return f"input of shape {tuple(X.shape[1:])} and type {X.dtype}"
        if torch.is_autocast_enabled(X.device.type):
            return "mixed precision"
        if X.requires_grad and torch.is_grad_enabled():
            return "gradients with respect to the signals"
        return None

    def _log_once(self, reason: str) -> None:
        if reason not in self._logged:
            self._logged.add(reason)
            logger.info("%s runs braindecode's own layers: %s.", self._model_name, reason)
