"""Inputs of training: trials, duration and device, and one network with its objective."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from bci_dann.exceptions import ConfigError
from bci_dann.models import Decoder
from bci_dann.objectives import Objective

__all__ = ["Member", "TrainingData", "TrainingSettings", "resolve_device"]


@dataclass(frozen=True)
class TrainingData:
    """All trials that training may use, source and target.

    Attributes
    ----------
    X : Tensor, shape (n_trials, n_chans, n_times)
        Standardised signals.
    labels : Tensor, shape (n_trials,)
        Class indices, ``UNLABELLED`` where the label is not known.
    domains : Tensor, shape (n_trials,)
        Domain indices.
    weights : Tensor, shape (n_trials,)
        Importance weights of the label loss.
    is_target : Tensor of bool, shape (n_trials,)
        True for trials of the target.
    prior : Tensor, shape (n_classes,), or None
        Estimated class shares of the target, where there is an estimate.
    n_recorded : int or None
        Number of recorded trials, without augmented versions, which is the length of an epoch;
        None where all are recorded.

    See Also
    --------
    Member : The trials with a network.
    bci_dann.objectives.BatchView : A batch of them, as terms see it.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.objectives import UNLABELLED
    >>> from bci_dann.training import TrainingData
    >>> data = TrainingData(
    ...     X=torch.randn(4, 3, 128),
    ...     labels=torch.tensor([0, 1, UNLABELLED, UNLABELLED]),
    ...     domains=torch.tensor([0, 0, 1, 1]),
    ...     weights=torch.ones(4),
    ...     is_target=torch.tensor([False, False, True, True]),
    ... )
    >>> data.n_recorded is None  # no augmented versions
    True
    """

    X: Tensor
    labels: Tensor
    domains: Tensor
    weights: Tensor
    is_target: Tensor
    prior: Tensor | None = None
    n_recorded: int | None = None


@dataclass(frozen=True)
class TrainingSettings:
    """Duration, batch size, optimiser and device.

    Attributes
    ----------
    max_epochs : int
        Passes over as many trials as were recorded.
    batch_size : int
        Trials in a batch, all domains together.
    lr : float
        Adam's first learning rate; it falls to zero along a half cosine.
    weight_decay : float
        Decoupled weight decay (AdamW).
    device : str
        A device that torch knows, see :func:`resolve_device`.

    See Also
    --------
    train : Takes them.
    bci_dann.NetworkClassifier.training_settings : Those of a classifier.

    Examples
    --------
    >>> from bci_dann import NetworkClassifier
    >>> NetworkClassifier(max_epochs=20, device="cpu").training_settings()
    TrainingSettings(max_epochs=20, batch_size=64, lr=0.001, weight_decay=0.0, device='cpu')
    """

    max_epochs: int
    batch_size: int
    lr: float
    weight_decay: float
    device: str


@dataclass(frozen=True)
class Member:
    """One network, its objective, its trials and its randomness.

    Attributes
    ----------
    network : Decoder
        Backbone and motor-imagery head, trained in place.
    objective : Objective
        Label loss and terms; the parameters of the terms are trained, too.
    data : TrainingData
        The trials.
    rng : numpy.random.Generator
        Draws the order of the trials and the keys of dropout.
    name : str
        What messages call the network.
    torch_seed : numpy.random.SeedSequence
        Seeds torch's global generator during training, for layers that draw from it; the
        caller's state is restored afterwards.
    domain_batch_norm : bool
        Whether batch norms see source and target trials of a batch separately.

    See Also
    --------
    train : Trains it.
    bci_dann.estimators.networks.TrainingPlan : The members of a classifier.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann import NetworkClassifier
    >>> X = np.random.default_rng(0).normal(size=(40, 4))
    >>> model = NetworkClassifier("MLP", random_state=0)
    >>> (member,) = model.plan(model.training_trials(X, X[:, 0] > 0)).members
    >>> member.data.X.shape, member.name
    (torch.Size([40, 4, 1]), 'the network')
    """

    network: Decoder
    objective: Objective
    data: TrainingData
    rng: np.random.Generator
    name: str = "the network"
    torch_seed: np.random.SeedSequence = field(default_factory=lambda: np.random.SeedSequence(0))
    domain_batch_norm: bool = False


def resolve_device(name: str) -> str:
    """Return the device that a name stands for.

    Parameters
    ----------
    name : str
        ``"auto"`` takes a GPU where there is one; or any name that torch knows.

    Returns
    -------
    str
        A name that torch knows, of a device on which a tensor could be allocated.

    Raises
    ------
    ConfigError
        When there is no such device.

    See Also
    --------
    TrainingSettings : Takes the device.

    Examples
    --------
    >>> from bci_dann.training import resolve_device
    >>> resolve_device("cpu")
    'cpu'
    >>> resolve_device("auto") in ("cpu", "cuda")
    True
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:  # builds without CUDA assert
        reason = str(error).splitlines()[0]
        raise ConfigError(f"device {name!r} cannot be used: {reason}") from error
    return name
