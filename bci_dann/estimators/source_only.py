"""Plain training on the sources: what every adaptation is measured against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann.estimators.network import NetworkClassifier
from bci_dann.estimators.training_trials import TrainingTrials, labelled_only

if TYPE_CHECKING:
    from bci_dann.training import Member

__all__ = ["SourceOnlyClassifier"]


class SourceOnlyClassifier(NetworkClassifier):
    """Plain training on the sources: the baseline that adaptation must beat.

    With ``alignment="euclidean"`` unlabelled target trials serve as the target's alignment
    reference and for nothing else; labelled ones join the label loss. The parameters are
    those of :class:`NetworkClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(40, 4))
    >>> model = SourceOnlyClassifier("MLP", max_epochs=20, random_state=0)
    >>> model.fit(X, X[:, 0] > 0).score(X, X[:, 0] > 0) > 0.7
    True
    """

    def _members(self, trials: TrainingTrials, name: str) -> list[Member]:
        return super()._members(labelled_only(trials), name)
