"""A model without the references of its training sessions, which new subjects do not need."""

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

# The references of one alignment, also of one in a view, and the method they belong to: it may be
# a member of an ensemble, or within another.
REFERENCES = re.compile(r"(?P<method>(?:.*\.)?)alignment\.(?:\d+\.)*references")


def without_training_sessions(estimator: TransferClassifier) -> TransferClassifier:
    """Forget the references of the training sessions.

    Trials of these sessions are then aligned as those of a new subject, by the pooled reference.
    Predictions of, and adaptation to, other subjects stay as they are.

    Parameters
    ----------
    estimator : TransferClassifier
        Fitted; it is left as it is.

    Returns
    -------
    TransferClassifier
        The same without them. An alignment of one's own keeps what it holds, and the session that
        ``partial_adapt`` follows stays, so that it goes on.

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
    arrays, followed = dict(state.arrays), {}
    for name, array in state.arrays.items():
        found = REFERENCES.fullmatch(name)
        if found is None:
            continue
        kept = np.arange(0)
        running = name.removesuffix("references") + "running"
        if running in arrays:  # the session that is followed, in its new place
            kept = np.array([int(state.arrays[running][0])])
            arrays[running] = np.array([0.0, *state.arrays[running][1:]])
        arrays[name] = array[kept]
        followed[found["method"]] = kept
    if all(len(arrays[name]) == len(array) for name, array in state.arrays.items() if array.ndim):
        return estimator
    return model_from_state(ModelState(_with_domains(state.description, followed), arrays))


def _with_domains(description: Any, kept: Mapping[str, NDArray[Any]], method: str = "") -> Any:
    """Return a description, with those of the methods in it, that names the domains kept."""
    if isinstance(description, list):
        return [
            _with_domains(one, kept, f"{method}{number}.") for number, one in enumerate(description)
        ]
    if not isinstance(description, dict):
        return description
    changed = {key: _with_domains(one, kept, f"{method}{key}.") for key, one in description.items()}
    if method in kept and isinstance(description.get("domains"), list):
        changed["domains"] = [description["domains"][place] for place in kept[method]]
    return changed
