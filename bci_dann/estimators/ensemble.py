"""The default recipe: adapted networks and a Riemannian decoder, each guarded, as one."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from sklearn.utils.validation import check_is_fitted

from bci_dann._validation import check_between
from bci_dann.adaptation.drift_guard import FEWEST_TRIALS
from bci_dann.adaptation.label_shift import offsets_to_prior, offsets_to_shares, prior_of
from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.dann import DANNClassifier
from bci_dann.estimators.network_outputs import log_probabilities
from bci_dann.estimators.riemannian_decoder import RiemannianClassifier
from bci_dann.persistence import ModelState

if TYPE_CHECKING:
    from bci_dann.training import Augmentation

__all__ = ["EnsembleClassifier"]

# What the branches have learned alike when they have read the same trials.
SHARED = ("classes_", "n_features_in_", "n_times_", "ch_names_", "sfreq_", "alignment_")


class EnsembleClassifier(TransferClassifier):
    """Networks from several seeds and a decoder of covariances, averaged.

    Each branch adapts to the unlabelled target, and each has its own guard. Networks are far
    surer of themselves than the linear decoder, right or wrong; so the log-odds of both are
    brought to one spread over the target's trials before they are averaged. The average is
    shifted so that the mean probabilities are the estimated shares of the classes
    (:mod:`bci_dann.adaptation.label_shift`).

    Parameters
    ----------
    backbone, backbone_params, terms, adversary_weight, domains, n_members, batch_norm, \
