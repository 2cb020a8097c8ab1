"""A model without the references of its training sessions, which new subjects do not need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bci_dann.persistence import ModelState

if TYPE_CHECKING:
    from bci_dann.estimators import TransferClassifier

__all__ = ["without_training_sessions"]

# The references of one alignment, also of one in a view or in a member of an ensemble.
REFERENCES = re.compile(r"(^|.*\.)alignment\.(\d+\.)*references$")


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
        The same without them. An alignment of one's own keeps what it holds.

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
    arrays = {
        name: array[:0] if REFERENCES.match(name) else array for name, array in state.arrays.items()
    }
    if all(len(array) == len(state.arrays[name]) for name, array in arrays.items() if array.ndim):
        return estimator
    return model_from_state(ModelState(_without_domains(state.description), arrays))


def _without_domains(description: Any) -> Any:
    """Return a description, with those of the members in it, that names no domain."""
    if isinstance(description, dict):
        return {
            key: [] if key == "domains" and isinstance(value, list) else _without_domains(value)
            for key, value in description.items()
        }
    if isinstance(description, list):
        return [_without_domains(one) for one in description]
    return description
