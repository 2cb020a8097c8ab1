"""Saved models back to life."""

from __future__ import annotations

from pathlib import Path

from bci_dann import estimators
from bci_dann._validation import check_option
from bci_dann.estimators.base import TransferClassifier
from bci_dann.exceptions import DataError
from bci_dann.persistence import read_state

__all__ = ["is_loadable", "load_model"]

_LOADABLE = (
    "DANNClassifier",
    "EnsembleClassifier",
    "ProcrustesClassifier",
    "ReweightedClassifier",
    "RiemannianClassifier",
    "ShallowClassifier",
    "SourceOnlyClassifier",
)


def load_model(folder: str | Path) -> TransferClassifier:
    """Read a model that ``save`` wrote.

    Parameters
    ----------
    folder : path
        The model's folder.

    Returns
    -------
    TransferClassifier
        Fitted; predicts what the saved one predicted.

    Raises
    ------
    DataError
        When there is no model, or it is damaged, or of a kind that is not known.
    """
    state = read_state(folder)
    name = state.description.get("class")
    check_option("the class of the saved model", name, _LOADABLE, DataError)
    try:
        model: TransferClassifier = getattr(estimators, str(name))(
            **state.description["parameters"]
        )
        model._restore(state)
    except (KeyError, TypeError, RuntimeError) as error:  # RuntimeError: shapes do not fit
        raise DataError(f"the model in {folder} is damaged: {error}") from error
    return model


def is_loadable(estimator: object) -> bool:
    """Whether :func:`load_model` could read what the estimator would save.

    Parameters
    ----------
    estimator : object
        Any estimator.

    Returns
    -------
    bool
        True for the package's own methods. A class from elsewhere is not found again by its
        name alone, and running code that a file names would not be safe.
    """
    name = type(estimator).__name__
    return name in _LOADABLE and type(estimator) is getattr(estimators, name)
