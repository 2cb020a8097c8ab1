"""Plain training on the sources, which every adaptation is compared with."""

from __future__ import annotations

from bci_dann.estimators.network import NetworkClassifier
from bci_dann.exceptions import ConfigError

__all__ = ["SourceOnlyClassifier"]


class SourceOnlyClassifier(NetworkClassifier):
    """A network that is trained on labelled trials alone.

    The :class:`NetworkClassifier` without terms and weighting. With ``alignment="euclidean"``
    unlabelled target trials serve as the target's alignment reference and for nothing else;
    labelled ones join the label loss. All other parameters are those of
    :class:`NetworkClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(40, 4))
    >>> model = SourceOnlyClassifier("MLP", max_epochs=60, lr=1e-2, random_state=0)
    >>> bool(model.fit(X, X[:, 0] > 0).score(X, X[:, 0] > 0) > 0.7)
    True
    """

    def check_parameters(self) -> None:
        """Raise on a parameter that ``fit`` could not use; see the base class."""
        super().check_parameters()
        if self.terms or self.weighting is not None:
            raise ConfigError(
                "SourceOnlyClassifier trains on the sources as they are: for terms take "
                "DANNClassifier or NetworkClassifier, for a weighting ReweightedClassifier."
            )
