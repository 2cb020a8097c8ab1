"""The training objective, one file per term."""

from bci_dann.objectives.adversary import DomainAdversary
from bci_dann.objectives.batch import UNLABELLED, BatchView
from bci_dann.objectives.classification import classification_loss
from bci_dann.objectives.objective import Objective
from bci_dann.objectives.schedules import ganin_schedule

__all__ = [
    "UNLABELLED",
    "BatchView",
    "DomainAdversary",
    "Objective",
    "classification_loss",
    "ganin_schedule",
]
