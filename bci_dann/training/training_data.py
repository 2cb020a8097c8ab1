"""Input of training: trials, settings, and a network with its objective."""

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
    """The source and target trials of a training.

    Attributes
    ----------
    X : Tensor, shape (n_trials, n_chans, n_times)
        Standardised signals.
    labels : Tensor, shape (n_trials,)
        Class indices; ``UNLABELLED`` where the class is unknown.
    domains : Tensor, shape (n_trials,)
        Domain indices.
    weights : Tensor, shape (n_trials,)
        Importance weights of the label loss.
    is_target : Tensor of bool, shape (n_trials,)
        True for trials of the target.
    prior : Tensor, shape (n_classes,), or None
        Estimated class shares of the target, where there is an estimate.
    n_recorded : int or None
        Number of trials without augmented versions, which is the length of an epoch; None without
        augmentation.

    See Also
    --------
    Member : Trials with a network.
    bci_dann.objectives.BatchView : A batch of trials, the input of terms.

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
    """Number of epochs, batch size, optimiser and device.

    Attributes
    ----------
    max_epochs : int
        Number of epochs; each draws as many trials as were recorded.
    batch_size : int
        Trials in a batch, over all domains.
    lr : float
        Initial learning rate, with cosine decay to zero.
    weight_decay : float
        Decoupled weight decay (AdamW).
    device : str
        A torch device name; see :func:`resolve_device`.

    See Also
    --------
    train : Trains a network with these settings.
    bci_dann.NetworkClassifier.training_settings : The settings of a classifier.

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
    """A network with its objective, trials and random generators.

    Attributes
    ----------
    network : Decoder
        Backbone and classification head, trained in place.
    objective : Objective
        Label loss and terms, whose parameters are trained as well.
    data : TrainingData
        The trials.
    rng : numpy.random.Generator
        Draws the order of trials and dropout keys.
    name : str
        Name of the network in messages.
    torch_seed : numpy.random.SeedSequence
        Seeds torch's global generator during training, for layers that use it; its state is
        restored afterwards.
    domain_batch_norm : bool
        Whether batch normalisation treats source and target trials of a batch separately.

    See Also
    --------
    train : Trains a member.
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
    """Return the torch device of a name, after a check that it can be used.

    Parameters
    ----------
    name : str
        ``"auto"`` uses a GPU where there is one; otherwise a torch device name.

    Returns
    -------
    str
        Name of a device on which a tensor could be allocated.

    Raises
    ------
    ConfigError
        When the device cannot be used.

    See Also
    --------
    TrainingSettings : Contains the device.

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