augmentation, max_epochs, batch_size, lr, weight_decay, device, random_state
        Of the networks; see :class:`DANNClassifier`.
    alignment : {"euclidean", "riemannian"} or None
        Of the networks' trials. Covariances are always re-centred by Riemannian means.
    tangent_terms : dict of str to float, optional
        Terms of the Riemannian decoder; see :class:`RiemannianClassifier`.
    target_prior : dict of str to float, optional
        How often the target imagines each movement, where it is known; see
        :class:`RiemannianClassifier`.
    network_weight : float
        How much the networks count beside the Riemannian decoder, which counts 1. They are the
        weaker branch.
    guard : bool
        Whether each branch falls back where adaptation made its outputs drift; see
        :mod:`bci_dann.adaptation.drift_guard`.
    sfreq : float, optional
        Sampling frequency (Hz) of arrays; epochs bring their own.

    Attributes
    ----------
    network_ : DANNClassifier
        The first branch.
    tangent_ : RiemannianClassifier
        The second branch.
    spreads_ : tuple of float
        Standard deviation of each branch's log-odds over the target's trials.
    offsets_ : ndarray, shape (n_classes,)
        What is added to the averaged log-odds.
    """

    network_: DANNClassifier
    tangent_: RiemannianClassifier
    spreads_: tuple[float, float]
    offsets_: NDArray[np.float64]

    def __init__(
        self,
        backbone: str = "EEGNet",
        *,
        backbone_params: dict[str, Any] | None = None,
        alignment: str | None = "euclidean",
        terms: dict[str, float] | None = None,
        adversary_weight: float = 0.1,
        domains: str = "subject",
        tangent_terms: dict[str, float] | None = None,
        target_prior: dict[str, float] | None = None,
        network_weight: float = 0.25,
        n_members: int = 3,
        batch_norm: str = "pooled",
        augmentation: Augmentation | None = None,
        guard: bool = True,
        sfreq: float | None = None,
        max_epochs: int = 100,
        batch_size: int = 64,
        lr: float = 1e-3,
        weight_decay: float = 0.0,
        device: str = "auto",
        random_state: Any = None,
    ) -> None:
        self.backbone = backbone
        self.backbone_params = backbone_params
        self.alignment = alignment
        self.terms = terms
        self.adversary_weight = adversary_weight
        self.domains = domains
        self.tangent_terms = tangent_terms
        self.target_prior = target_prior
        self.network_weight = network_weight
        self.n_members = n_members
        self.batch_norm = batch_norm
        self.augmentation = augmentation
        self.guard = guard
        self.sfreq = sfreq
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.device = device
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Raise on a parameter that ``fit`` could not use; see the base class."""
        check_between("network_weight", self.network_weight, 0.0, math.inf)
        for branch in self._new_branches():
            branch.check_parameters()

    def fit(
        self,
        X: Any,
        y: ArrayLike,
        subjects: ArrayLike | None = None,
        X_target_unlabeled: Any = None,
        X_target_labeled: Any = None,
        y_target_labeled: ArrayLike | None = None,
    ) -> Self:
        """Train both branches; see :meth:`TransferClassifier.fit`."""
        self.check_parameters()
        self._forget_passed()
        if self.target_prior is not None:  # networks take minutes: look before
            prior_of(self.target_prior, np.unique(np.asarray(y)))
        given = (X, y, subjects, X_target_unlabeled, X_target_labeled, y_target_labeled)
        self._take(*(branch.fit(*given) for branch in self._new_branches()))
        self._settle(X_target_unlabeled)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return class probabilities; see :meth:`TransferClassifier.predict_proba`."""
        check_is_fitted(self)
        probabilities: NDArray[np.float64] = softmax(self._averaged(X) + self.offsets_, axis=1)
        return probabilities

    @property
    def trains_network(self) -> bool:
        """True: one branch does."""
        return True

    @property
    def can_adapt(self) -> bool:
        """Whether ``adapt`` changes either branch."""
        return self.network_.can_adapt or self.tangent_.can_adapt

    def _adapted(self, X: Any) -> Self:
        adapted = copy.copy(self)
        adapted._take(self.network_._adapted(X), self.tangent_._adapted(X))
        adapted._settle(X)
        return adapted

    def _new_branches(self) -> tuple[DANNClassifier, RiemannianClassifier]:
        parameters = self.get_params(deep=False)
        for own in ("tangent_terms", "target_prior", "network_weight"):
            del parameters[own]
        tangent = RiemannianClassifier(
            terms=self.tangent_terms,
            target_prior=self.target_prior,
            guard=self.guard,
            sfreq=self.sfreq,
        )
        return DANNClassifier(**parameters), tangent

    def _take(self, network: DANNClassifier, tangent: RiemannianClassifier) -> None:
        self.network_, self.tangent_ = network, tangent
        for name in SHARED:
            setattr(self, name, getattr(network, name))

    def _log_odds(self, X: Any) -> list[NDArray[np.float64]]:
        """Return each branch's log-probabilities, relative to their mean over classes."""
        branches = (self.network_, self.tangent_)
        logs = [log_probabilities(branch.predict_proba(X)) for branch in branches]
        return [log - log.mean(axis=1, keepdims=True) for log in logs]

    def _averaged(self, X: Any) -> NDArray[np.float64]:
        network, tangent = self._log_odds(X)
        # the linear decoder is the better calibrated one: its spread is the common unit
        network = network * (self.spreads_[1] / self.spreads_[0])
        share = self.network_weight / (1.0 + self.network_weight)
        return share * network + (1.0 - share) * tangent

    def _settle(self, X: Any) -> None:
        """Learn spreads and offsets from the target's unlabelled trials, where there are any."""
        self.spreads_ = (1.0, 1.0)
        self.offsets_ = np.zeros(len(self.classes_))
        if X is None or len(X) < FEWEST_TRIALS:
            return
        network, tangent = (float(odds.std()) for odds in self._log_odds(X))
        self.spreads_ = (network or 1.0, tangent or 1.0)
        meet = offsets_to_prior if self.target_prior is None else offsets_to_shares
        self.offsets_ = meet(self._averaged(X), self.tangent_.prior_)

    def _state(self) -> ModelState:
        state = super()._state()
        state.arrays.clear()  # the branches keep their own references
        state.arrays["offsets"] = self.offsets_
        state.description.update(spreads=list(self.spreads_), branches={})
        for name, branch in (("network", self.network_), ("tangent", self.tangent_)):
            own = branch._state()
            state.description["branches"][name] = own.description
            state.arrays.update({f"{name}.{key}": array for key, array in own.arrays.items()})
        return state

    def _restore(self, state: ModelState) -> None:
        branches = self._new_branches()
        for name, branch in zip(("network", "tangent"), branches, strict=True):
            branch._restore(ModelState(state.description["branches"][name], state.part(name)))
        self._take(*branches)
        network, tangent = state.description["spreads"]
        self.spreads_ = (network, tangent)
        self.offsets_ = state.arrays["offsets"]
