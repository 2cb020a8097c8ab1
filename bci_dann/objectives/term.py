"""The contract of a term of the training objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from torch import Tensor, nn

from bci_dann.objectives.batch_view import BatchView

__all__ = ["Sizes", "Term"]


@dataclass(frozen=True)
class Sizes:
    """Widths and counts that the layers of a term may depend on.

    Parameters
    ----------
    n_features : int
        Width of the backbone's output.
    n_classes : int
        Number of imagined movements.
    n_domains : int
        Number of domains in the training data.
    has_target : bool
        Whether trials of the target are among them.

    See Also
    --------
    Term.build : Takes it.
    build_objective : Takes it for all terms.

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
    Parameters of its constructor, with defaults, are those that ``terms={"module:Class": {...}}``
    sets; it keeps each as an attribute of the same name. Layers whose widths depend on the data
    are made in :meth:`build`.

    A term must not select trials by a mask, since a stack of networks is trained with batches of
    one shape: it multiplies by weights instead, such as ``batch.target_share``.

    Attributes
    ----------
    needs_target : bool
        Whether the term is left out where no target trials are seen.
    features_only : bool
        Whether the term looks at features alone, so that it has no influence on a head where
        the features are fixed.
    replayable : bool
        Whether a GPU may capture the term's operations as a CUDA graph and replay them: they
        must follow from shapes alone. A term that reads a number back (``.item()``, ``float``),
        branches on values, or counts steps itself is not; one of another package has to say
        that it is.

    See Also
    --------
    BatchView : What it maps to a scalar.
    DomainAdversary : A term with layers.
    read_terms : How methods find terms.

    Examples
    --------
    A term of one's own, and a network that trains with it:

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
    ['classification']
    """

    needs_target: ClassVar[bool] = True
    features_only: ClassVar[bool] = False
    replayable: ClassVar[bool] = False

    def build(self, sizes: Sizes) -> Self:  # noqa: ARG002 (terms with layers use it)
        """Make the layers whose widths depend on the network and the data.

        Parameters
        ----------
        sizes : Sizes
            Widths and counts.

        Returns
        -------
        Term
            ``self``. A term without layers has nothing to do.
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
            A scalar, of which the gradient is taken.
        """
        raise NotImplementedError
