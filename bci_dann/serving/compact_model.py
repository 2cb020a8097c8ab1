"""Compact models: fitted estimators without the references of their training sessions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.persistence import ModelState

if TYPE_CHECKING:
    from bci_dann.estimators import TransferClassifier

__all__ = ["without_training_sessions"]

# Names of arrays with the references of an alignment, or of one of its views, and the method that
# the alignment belongs to, which may be a member of an ensemble or part of another method.
REFERENCES = re.compile(r"(?P<method>(?:.*\.)?)alignment\.(?:\d+\.)*references")


def without_training_sessions(estimator: TransferClassifier) -> TransferClassifier:
    """Remove the references of the training sessions from an estimator.

    Trials of these sessions are then aligned like those of a new subject, by the pooled reference.
    Predictions for other subjects, and adaptation to them, do not change.

    Parameters
    ----------
    estimator : TransferClassifier
        A fitted estimator; it is not changed.

    Returns
    -------
    TransferClassifier
        A copy without these references. A user-defined alignment is not changed. The session that
        ``partial_adapt`` is adapting to is kept, so that it can continue.

    Examples
    --------
    >>> from bci_dann import ShallowClassifier, load_dataset
    >>> from bci_dann.serving.compact_model import without_training_sessions
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> model = ShallowClassifier("csp", alignment="euclidean").fit(trials, trials.y)
    >>> len(model.alignment_.domains_), len(without_training_sessions(model).alignment_.domains_)
    (3, 0)
    """
    from bci_dann.estimators.saved_models import model_from_state

    state = estimator.to_state()
    arrays, kept_domains = dict(state.arrays), {}
    for name, array in state.arrays.items():
        found = REFERENCES.fullmatch(name)
        if found is None:
            continue
        kept = np.arange(0)
        running = name.removesuffix("references") + "running"
        if running in arrays:  # keep the session of partial_adapt, at its new index 0
            kept = np.array([int(state.arrays[running][0])])
            arrays[running] = np.array([0.0, *state.arrays[running][1:]])
        arrays[name] = array[kept]
        kept_domains[found["method"]] = kept
    is_unchanged = all(
        len(arrays[name]) == len(array) for name, array in state.arrays.items() if array.ndim
    )
    if is_unchanged:
        return estimator
    return model_from_state(ModelState(_with_domains(state.description, kept_domains), arrays))


def _with_domains(description: Any, kept: Mapping[str, NDArray[Any]], method: str = "") -> Any:
    """Return a description, with nested methods, in which only the kept domains remain.

    ``kept`` contains indices of domains by method, and ``method`` is the path of the description.
    """
    if isinstance(description, list):
        return [
            _with_domains(one, kept, f"{method}{number}.") for number, one in enumerate(description)
        ]
    if not isinstance(description, dict):
        return description
    changed = {key: _with_domains(one, kept, f"{method}{key}.") for key, one in description.items()}
    if method in kept and isinstance(description.get("domains"), list):
        changed["domains"] = [description["domains"][index] for index in kept[method]]
    return changed
