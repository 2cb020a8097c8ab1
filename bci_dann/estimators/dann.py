"""DANN: features that decode the imagined movement, and from which the subject cannot be told.

Ganin et al. (2016), "Domain-adversarial training of neural networks", JMLR 17(59), 1-35.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from bci_dann.estimators.network import NetworkClassifier

__all__ = ["DANNClassifier"]


class DANNClassifier(NetworkClassifier):
    """Domain-adversarial training of a network (Ganin et al. 2016).

    The :class:`NetworkClassifier` whose terms begin with ``domain_adversary`` at a weight of 0.1.
    At 1, ten subjects without alignment are so easy to tell apart that hiding them outweighs the
    label loss, and not even the sources are learned; two domains allow it. Give
    ``terms={"domain_adversary": {"weight": 0.3, "hidden": 32}}`` for other settings, and
    ``{"domain_adversary": 0}`` for none; further terms are added to it. Without a target it hides
    the source subjects from each other (domain generalisation). Where there is one domain only,
    the adversary is left out. All parameters are those of :class:`NetworkClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X, X_new = rng.normal(size=(40, 4)), rng.normal(1, 1, size=(40, 4))
    >>> model = DANNClassifier("MLP", max_epochs=5, random_state=0)
    >>> model.fit(X, X[:, 0] > 0, X_target_unlabeled=X_new).predict(X_new).shape
    (40,)
    """

    default_terms: ClassVar[Mapping[str, Any]] = {"domain_adversary": 0.1}
