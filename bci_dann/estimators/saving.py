"""The state of a fitted estimator, its folder on disk, and networks in pickles."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from bci_dann import objectives
from bci_dann._class_paths import class_path
from bci_dann.components import describe
from bci_dann.estimators import networks
from bci_dann.estimators.inputs.recent_trials import RecentTrials
from bci_dann.exceptions import ConfigError
from bci_dann.persistence import ModelState, write_state

if TYPE_CHECKING:
    from bci_dann.alignment import Alignment
    from bci_dann.models import Decoder

__all__ = ["PickledNetworks", "Saving"]

# Fitted attributes that the state of every method holds.
_SAVED = (
    "alignment_",
    "ch_names_",
    "classes_",
    "domains_",
    "met_target_",
    "n_features_in_",
    "n_times_",
    "sfreq_",
)
# Parameters that hold open parts, by their kind; `terms` holds several.
_PARTS = {"alignment": "alignment", "backbone": "backbone", "weighting": "weighting"}


class Saving(BaseEstimator):
    """``save``, and the state that it writes and :func:`bci_dann.load_model` reads.

    A subclass with fitted values of its own extends :meth:`to_state` and :meth:`from_state`, or
    names in ``state_attributes`` the attributes that hold arrays or numbers.

    Attributes
    ----------
    state_attributes : tuple of str
        Fitted attributes that are saved beside those of all methods.
    """

    state_attributes: ClassVar[tuple[str, ...]] = ()

    classes_: NDArray[Any]
    n_features_in_: int
    n_times_: int | None
    alignment_: Alignment | None
    domains_: list[str]
    met_target_: bool
    ch_names_: list[str] | None
    sfreq_: float | None
    _recent: tuple[Any, RecentTrials] | None = None

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

        Raises
        ------
        ConfigError
            When the model could not be loaded again: the class is not at the top level of a
            module, fitted values are not part of its state, or a parameter cannot be written.
        ResultsError
            When the folder cannot be written to.
        """
        check_is_fitted(self)
        self.check_savable()
        self._check_state_is_complete()
        return write_state(self.to_state(), folder)

    def check_savable(self) -> None:
        """Raise where :meth:`save` would have to refuse, before hours of training.

        Raises
        ------
        ConfigError
            Saying what cannot be saved, and what to do.
        """
        owner = type(self)
        if "<locals>" in owner.__qualname__ or owner.__module__ == "__main__":
            raise ConfigError(
                f"{owner.__qualname__} cannot be saved: a model is loaded by the path of its "
                "class, which must be at the top level of a module that can be imported."
            )
        self.plain_parameters()

    def to_state(self) -> ModelState:
        """Return what the fitted model is; a subclass adds its own arrays.

        Returns
        -------
        ModelState
            Plain description, and arrays.

        Raises
        ------
        ConfigError
            When a fitted value is not part of the state.
        """
        arrays: dict[str, NDArray[Any]] = {}
        if self.alignment_ is not None:
            learned = self.alignment_.to_arrays().items()
            arrays = {f"alignment.{name}": np.asarray(array) for name, array in learned}
        description = {
            "class": _saved_name(type(self)),
            "parameters": self.plain_parameters(),
            "classes": self.classes_.tolist(),
            "classes_dtype": self.classes_.dtype.str,
            "n_features_in": self.n_features_in_,
            "n_times": self.n_times_,
            "ch_names": self.ch_names_,
            "sfreq": self.sfreq_,
            "met_target": self.met_target_,
            "domains": getattr(self.alignment_, "domains_", self.domains_),
        }
        for name in self.state_attributes:
            arrays[f"state.{name}"] = np.asarray(getattr(self, name))
        state = ModelState(description, arrays)
        if self._recent is not None:
            _add_recent(state, *self._recent)
        return state

    def from_state(self, state: ModelState) -> None:
        """Restore what :meth:`to_state` returned; a subclass restores its own arrays.

        Parameters
        ----------
        state : ModelState
            As it was saved.
        """
        saved = state.description
        self.classes_ = np.array(saved["classes"], dtype=saved["classes_dtype"])
        self.n_features_in_, self.n_times_ = saved["n_features_in"], saved["n_times"]
        self.ch_names_, self.sfreq_ = saved["ch_names"], saved["sfreq"]
        self.domains_ = list(saved["domains"])
        self.met_target_ = saved.get("met_target", True)  # the version before did not say
        self.alignment_ = self.make_alignment()
        if self.alignment_ is not None:
            self.alignment_.from_arrays(self.domains_, state.part("alignment"))
        for name in self.state_attributes:
            array = state.arrays[f"state.{name}"]
            setattr(self, name, array.item() if array.ndim == 0 else array)

    def restore_recent(self, fitted: Any, state: ModelState) -> None:
        """Restore the trials that the model was adapted to since it was fitted.

        Parameters
        ----------
        fitted : TransferClassifier
            The model as it was fitted, from the part of the state that describes it.
        state : ModelState
            As it was saved.
        """
        domains = tuple(state.description["recent"]["domains"])
        self._recent = fitted, RecentTrials(tuple(state.arrays["recent.X"]), domains)

    def plain_parameters(self) -> dict[str, Any]:
        """Return the parameters as a file can hold them.

        Returns
        -------
        dict of str to object
            With descriptions in the place of instances. A ``random_state`` that is no number is
            left out.

        Raises
        ------
        ConfigError
            When a parameter cannot be described.
        """
        parameters = dict(self.get_params(deep=False))
        if not isinstance(parameters.get("random_state"), int):
            parameters.pop("random_state", None)
        for name, kind in _PARTS.items():
            if name in parameters:
                parameters[name] = describe(kind, parameters[name])
        if "terms" in parameters:
            parameters["terms"] = objectives.describe_terms(parameters["terms"])
        return parameters

    def _check_state_is_complete(self) -> None:
        """Raise where a method of one's own would lose what it has learned."""
        owner = next(base for base in type(self).__mro__ if "to_state" in vars(base))
        if not _is_own(owner):
            return  # who writes it knows what is lost
        declared = [name for base in owner.__mro__ for name in inspect.get_annotations(base)]
        fitted = {name for name in vars(self) if name.endswith("_") and name[0] != "_"}
        lost = sorted(fitted - {*_SAVED, *declared, *self.state_attributes})
        if lost:
            raise ConfigError(
                f"{type(self).__name__} cannot be saved: {', '.join(lost)} would be lost. Name "
                "arrays and numbers in `state_attributes`, or implement `to_state` and "
                "`from_state`."
            )

    def make_alignment(self) -> Alignment | None:
        """Return a fresh alignment; every method implements it.

        Returns
        -------
        Alignment or None
            Unfitted.
        """
        raise NotImplementedError


