"""T-TIME: online training of a network on the unlabelled trials of a new subject.

Li, Wang, Luo, Ding and Wu (2023), "T-TIME: test-time information maximization ensemble for
plug-and-play BCIs", IEEE Trans. Biomed. Eng. 71(2), 423-432, arXiv:2412.07228.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bci_dann.estimators import networks
from bci_dann.estimators.inputs.training_trials import TrainingTrials
from bci_dann.estimators.network import NetworkClassifier
from bci_dann.exceptions import TrainingError
from bci_dann.persistence import ModelState

if TYPE_CHECKING:
    from bci_dann.estimators.networks import OnlineTraining, TrainingPlan
    from bci_dann.training import History

__all__ = ["TTimeClassifier"]


class TTimeClassifier(NetworkClassifier):
    """Test-time information maximisation (T-TIME): online training of the whole network [1]_.

    A network is trained on the aligned sources. For each new trial, :meth:`partial_adapt` updates
    the reference of the target, and takes one step of Adam on the last eight trials. The loss is
    their conditional entropy, minus the entropy of their mean prediction, in which classes that
    were frequent so far have less weight. With trials of the target in ``fit`` or ``adapt``, the
    same steps are taken in the order of the trials. All parameters are those of
    :class:`NetworkClassifier`.

    Differences from the paper: a trial is aligned by the reference of the previous trials, for its
    prediction and in later batches; steps are taken without dropout, so that they are not random;
    and members are averaged with equal weights.

    See Also
    --------
    NetworkClassifier : The network, and all parameters.
    bci_dann.objectives.InformationMaximisation : A similar term, for training on all trials.

    References
    ----------
    .. [1] Li, S., Wang, Z., Luo, H., Ding, L. and Wu, D. (2023). T-TIME: test-time information
       maximization ensemble for plug-and-play BCIs. IEEE Trans. Biomed. Eng. 71(2), 423-432.
       arXiv:2412.07228.

    Examples
    --------
    >>> from bci_dann import TTimeClassifier, load_dataset
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> new = trials[trials.subjects == "3"].unlabelled()
    >>> sources = trials[trials.subjects != "3"]
    >>> model = TTimeClassifier("EEGNet", alignment="euclidean", max_epochs=1, random_state=0)
    >>> model = model.fit(sources, sources.y)
    >>> for index in range(10):
    ...     probabilities = model.predict_proba(new[index : index + 1])
    ...     model = model.partial_adapt(new[index : index + 1])
    >>> probabilities.shape
    (1, 2)
    """

    _online: tuple[OnlineTraining, ...] = ()

    @property
    def can_adapt(self) -> bool:
        """Whether ``adapt`` changes anything: yes, it trains the network."""
        return True

    def complete(self, plan: TrainingPlan, histories: Sequence[History | TrainingError]) -> None:
        """Take over the networks, and train them on the target's trials; see the base class."""
        super().complete(plan, histories)
        self._online = ()
        self._learn_from(plan.trials.select(plan.trials.is_unlabelled_target).X)

    def adapt_aligned(self, trials: TrainingTrials) -> None:
        """Adapt, then learn from the trials in their order; see the base class."""
        super().adapt_aligned(trials)
        self._online = ()
        unlabelled = trials.select(trials.is_unlabelled_target)
        self._learn_from(networks.standardise(unlabelled.X, self.center_, self.scale_))

    def partial_adapt_aligned(self, trials: TrainingTrials) -> None:
        """Learn from the next trial; see the base class."""
        self._learn_from(networks.standardise(trials.X, self.center_, self.scale_))

    def _learn_from(self, signals: Iterable[NDArray[np.float32]]) -> None:
        for signal in signals:
            online = self._online or [networks.OnlineTraining() for _ in self.networks_]
            stepped = [
                one.step(network, signal)
                for one, network in zip(online, self.networks_, strict=True)
            ]
            self._online = tuple(one for one, _ in stepped)
            self.networks_ = [network for _, network in stepped]

    def to_state(self) -> ModelState:
        """Add the state of online training; see the base class."""
        state = super().to_state()
        for index, one in enumerate(self._online):
            arrays = one.to_arrays()
            state.arrays.update({f"online.{index}.{name}": array for name, array in arrays.items()})
        state.description["online"] = bool(self._online)
        return state

    def from_state(self, state: ModelState) -> None:
        """Restore the state of online training, too; see the base class."""
        super().from_state(state)
        if state.description["online"]:
            self._online = tuple(
                networks.OnlineTraining.from_arrays(state.part(f"online.{index}"))
                for index in range(len(self.networks_))
            )
