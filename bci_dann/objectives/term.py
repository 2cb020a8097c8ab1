"""What a term of the objective is, and how one is found by its name."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from torch import Tensor, nn

from bci_dann._validation import check_between, did_you_mean
from bci_dann.exceptions import ConfigError, DataError
from bci_dann.objectives.batch_view import BatchView

__all__ = ["TERMS", "Sizes", "Term", "check_imported", "check_terms", "find_term"]

# Terms of this package, by the names that tables and pipelines use. A class elsewhere is named
# by its path, "module:Class".
TERMS = {
    "cdan": "bci_dann.objectives.conditional_adversary:ConditionalAdversary",
    "cdan_e": "bci_dann.objectives.conditional_adversary:EntropyWeightedAdversary",
    "mcc": "bci_dann.objectives.class_confusion:ClassConfusion",
    "entropy": "bci_dann.objectives.entropy:ConditionalEntropy",
    "information_maximisation": "bci_dann.objectives.entropy:InformationMaximisation",
    "coral": "bci_dann.objectives.coral:DeepCoral",
    "mmd": "bci_dann.objectives.mean_discrepancy:MeanDiscrepancy",
    "joint_mmd": "bci_dann.objectives.mean_discrepancy:JointDiscrepancy",
}


@dataclass(frozen=True)
class Sizes:
    """What a term may have to know before it is built.

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
    """

    n_features: int
    n_classes: int
    n_domains: int
    has_target: bool


class Term(nn.Module):
    """One summand of the objective.

    A subclass maps a :class:`BatchView` to a scalar. It must not pick trials by a mask, since
    a stack of networks is trained with batches of one shape: it multiplies by weights instead.

    Attributes
    ----------
    needs_target : bool
        Whether the term rests where no target trials are seen.
    features_only : bool
        Whether the term looks at features alone, so that it has no influence where these are
        fixed.
    replayable : bool
        Whether a GPU may record the term's operations once and repeat them: they must follow
        from shapes alone. A term that reads a number back (``.item()``, ``float``), branches on
        values, or counts steps itself is not; one of another package has to say that it is.
    """

    needs_target: ClassVar[bool] = True
    features_only: ClassVar[bool] = False
    replayable: ClassVar[bool] = False

    @classmethod
    def build(cls, sizes: Sizes) -> Self:  # noqa: ARG003 (terms with weights of their own use it)
        """Return the term for a network and its data.

        Parameters
        ----------
        sizes : Sizes
            Widths and counts.

        Returns
        -------
        Term
        """
        return cls()

    def forward(self, batch: BatchView) -> Tensor:
        """Return the term's value for a batch, a scalar."""
        raise NotImplementedError


def check_terms(terms: Mapping[str, float] | None) -> dict[str, type[Term]]:
    """Raise on terms or weights that cannot be.

    Parameters
    ----------
    terms : mapping of str to float, or None
        Names, as for :func:`find_term`, and weights.

    Returns
    -------
    dict of str to type of Term
        Their classes.

    Raises
    ------
    ConfigError
        Saying what is accepted.
    """
    if terms is not None and not isinstance(terms, Mapping):
        raise ConfigError(f"terms must map names to weights, as {{'mcc': 1.0}}; got {terms!r}.")
    found = {}
    for name, weight in (terms or {}).items():
        found[name] = find_term(name)
        check_between(f"the weight of {name}", weight, 0.0, math.inf, inclusive=True)
    return found


def check_imported(name: str) -> None:
    """Raise where a term that a file names would run code that nobody has asked for.

    Parameters
    ----------
    name : str
        As for :func:`find_term`.

    Raises
    ------
    DataError
        When it is the path of a class whose module has not been imported.
    """
    module = name.partition(":")[0]
    if name not in TERMS and module not in sys.modules:
        raise DataError(
            f"the model adapts by the term {name!r}, which is not one of bci_dann's: import "
            f"{module} before you load the model. A name in a file alone never runs code."
        )


def find_term(name: str, known: Mapping[str, str] = TERMS) -> type[Term]:
    """Return the class of a term.

    Parameters
    ----------
    name : str
        A name in :data:`TERMS`, or ``"module:Class"``.
    known : mapping of str to str
        Where names are looked up.

    Returns
    -------
    type of Term

    Raises
    ------
    ConfigError
        When there is no such term.
    """
    path = known.get(name, name)
    module, _, attribute = path.partition(":")
    if not attribute:
        raise ConfigError(
            f"There is no term {name!r}.{did_you_mean(name, known)} Known terms: "
            f"{', '.join(known)}; or give the path of a class, 'module:Class'."
        )
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"The term {name!r} cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Term)):
        raise ConfigError(f"{name!r} is not a bci_dann.objectives.Term.")
    return found
