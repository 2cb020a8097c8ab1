"""DANN: features that decode the imagined movement and hide whose brain it was."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann import objectives
from bci_dann._validation import check_between, check_count, check_option
from bci_dann.adaptation.drift_guard import strongest_trusted
from bci_dann.estimators.network import NetworkClassifier, Plan
from bci_dann.estimators.network_outputs import finished, log_probabilities, mean_probabilities
from bci_dann.estimators.training_trials import TrainingTrials, labelled_only
from bci_dann.exceptions import TrainingError

if TYPE_CHECKING:
    from bci_dann.models import Decoder
    from bci_dann.objectives import Objective, Sizes, Term
    from bci_dann.training import Augmentation, History

__all__ = ["DANNClassifier"]

logger = logging.getLogger(__name__)

DOMAINS = ("subject", "session", "source_target")


class DANNClassifier(NetworkClassifier):
    """Domain-adversarial training of a braindecode network (Ganin et al. 2016).

    Without a target it hides the source subjects from each other (domain generalisation).
    Where there is one domain only, the adversary rests.

    Parameters
    ----------
    backbone, backbone_params, alignment, sfreq, max_epochs, batch_size, lr, weight_decay, \
n_members, batch_norm, augmentation, device, random_state
        As in :class:`NetworkClassifier`.
    domains : {"subject", "session", "source_target"}
        What the domain head tells apart. Batches hold equal shares of these.
    adversary_weight : float
        Weight of the domain loss. At 1, ten subjects without alignment are so easy to tell
        apart that hiding them drowns the label loss, and not even the sources are learned;
        two domains stand it. At 0 there is no adversary.
    terms : dict of str to float, optional
        Further terms of the objective with their weights: ``"cdan"``, ``"cdan_e"``, ``"mcc"``,
        ``"entropy"``, ``"information_maximisation"``, ``"coral"``, ``"mmd"``, ``"joint_mmd"``,
        or a class of one's own as ``"module:Class"``; see :mod:`bci_dann.objectives`. A term
        that needs target trials rests where there are none.
    domain_hidden : int
        Width of the domain head's hidden layer.
    gamma : float
        Steepness of Ganin's lambda schedule.
    domain_smoothing : float
        Share of each domain label that is spread over all domains, so that the domain head does
        not become sure of itself.
    guard : bool
        Whether networks without any term are trained beside the others, and kept in their
        place where adaptation made the outputs drift; see :mod:`bci_dann.adaptation.drift_guard`.
        It takes twice the time. The target's trials must be in the order of recording.

    Attributes
    ----------
    adapted_ : bool
        Whether the networks are those that adapt; False where the guard did not trust them.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X, X_new = rng.normal(size=(40, 4)), rng.normal(1, 1, size=(40, 4))
    >>> model = DANNClassifier("MLP", max_epochs=5, random_state=0)
    >>> model.fit(X, X[:, 0] > 0, X_target_unlabeled=X_new).predict(X_new).shape
    (40,)
    """

    adapted_: bool

    def __init__(
        self,
        backbone: str = "EEGNet",
        *,
        backbone_params: dict[str, Any] | None = None,
        alignment: str | None = "euclidean",
        domains: str = "subject",
        adversary_weight: float = 0.1,
        terms: dict[str, float] | None = None,
        domain_hidden: int = 64,
        gamma: float = 10.0,
        domain_smoothing: float = 0.0,
        guard: bool = False,
        sfreq: float | None = None,
        max_epochs: int = 100,
        batch_size: int = 64,
        lr: float = 1e-3,
        weight_decay: float = 0.0,
        n_members: int = 1,
        batch_norm: str = "pooled",
        augmentation: Augmentation | None = None,
        device: str = "auto",
        random_state: Any = None,
    ) -> None:
        super().__init__(
            backbone,
            backbone_params=backbone_params,
            alignment=alignment,
            sfreq=sfreq,
            max_epochs=max_epochs,
            batch_size=batch_size,
            lr=lr,
            weight_decay=weight_decay,
            n_members=n_members,
            batch_norm=batch_norm,
            augmentation=augmentation,
            device=device,
            random_state=random_state,
        )
        self.domains = domains
        self.adversary_weight = adversary_weight
        self.terms = terms
        self.domain_hidden = domain_hidden
        self.gamma = gamma
        self.domain_smoothing = domain_smoothing
        self.guard = guard

    def check_parameters(self) -> None:
        """Raise on a parameter that ``fit`` could not use; see the base class."""
        super().check_parameters()
        check_option("domains", self.domains, DOMAINS)
        objectives.check_terms(self.terms)
        for name in ("adversary_weight", "gamma"):
            check_between(name, getattr(self, name), 0.0, math.inf, inclusive=True)
        check_between("domain_smoothing", self.domain_smoothing, 0.0, 1.0, inclusive=True)
        check_count("domain_hidden", self.domain_hidden)

    def _plan(self, trials: TrainingTrials, name: str = "the network") -> Plan:
        plan = super()._plan(trials, name)
        if not (self.guard and trials.to_adapt_to.any()):
            return plan
        data = self._training_data(labelled_only(trials))
        plain = [
            self._member(data, index, f"{name}, not adapted", objectives.Objective())
            for index in range(self.n_members)
        ]
        return Plan([*plan.members, *plain], trials)

    def _chosen(
        self, plan: Plan, histories: Sequence[History | TrainingError]
    ) -> tuple[list[Decoder], list[History]]:
        n = self.n_members
        adapted = finished(plan.members[:n], histories[:n])
        self.adapted_ = True
        if len(plan.members) == n:
            return adapted
        plain = finished(plan.members[n:], histories[n:])
        self.adapted_ = self._trusts(plain[0], adapted[0], plan.trials)
        return adapted if self.adapted_ else plain

    def _trusts(self, plain: list[Decoder], adapted: list[Decoder], trials: TrainingTrials) -> bool:
        there = trials.to_adapt_to
        scores = [
            log_probabilities(mean_probabilities(networks, trials.X[there]))
            for networks in (plain, adapted)
        ]
        trusted = strongest_trusted(scores, trials.domains[there]) == 1
        logger.info("the guard %s", "trusts the adaptation" if trusted else "falls back")
        return trusted

    def _objective(self, sizes: Sizes) -> Objective:
        terms: dict[str, Term] = {}
        weights: dict[str, float] = {}
        if self.adversary_weight > 0 and sizes.n_domains > 1:
            weights["adversary"] = self.adversary_weight
            terms["adversary"] = objectives.DomainAdversary(
                sizes.n_features,
                sizes.n_domains,
                self.domain_hidden,
                self.gamma,
                self.domain_smoothing,
            )
        for name, weight in (self.terms or {}).items():
            kind = objectives.find_term(name)
            if (kind.needs_target and not sizes.has_target) or sizes.n_domains < 2:
                logger.info("the term %s rests: there is no domain to adapt to", name)
            elif weight > 0:
                label = name.rpartition(":")[2]  # of a path, the name of the class
                terms[label], weights[label] = kind.build(sizes), weight
        return objectives.Objective(terms, weights)

    def _domain_indices(self, trials: TrainingTrials) -> NDArray[np.int64]:
        names = {
            "subject": trials.subjects,
            "session": trials.domains,
            "source_target": trials.is_target,
        }[self.domains]
        return np.unique(names, return_inverse=True)[1].astype(np.int64)
