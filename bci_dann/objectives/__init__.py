"""The training objective, one file per term."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.objectives.adversary import DomainAdversary
    from bci_dann.objectives.batch_view import UNLABELLED, BatchView
    from bci_dann.objectives.classification import classification_loss
    from bci_dann.objectives.objective import Objective
    from bci_dann.objectives.schedules import ganin_schedule
    from bci_dann.objectives.term import TERMS, Sizes, Term, check_imported, check_terms, find_term

_MODULES = {
    "BatchView": "batch_view",
    "DomainAdversary": "adversary",
    "Objective": "objective",
    "Sizes": "term",
    "TERMS": "term",
    "Term": "term",
    "UNLABELLED": "batch_view",
    "check_imported": "term",
    "check_terms": "term",
    "classification_loss": "classification",
    "find_term": "term",
    "ganin_schedule": "schedules",
}

__all__ = [
    "TERMS",
    "UNLABELLED",
    "BatchView",
    "DomainAdversary",
    "Objective",
    "Sizes",
    "Term",
    "check_imported",
    "check_terms",
    "classification_loss",
    "find_term",
    "ganin_schedule",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
