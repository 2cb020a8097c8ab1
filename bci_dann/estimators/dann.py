"""DANN: features that decode the imagined movement, and from which the subject cannot be told.

Ganin et al. (2016), "Domain-adversarial training of neural networks", JMLR 17(59), 1-35.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from bci_dann.estimators.network import NetworkClassifier

__all__ = ["DANNClassifier"]


class DANNClassifier(NetworkClassifier):
    """Domain-adversarial training of a network.

    The features decode the imagined movement, and the subject cannot be told from them [1]_. It is
    the :class:`NetworkClassifier` whose terms begin with ``domain_adversary`` at a weight of 0.1.
    At 1, ten subjects without alignment are so easy to tell apart that hiding them outweighs the
    label loss, and not even the sources are learned; two domains allow it. Give
    ``terms={"domain_adversary": {"weight": 0.3, "hidden": 32}}`` for other settings, and
    ``{"domain_adversary": 0}`` for none; further terms are added to it. Without a target it hides
    the source subjects from each other (domain generalisation). Where there is one domain only,
    the adversary is left out. All parameters are those of :class:`NetworkClassifier`.

    See Also
    --------
    NetworkClassifier : The same with any terms, and all parameters.
    SourceOnlyClassifier : The same network without adaptation.
    bci_dann.objectives.DomainAdversary : The term behind it.

    References
    ----------
    .. [1] Ganin, Y. et al. (2016). Domain-adversarial training of neural networks. Journal of
       Machine Learning Research 17(59), 1-35. arXiv:1505.07818.

    Examples
    --------
    >>> from bci_dann import DANNClassifier, load_dataset
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> new = trials.subjects == "3"
    >>> sources, target = trials[~new], trials[new].unlabelled()
    >>> model = DANNClassifier("EEGNet", max_epochs=1, random_state=0)
    >>> model = model.fit(sources, sources.y, X_target_unlabeled=target)
    >>> model.predict_proba(target).shape
    (20, 2)
    """

    default_terms: ClassVar[Mapping[str, Any]] = {"domain_adversary": 0.1}
