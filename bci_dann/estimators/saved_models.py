"""Loading of saved models."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bci_dann._class_paths import check_imported, is_class_path
from bci_dann.estimators.methods import METHODS, find_method
from bci_dann.exceptions import ConfigError, DataError, DeprecatedArgumentWarning
from bci_dann.persistence import ModelState, read_state
from bci_dann.persistence.model_location import find_model

if TYPE_CHECKING:
    from bci_dann.estimators.base import TransferClassifier

__all__ = ["is_loadable", "load_model", "model_from_state"]

# Maximum number of samples of one trial, over all channels: 256 channels and 40 s at 2,000 Hz.
MAX_TRIAL_SAMPLES = 20_000_000


def load_model(folder: str | Path) -> TransferClassifier:
    """Read a model that ``save`` wrote.

    Parameters
    ----------
    folder : path
        The model's folder; the name of a model that comes with the package, such as
        ``"builtin:right-hand-rest"``; or ``"hub:OWNER/NAME"`` of the Hugging Face Hub, perhaps with
        ``@REVISION``.

    Returns
    -------
    TransferClassifier
        Fitted; its predictions are those of the saved model.

    Raises
    ------
    ConfigError
        When the package has no model of this name, or the Hub rejects the token.
    DataError
        When there is no model, it is damaged, or it uses a class from a module that the user has
        not imported.
    InstallationError
        When the model is on the Hub and ``huggingface_hub`` is not installed.

    See Also
    --------
    TransferClassifier.save : Writes the folder.
    bci_dann.serving.open_model : Loads a model with the recipe that prepares its trials.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann import ShallowClassifier, load_dataset, load_model
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> model = ShallowClassifier("csp").fit(trials, trials.y)
    >>> with TemporaryDirectory() as folder:
    ...     again = load_model(model.save(folder))
    >>> bool((again.predict(trials) == model.predict(trials)).all())
    True
    """
    state = read_state(find_model(folder))
    try:
        model = model_from_state(state)
        if type(model).__name__ in METHODS:
            _check_prediction(model)
        return model
    except DataError:
        raise
    except Exception as error:  # inconsistent content may fail anywhere
        reason = str(error) or type(error).__name__
        raise DataError(f"the model in {folder} is damaged: {reason}") from error


def model_from_state(state: ModelState) -> TransferClassifier:
    """Return the fitted model that a state describes.

    Parameters
    ----------
    state : ModelState
        The result of :meth:`~bci_dann.estimators.TransferClassifier.to_state`.

    Returns
    -------
    TransferClassifier
        Fitted.

    Raises
    ------
    DataError
        When its class, or one named in its parameters, is not known or not imported.
    """
    _check_description(state.description)
    name = str(state.description.get("class"))
    check_imported([name, state.description["parameters"]])
    if name not in METHODS and not is_class_path(name):
        raise DataError(
            f"the class of the saved model must be one of {', '.join(METHODS)}, or the path of a "
            f"class; got {name!r}."
        )
    try:
        kind = find_method(name)
    except ConfigError as error:
        raise DataError(f"the class of the saved model: {error}") from error
    with warnings.catch_warnings():  # older models have deprecated parameters
        warnings.simplefilter("ignore", DeprecatedArgumentWarning)
        model = kind(**state.description["parameters"])
    model.from_state(state)
    recent = state.description.get("recent")
    if recent is not None:
        described = ModelState(recent["fitted"], state.part("recent.fitted"))
        model.restore_recent(model_from_state(described), state)
    return model


def _check_description(description: Mapping[str, Any]) -> None:
    """Raise on impossible classes or shapes of trials, before anything is built."""
    classes = description.get("classes", [""])
    if not (isinstance(classes, list) and all(isinstance(c, str | int | float) for c in classes)):
        raise DataError(f"the classes of the saved model must be a list of names; got {classes!r}.")
    sizes = [description.get(name) for name in ("n_features_in", "n_times")]
    given = [size for size in sizes if size is not None]
    are_counts = all(type(size) is int and size > 0 for size in given)
    if not are_counts or math.prod(given) > MAX_TRIAL_SAMPLES:
        raise DataError(
            f"the saved model needs trials of shape {tuple(sizes)}; expected whole numbers of "
            f"channels and samples, above 0 and with a product up to {MAX_TRIAL_SAMPLES}."
        )


def _check_prediction(model: TransferClassifier) -> None:
    """Raise unless the model predicts probabilities for noise, as consistent arrays do."""
    times = () if model.n_times_ is None else (model.n_times_,)
    noise = 10.0 * np.random.default_rng(0).standard_normal((1, model.n_features_in_, *times))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        probabilities = model.predict_proba(noise.astype(np.float32))
    if probabilities.shape != (1, len(model.classes_)) or not np.isfinite(probabilities).all():
        raise DataError(
            "the saved model predicts no probabilities: its arrays are damaged. Save it again."
        )


def is_loadable(estimator: object) -> bool:
    """Return whether :func:`load_model` can load an estimator after it has been saved.

    Parameters
    ----------
    estimator : object
        Any estimator.

    Returns
    -------
    bool
        True for methods of the package, and for user-defined ones whose class can be imported.
    """
    from bci_dann.estimators.base import TransferClassifier

    if not isinstance(estimator, TransferClassifier):
        return False
    try:
        estimator.check_savable()
    except ConfigError:
        return False
    return True
