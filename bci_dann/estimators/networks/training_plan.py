"""Training plans: the networks of a classifier, with their trials and objectives.

A plan is built from the parameters and trials of a classifier, and trained alone or together with
other plans. Afterwards the classifier takes over its networks.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from bci_dann import training
from bci_dann._arrays import log_probabilities
from bci_dann._random import isolated_torch_seed, stream
from bci_dann.adaptation.drift_guard import strongest_without_drift
from bci_dann.alignment import Alignment
from bci_dann.estimators.inputs.training_trials import TrainingTrials
from bci_dann.estimators.networks.network_outputs import (
    features_and_logits,
    mean_probabilities,
    trained_networks,
)
from bci_dann.exceptions import BCIDannWarning, ConfigError, TrainingError
from bci_dann.models import Decoder
from bci_dann.models.precision import single_precision
from bci_dann.objectives import (
    Objective,
    Sizes,
    Terms,
    WeightedTerm,
    build_objective,
    read_terms,
)
from bci_dann.training import (
    Augmentation,
    History,
    Member,
    TrainingData,
    TrainingSettings,
    augment,
)

__all__ = ["TrainingPlan", "build_plan", "select_trained", "train_plan"]

logger = logging.getLogger(__name__)

# Number of trials on which the outputs of a trained network are checked. Weights or batch-norm
# statistics that have overflowed affect the outputs of any trial.
N_CHECKED_TRIALS = 16


class NetworkMethod(Protocol):
    """What a plan needs of a classifier; see :class:`bci_dann.estimators.NetworkClassifier`."""

    domains: str
    guard: bool
    batch_norm: str
    augmentation: Augmentation | None
    n_members: int
    random_state: Any
    alignment_: Alignment | None
    classes_: NDArray[Any]
    ch_names_: list[str] | None

    @property
    def sampling_rate(self) -> float | None:
        """The sampling frequency (Hz); see :class:`bci_dann.estimators.NetworkClassifier`."""

    def training_terms(self) -> Terms:
        """Return the terms; see :class:`bci_dann.estimators.NetworkClassifier`."""

    def build_network(self) -> Decoder:
        """Return a network; see :class:`bci_dann.estimators.NetworkClassifier`."""


@dataclass(frozen=True)
class TrainingPlan:
    """Networks that are to be trained.

    Parameters
    ----------
    adapted : list of Member
        The networks of the ensemble, trained with all terms of the objective.
    plain : list of Member
        The same networks trained without terms, which the drift guard may choose instead; empty
        without a guard.
    trials : TrainingTrials
        The training trials, standardised.

    See Also
    --------
    build_plan : Builds a plan.
    bci_dann.NetworkClassifier.plan : Builds the plan of a classifier.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann import DANNClassifier
    >>> X = np.random.default_rng(0).normal(size=(40, 4))
    >>> model = DANNClassifier("MLP", n_members=2, guard=True, random_state=0)
    >>> plan = model.plan(model.training_trials(X, X[:, 0] > 0, X_target_unlabeled=X + 1))
    >>> len(plan.adapted), len(plan.plain)
    (2, 2)
    """

    adapted: list[Member]
    plain: list[Member]
    trials: TrainingTrials

    @property
    def members(self) -> list[Member]:
        """All networks to be trained, the adapted ones first; see :class:`TrainingPlan`."""
        return [*self.adapted, *self.plain]


def build_plan(
    classifier: NetworkMethod,
    trials: TrainingTrials,
    weights: NDArray[np.float64],
    name: str = "the network",
) -> TrainingPlan:
    """Build the networks of a classifier, with their trials and objectives.

    Parameters
    ----------
    classifier : NetworkMethod
        The classifier, after it has read its trials.
    trials : TrainingTrials
        Standardised trials.
    weights : ndarray, shape (n_trials,)
        Weights of the label loss.
    name : str
        Name of this training, for messages.

    Returns
    -------
    TrainingPlan
        Untrained.

    See Also
    --------
    select_trained : Returns the networks after training.
    bci_dann.NetworkClassifier.plan : Standardises and weights trials first.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann import NetworkClassifier
    >>> from bci_dann.estimators.networks import build_plan
    >>> X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    >>> model = NetworkClassifier("MLP", random_state=0)
    >>> trials = model.training_trials(X, X[:, 0] > 0)
    >>> len(build_plan(model, trials, np.ones(40)).members)
    1
    """
    terms = classifier.training_terms()
    used = trials.is_labelled if not terms else np.ones(len(trials.labels), dtype=bool)
    data = _training_data(classifier, trials.select(used), weights[used])
    adapted = _members(classifier, data, name, terms)
    plain: list[Member] = []
    if classifier.guard and terms and trials.is_unlabelled_target.any():
        known = trials.is_labelled
        data = _training_data(classifier, trials.select(known), weights[known])
        plain = _members(classifier, data, f"{name}, not adapted", None)
    return TrainingPlan(adapted, plain, trials)


def train_plan(plan: TrainingPlan, settings: TrainingSettings) -> list[History | TrainingError]:
    """Train the networks of a plan, and log the losses of each epoch.

    Parameters
    ----------
    plan : TrainingPlan
        The plan; its networks are trained in place.
    settings : TrainingSettings
        For all of them.

    Returns
    -------
    list
        The history of each member, or the error that stopped it.

    See Also
    --------
    select_trained : Returns the networks after training.
    bci_dann.estimators.fit_together : Trains the networks of several plans at once.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann import NetworkClassifier
    >>> from bci_dann.estimators.networks import train_plan
    >>> X = np.random.default_rng(0).normal(size=(40, 4))
    >>> model = NetworkClassifier("MLP", max_epochs=2, random_state=0)
    >>> plan = model.plan(model.training_trials(X, X[:, 0] > 0))
    >>> [len(history) for history in train_plan(plan, model.training_settings())]
    [2]
    """
    members = plan.members
    return training.train_networks(members, [settings] * len(members), on_epoch=_log_epoch)


def select_trained(
    plan: TrainingPlan, histories: Sequence[History | TrainingError]
) -> tuple[list[Decoder], list[History], bool]:
    """Return the networks of a trained plan that the classifier will use.

    Parameters
    ----------
    plan : TrainingPlan
        The plan.
    histories : sequence
        The history of each member, or the error that stopped it.

    Returns
    -------
    networks : list of Decoder
        On the CPU; those that failed are left out.
    histories : list
        Their histories.
    adapted : bool
        False where the drift guard chose the networks without terms.

    Raises
    ------
    TrainingError
        When no network finished its training. With the guard, it is enough if the networks of one
        kind, with or without terms, finished.

    See Also
    --------
    train_plan : Trains the members of a plan.
    bci_dann.NetworkClassifier.complete : Takes over the networks.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann import NetworkClassifier
    >>> from bci_dann.estimators.networks import select_trained
    >>> from bci_dann.training import train_networks
    >>> X = np.random.default_rng(0).normal(size=(40, 4))
    >>> model = NetworkClassifier("MLP", max_epochs=2, random_state=0)
    >>> plan = model.plan(model.training_trials(X, X[:, 0] > 0))
    >>> histories = train_networks(plan.members, [model.training_settings()])
    >>> networks, used, adapted = select_trained(plan, histories)
    >>> len(networks), adapted
    (1, True)
    """
    histories = [
        _with_finite_outputs(member, history)
        for member, history in zip(plan.members, histories, strict=True)
    ]
    n_adapted = len(plan.adapted)
    with_terms, without = histories[:n_adapted], histories[n_adapted:]
    if not plan.plain:
        return (*trained_networks(plan.adapted, with_terms), True)
    if _all_failed(with_terms) and not _all_failed(without):
        _warn_of_failure("with terms", "without", with_terms)
        return (*trained_networks(plan.plain, without), False)
    adapted = trained_networks(plan.adapted, with_terms)
    if _all_failed(without):
        _warn_of_failure("without terms", "with terms", without)
        return (*adapted, True)
    plain = trained_networks(plan.plain, without)
    is_accepted = _guard_accepts(plain[0], adapted[0], plan.trials)
    return (*(adapted if is_accepted else plain), is_accepted)


def _all_failed(histories: Sequence[History | TrainingError]) -> bool:
    return all(isinstance(history, TrainingError) for history in histories)


def _warn_of_failure(kind: str, other: str, histories: Sequence[History | TrainingError]) -> None:
    warnings.warn(
        f"the training {kind} failed, and the networks {other} are used: {histories[0]}",
        BCIDannWarning,
        stacklevel=2,
    )


def _with_finite_outputs(
    member: Member, history: History | TrainingError
) -> History | TrainingError:
    """Return the history, or an error where outputs of the trained network are not finite.

    The last step, or batch-norm statistics, may overflow after the last computed loss.
    """
    if isinstance(history, TrainingError):
        return history
    network, trials = member.network.cpu(), member.data.X[:N_CHECKED_TRIALS]
    _, logits = features_and_logits(network.eval(), trials.numpy())
    if np.isfinite(logits).all():
        return history
    return TrainingError(
        f"The outputs of {member.name} are not finite after epoch {len(history)}, its last. "
        "Lower `lr`, or look for trials of an extreme amplitude."
    )


def _training_data(
    classifier: NetworkMethod, trials: TrainingTrials, weights: NDArray[np.float64]
) -> TrainingData:
    names = trials.domain_names(classifier.domains)
    domains = np.unique(names, return_inverse=True)[1].astype(np.int64)
    # plain vectors get a time axis of length one, so that networks see trials
    X = trials.X if trials.X.ndim == 3 else trials.X[:, :, None]
    data = TrainingData(
        X=torch.from_numpy(X),
        labels=torch.from_numpy(trials.labels),
        domains=torch.from_numpy(domains),
        weights=torch.from_numpy(weights.astype(np.float32)),
        is_target=torch.from_numpy(trials.is_target),
    )
    if not classifier.augmentation:
        return data
    if classifier.alignment_ is not None and classifier.alignment_.returns_covariances:
        raise ConfigError(
            "augmentation transforms signals, and this alignment replaces trials by covariances: "
            "set augmentation=None, or another alignment."
        )
    seed = stream(classifier.random_state, "augmentation")
    return augment(
        data,
        classifier.augmentation,
        seed,
        classifier.classes_,
        classifier.ch_names_,
        classifier.sampling_rate,
    )


def _members(classifier: NetworkMethod, data: TrainingData, name: str, terms: Any) -> list[Member]:
    n_domains, has_target = int(data.domains.max()) + 1, bool(data.is_target.any())
    count = classifier.n_members

    def objective(network: Decoder) -> Objective:
        n_features, n_classes = network.backbone.n_features, len(classifier.classes_)
        fresh: list[WeightedTerm] = read_terms(terms)
        return build_objective(fresh, Sizes(n_features, n_classes, n_domains, has_target))

    return [
        _member(
            classifier,
            data,
            index,
            name if count == 1 else f"{name}, member {index}",
            objective,
        )
        for index in range(count)
    ]


def _member(
    classifier: NetworkMethod,
    data: TrainingData,
    index: int,
    name: str,
    objective: Callable[[Decoder], Objective],
) -> Member:
    # the first member equals the only network of a classifier with n_members=1
    member = ("member", index) if index else ()
    seed = stream(classifier.random_state, "training", *member)
    with isolated_torch_seed(seed), single_precision():
        network = classifier.build_network()
        built = objective(network)
    return Member(
        network,
        built,
        data,
        np.random.default_rng(seed.spawn(1)[0]),
        name,
        stream(classifier.random_state, "unkeyed", *member),
        domain_batch_norm=classifier.batch_norm == "domain",
    )


def _guard_accepts(
    plain: Sequence[Decoder], adapted: Sequence[Decoder], trials: TrainingTrials
) -> bool:
    """Return whether the drift guard accepts the networks that were trained with terms."""
    new = trials.select(trials.is_unlabelled_target)
    scores = [
        log_probabilities(mean_probabilities(networks, new.X)) for networks in (plain, adapted)
    ]
    is_accepted = strongest_without_drift(scores, new.domains) == 1
    logger.info("the drift guard %s the adaptation", "accepts" if is_accepted else "rejects")
    return is_accepted


def _log_epoch(epoch: int, losses: dict[str, float]) -> None:
    logger.info("epoch %d: %s", epoch + 1, losses)
