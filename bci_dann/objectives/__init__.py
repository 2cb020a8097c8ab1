"""The training objective: label loss, and terms for adaptation to the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.objectives.adversary import DomainAdversary
    from bci_dann.objectives.batch_view import UNLABELLED, BatchView
    from bci_dann.objectives.classification import classification_loss
    from bci_dann.objectives.objective import Objective
    from bci_dann.objectives.schedules import Schedule, ganin_schedule
    from bci_dann.objectives.term import Sizes, Term
    from bci_dann.objectives.weighted_terms import (
        Terms,
        WeightedTerm,
        build_objective,
        check_terms,
        describe_terms,
        read_terms,
        with_default_terms,
    )

_MODULES = {
    "BatchView": "batch_view",
    "DomainAdversary": "adversary",
    "Objective": "objective",
    "Schedule": "schedules",
    "Sizes": "term",
    "Term": "term",
    "Terms": "weighted_terms",
    "UNLABELLED": "batch_view",
    "WeightedTerm": "weighted_terms",
    "build_objective": "weighted_terms",
    "check_terms": "weighted_terms",
    "classification_loss": "classification",
    "describe_terms": "weighted_terms",
    "ganin_schedule": "schedules",
    "read_terms": "weighted_terms",
    "with_default_terms": "weighted_terms",
}

__all__ = [
    "UNLABELLED",
    "BatchView",
    "DomainAdversary",
    "Objective",
    "Schedule",
    "Sizes",
    "Term",
    "Terms",
    "WeightedTerm",
    "build_objective",
    "check_terms",
    "classification_loss",
    "describe_terms",
    "ganin_schedule",
    "read_terms",
    "with_default_terms",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
