"""Saving of fitted estimators to a folder, and pickling of estimators with networks."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from numbers import Integral
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
from bci_dann.persistence.model_state import plain_value

if TYPE_CHECKING:
    from bci_dann.alignment import Alignment
    from bci_dann.models import Decoder

__all__ = ["PickledNetworks", "Saving"]

# Fitted attributes that every method saves.
_SAVED_ATTRIBUTES = (
    "alignment_",
    "ch_names_",
    "classes_",
    "domains_",
    "feature_names_in_",
    "has_seen_target_",
    "n_features_in_",
    "n_times_",
    "sfreq_",
)
# Parameters that are components of a method, with the kind of component.
_COMPONENT_PARAMETERS = {"alignment": "alignment", "backbone": "backbone", "weighting": "weighting"}


class Saving(BaseEstimator):
    """Method ``save``, and the state that it writes for :func:`bci_dann.load_model`.

    A subclass with fitted values of its own lists the attributes that are arrays or numbers in
    ``state_attributes``, or extends :meth:`to_state` and :meth:`from_state`.

    Attributes
    ----------
    state_attributes : tuple of str
        Fitted attributes to save in addition to those of all methods.
    """

    state_attributes: ClassVar[tuple[str, ...]] = ()

    classes_: NDArray[Any]
    n_features_in_: int
    n_times_: int | None
    alignment_: Alignment | None
    domains_: list[str]
    has_seen_target_: bool
    feature_names_in_: NDArray[np.object_]  # by scikit-learn, only in models of tables
    ch_names_: list[str] | None
    sfreq_: float | None
    _recent: tuple[Any, RecentTrials] | None = None

    def save(self, folder: str | Path) -> Path:
        """Write the fitted model: safetensors and JSON, no pickle.

        Parameters
        ----------
        folder : path
            Created if missing; an existing model is replaced.

        Returns
        -------
        pathlib.Path
            The folder, which :func:`bci_dann.load_model` reads.

        Raises
        ------
        ConfigError
            When the model could not be loaded again, because its class is not at the top level of
            a module, a fitted value is not part of its state, or a parameter cannot be written.
        ResultsError
            When the folder cannot be written to.
        """
        check_is_fitted(self)
        self.check_savable()
        self._check_state_is_complete()
        return write_state(self.to_state(), folder)

    def check_savable(self) -> None:
        """Raise where :meth:`save` would fail; to be called before a long training.

        Raises
        ------
        ConfigError
            With what cannot be saved, and what to do.
        """
        owner = type(self)
        if "<locals>" in owner.__qualname__ or owner.__module__ == "__main__":
            raise ConfigError(
                f"{owner.__qualname__} cannot be saved: a model is loaded by the path of its "
                "class, which must be at the top level of a module that can be imported."
            )
        try:
            json.dumps(self.plain_parameters(), default=plain_value)
        except TypeError as error:
            raise ConfigError(
                f"{owner.__qualname__} cannot be saved: {error}. Give text, numbers, or lists and "
                "mappings of these; a class by its path, 'module:Class'."
            ) from error

    def to_state(self) -> ModelState:
        """Return the state of the fitted model; a subclass adds its own arrays.

        Returns
        -------
        ModelState
            A description of plain values, and arrays.

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
            "met_target": self.has_seen_target_,
            "domains": getattr(self.alignment_, "domains_", self.domains_),
        }
        if hasattr(self, "feature_names_in_"):
            description["feature_names"] = self.feature_names_in_.tolist()
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
        if "feature_names" in saved:
            self.feature_names_in_ = np.array(saved["feature_names"], dtype=object)
        self.domains_ = list(saved["domains"])
        self.has_seen_target_ = saved.get("met_target", True)  # older models do not say
        self.alignment_ = self.make_alignment()
        if self.alignment_ is not None:
            self.alignment_.from_arrays(self.domains_, state.part("alignment"))
        for name in self.state_attributes:
            array = state.arrays[f"state.{name}"]
            setattr(self, name, array.item() if array.ndim == 0 else array)

    def restore_recent(self, fitted: Any, state: ModelState) -> None:
        """Restore the last trials of ``partial_adapt`` of a method that is not incremental.

        Parameters
        ----------
        fitted : TransferClassifier
            The model before adaptation, restored from its part of the state.
        state : ModelState
            As it was saved.
        """
        domains = tuple(state.description["recent"]["domains"])
        X = tuple(state.arrays["recent.X"])
        rest = tuple(state.arrays.get("recent.rest", [None] * len(X)))
        self._recent = fitted, RecentTrials(X, domains, rest)

    def plain_parameters(self) -> dict[str, Any]:
        """Return the parameters in a form that can be saved.

        Returns
        -------
        dict of str to object
            With descriptions instead of instances. A ``random_state`` that is not an integer is
            left out.

        Raises
        ------
        ConfigError
            When a parameter cannot be described.
        """
        parameters = dict(self.get_params(deep=False))
        if not isinstance(parameters.get("random_state"), Integral):
            parameters.pop("random_state", None)
        for name, kind in _COMPONENT_PARAMETERS.items():
            if name in parameters:
                parameters[name] = _described(kind, parameters[name])
        if "terms" in parameters:
            parameters["terms"] = objectives.describe_terms(parameters["terms"])
        return parameters

    def _check_state_is_complete(self) -> None:
        """Raise where a user-defined method would lose fitted values."""
        owner = next(base for base in type(self).__mro__ if "to_state" in vars(base))
        if not _is_own(owner):
            return  # the class defines its own state
        declared = [name for base in owner.__mro__ for name in inspect.get_annotations(base)]
        fitted = {name for name in vars(self) if name.endswith("_") and name[0] != "_"}
        lost = sorted(fitted - {*_SAVED_ATTRIBUTES, *declared, *self.state_attributes})
        if lost:
            raise ConfigError(
                f"{type(self).__name__} cannot be saved: {', '.join(lost)} would be lost. Name "
                "arrays and numbers in `state_attributes`, or implement `to_state` and "
                "`from_state`."
            )

    def make_alignment(self) -> Alignment | None:
        """Return an unfitted alignment; every method implements it.

        Returns
        -------
        Alignment or None
            Unfitted.
        """
        raise NotImplementedError


