"""DANN: features that predict the class, and from which the subject cannot be recognised.

Ganin et al. (2016), "Domain-adversarial training of neural networks", JMLR 17(59), 1-35.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from bci_dann.estimators.network import NetworkClassifier

__all__ = ["DANNClassifier"]


class DANNClassifier(NetworkClassifier):
    """Domain-adversarial training of a network (DANN).

    The network learns features that predict the class, and from which a domain classifier cannot
    recognise the subject [1]_. This is :class:`NetworkClassifier` with the default term
    ``domain_adversary`` at a weight of 0.1. A weight of 1 is possible with two domains; with ten
    subjects and without alignment the adversarial gradient then outweighs the label loss, and not
    even the sources are learned. Use ``terms={"domain_adversary": {"weight": 0.3, "hidden": 32}}``
    for other settings, and ``{"domain_adversary": 0}`` for none; other terms are added to it.
    Without a target, the source subjects are made indistinguishable (domain generalisation). With a
    single domain, the adversary is left out. All parameters are those of
    :class:`NetworkClassifier`.

    See Also
    --------
    NetworkClassifier : The base class, with all parameters.
    SourceOnlyClassifier : The same network without adaptation.
    bci_dann.objectives.DomainAdversary : The adversarial term.

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
