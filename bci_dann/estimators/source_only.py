"""Plain training on the sources, the baseline of every adaptation."""

from __future__ import annotations

from bci_dann.estimators.network import NetworkClassifier
from bci_dann.exceptions import ConfigError

__all__ = ["SourceOnlyClassifier"]


class SourceOnlyClassifier(NetworkClassifier):
    """A network that is trained on labelled trials only.

    This is :class:`NetworkClassifier` without terms and weighting. With an alignment, unlabelled
    target trials are used for the reference of the target, and for nothing else; labelled ones are
    part of the label loss. All other parameters are those of :class:`NetworkClassifier`.

    See Also
    --------
    DANNClassifier : The same network with a domain adversary.
    NetworkClassifier : The base class, with all parameters.
    ShallowClassifier : Baselines without a network.

    Examples
    --------
    >>> from bci_dann import SourceOnlyClassifier, load_dataset
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> new = trials.subjects == "3"
    >>> model = SourceOnlyClassifier("ShallowFBCSPNet", max_epochs=1, random_state=0)
    >>> model = model.fit(trials[~new], trials[~new].y)
    >>> model.predict(trials[new]).shape
    (20,)
    """

    def check_parameters(self) -> None:
        """Raise on invalid parameters; see the base class."""
        super().check_parameters()
        if self.terms or self.weighting is not None:
            raise ConfigError(
                "SourceOnlyClassifier trains on the sources as they are: for terms take "
                "DANNClassifier or NetworkClassifier, for a weighting ReweightedClassifier."
            )