class PickledNetworks(BaseEstimator):
    """Pickling of an estimator with networks, which are stored as their weights.

    torch cannot pickle parametrised modules.
    """

    networks_: list[Decoder]

    def build_network(self) -> Decoder:
        """Return an untrained network for the kind of trials that were read; see the subclass.

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


def _described(kind: str, spec: Any) -> Any:
    """Describe a part, also where a mapping has an instance or a class as its ``name``."""
    if not isinstance(spec, Mapping) or isinstance(spec.get("name"), str):
        return describe(kind, spec)
    part = describe(kind, spec.get("name"))
    return {**spec, **(part if isinstance(part, Mapping) else {"name": part})}


def _add_recent(state: ModelState, fitted: Saving, recent: RecentTrials) -> None:
    """Add the model before adaptation, and the last trials of ``partial_adapt``, to a state."""
    of_fitted = fitted.to_state()
    state.description["recent"] = {
        "fitted": of_fitted.description,
        "domains": list(recent.domains),
    }
    state.arrays["recent.X"] = np.stack(recent.X)
    rest = [window for window in recent.rest if window is not None]
    if len(rest) == len(recent.X):  # otherwise they are not used: see `RecentTrials.as_part`
        state.arrays["recent.rest"] = np.stack(rest)
    state.arrays.update({f"recent.fitted.{k}": v for k, v in of_fitted.arrays.items()})


def _saved_name(owner: type) -> str:
    """Return the name of a class of the package, or the path of a user-defined class."""
    return owner.__name__ if _is_own(owner) else class_path(owner)


def _is_own(owner: type) -> bool:
    """Whether a class is one of the package's."""
    return owner.__module__.partition(".")[0] == "bci_dann"