class PickledNetworks(BaseEstimator):
    """Pickling of an estimator with networks, for other processes: networks as their weights.

    torch does not pickle parametrised modules.
    """

    networks_: list[Decoder]

    def build_network(self) -> Decoder:
        """Return a network for the kind of trials that were read; a subclass implements it.

        Returns
        -------
        Decoder
            With initial weights.
        """
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())  # a copy: Python gives the attributes themselves
        if "networks_" in state:
            state["networks_"] = [network.state_dict() for network in self.networks_]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        weights = state.get("networks_")
        super().__setstate__(state)
        if weights is not None:
            self.networks_ = [networks.restore_network(self.build_network, one) for one in weights]


def _add_recent(state: ModelState, fitted: Saving, recent: RecentTrials) -> None:
    """Save the model that was fitted, and the trials that it was adapted to since."""
    of_fitted = fitted.to_state()
    state.description["recent"] = {
        "fitted": of_fitted.description,
        "domains": list(recent.domains),
    }
    state.arrays["recent.X"] = np.stack(recent.X)
    state.arrays.update({f"recent.fitted.{k}": v for k, v in of_fitted.arrays.items()})


def _saved_name(owner: type) -> str:
    """Return the name of a class of the package, or the path of another."""
    return owner.__name__ if _is_own(owner) else class_path(owner)


def _is_own(owner: type) -> bool:
    """Whether a class is one of the package's."""
    return owner.__module__.partition(".")[0] == "bci_dann"
