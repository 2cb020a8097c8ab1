"""The training objective, one file per term."""

from bci_dann.objectives.adversary import DomainAdversary
from bci_dann.objectives.batch_view import UNLABELLED, BatchView
from bci_dann.objectives.classification import classification_loss
from bci_dann.objectives.objective import Objective
from bci_dann.objectives.schedules import ganin_schedule
from bci_dann.objectives.term import TERMS, Sizes, Term, check_imported, check_terms, find_term

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
