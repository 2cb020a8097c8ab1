"""Base class of the terms of the training objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from torch import Tensor, nn

from bci_dann.objectives.batch_view import BatchView

__all__ = ["Sizes", "Term"]


@dataclass(frozen=True)
class Sizes:
    """Sizes on which the layers of a term may depend.

    Parameters
    ----------
    n_features : int
        Width of the backbone's output.
    n_classes : int
        Number of classes.
    n_domains : int
        Number of domains in the training data.
    has_target : bool
        Whether the training data contain trials of the target.

    See Also
    --------
    Term.build : Creates the layers of a term.
    build_objective : Creates the layers of all terms.

    Examples
    --------
    >>> from bci_dann.objectives import DomainAdversary, Sizes
    >>> sizes = Sizes(n_features=16, n_classes=2, n_domains=4, has_target=True)
    >>> DomainAdversary(hidden=8).build(sizes).head[-1].out_features
    4
    """

    n_features: int
    n_classes: int
    n_domains: int
    has_target: bool


class Term(nn.Module):
    """One summand of the training objective.

    A subclass maps a :class:`~bci_dann.objectives.BatchView` to a scalar in :meth:`forward`.
    ``terms={"module:Class": {...}}`` sets the parameters of its constructor, which must have
    defaults and be stored as attributes of the same names. Layers whose widths depend on the data
    are created in :meth:`build`.

    A term must not select trials by a mask, since all networks of a stack need batches of one
    shape. Multiply by weights instead, such as ``batch.target_share``.

    Attributes
    ----------
    needs_target : bool
        Whether the term is left out where there are no target trials.
    needs_domains : bool
        Whether the term is left out where all trials are of one domain, such as an adversary. False
        by default.
    features_only : bool
        Whether the term depends only on features, so that it has no effect where these are fixed.
    replayable : bool
        Whether the term can be captured as a CUDA graph and replayed. Its operations must then
        depend only on shapes: it must not read numbers back (``.item()``, ``float``), branch on
        values, or count steps. False by default, so that a user-defined term must declare it.
    measured : tuple of str
        Names of the numbers that :meth:`measures` returns.

    See Also
    --------
    BatchView : The input of a term.
    DomainAdversary : A term with layers.
    read_terms : All forms of the parameter ``terms``.

    Examples
    --------
    A user-defined term, and a network that trains with it:

    >>> import numpy as np
    >>> from bci_dann import NetworkClassifier
    >>> from bci_dann.objectives import Term
    >>> class SmallFeatures(Term):
    ...     needs_target = False
    ...
    ...     def forward(self, batch):
    ...         return batch.features.square().mean()
    >>> X = np.random.default_rng(0).normal(size=(40, 4))
    >>> model = NetworkClassifier("MLP", terms=[SmallFeatures()], max_epochs=2, random_state=0)
    >>> sorted(model.fit(X, X[:, 0] > 0).history_[0])
    ['SmallFeatures', 'classification']
    """

    needs_target: ClassVar[bool] = True
    needs_domains: ClassVar[bool] = False
    features_only: ClassVar[bool] = False
    replayable: ClassVar[bool] = False
    measured: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:  # that of torch takes any arguments, which no file could describe
        super().__init__()

    def build(self, sizes: Sizes) -> Self:  # noqa: ARG002 (terms with layers use it)
        """Create layers whose widths depend on the network and the data.

        Parameters
        ----------
        sizes : Sizes
            Sizes of the network and the data.

        Returns
        -------
        Term
            ``self``, unchanged for a term without layers.
        """
        return self

    def forward(self, batch: BatchView) -> Tensor:
        """Return the term's value for a batch.

        Parameters
        ----------
        batch : BatchView
            Features, logits, labels and domains of the trials of a batch.

        Returns
        -------
        Tensor, shape ()
            A scalar, to be minimised.
        """
        raise NotImplementedError

    def measures(self, batch: BatchView) -> dict[str, Tensor]:  # noqa: ARG002 (others use it)
        """Return numbers about a batch that training records and does not use.

        Parameters
        ----------
        batch : BatchView
            The batch, as :meth:`forward` gets it.

        Returns
        -------
        dict of str to Tensor, shape ()
            A number for each name in ``measured``, without gradient.
        """
        return {}
