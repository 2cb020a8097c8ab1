"""What a fitted estimator is on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from bci_dann.persistence import ModelState, write_state

if TYPE_CHECKING:
    from bci_dann.alignment.interface import Alignment

__all__ = ["Saving"]


class Saving(BaseEstimator):
    """``save``, and what of an estimator it writes and :func:`bci_dann.load_model` reads."""

    classes_: NDArray[Any]
    n_features_in_: int
    n_times_: int | None
    alignment_: Alignment | None
    ch_names_: list[str] | None
    sfreq_: float | None

    def save(self, folder: str | Path) -> Path:
        """Write the fitted model: safetensors and JSON, no pickle.

        Parameters
        ----------
        folder : path
            Made where it is missing; a model already there is replaced.

        Returns
        -------
        pathlib.Path
            The folder, which :func:`bci_dann.load_model` reads.
        """
        check_is_fitted(self)
        return write_state(self._state(), folder)

    def _state(self) -> ModelState:
        """Return what the fitted model is; a subclass adds its own arrays."""
        arrays = {}
        if self.alignment_ is not None:
            learned = self.alignment_.to_arrays().items()
            arrays = {f"alignment.{name}": array for name, array in learned}
        description = {
            "class": type(self).__name__,
            "parameters": self._plain_parameters(),
            "classes": self.classes_.tolist(),
            "classes_dtype": self.classes_.dtype.str,
            "n_features_in": self.n_features_in_,
            "n_times": self.n_times_,
            "ch_names": self.ch_names_,
            "sfreq": self.sfreq_,
            "domains": [] if self.alignment_ is None else getattr(self.alignment_, "domains_", []),
        }
        return ModelState(description, arrays)

    def _restore(self, state: ModelState) -> None:
        """Take over a saved state; a subclass takes its own arrays."""
        saved = state.description
        self.classes_ = np.array(saved["classes"], dtype=saved["classes_dtype"])
        self.n_features_in_, self.n_times_ = saved["n_features_in"], saved["n_times"]
        self.ch_names_, self.sfreq_ = saved["ch_names"], saved["sfreq"]
        self.alignment_ = self._new_alignment()
        if self.alignment_ is not None:
            self.alignment_.from_arrays(saved["domains"], state.part("alignment"))

    def _plain_parameters(self) -> dict[str, Any]:
        """Return the parameters as JSON can hold them; a generator object becomes ``None``."""
        parameters = dict(self.get_params(deep=False))
        if not isinstance(parameters.get("random_state"), int):
            parameters.pop("random_state", None)
        return parameters

    def _new_alignment(self) -> Alignment | None:
        raise NotImplementedError
