"""Reweighting: give source trials the weight that the target would give them."""

from bci_dann.reweighting.diagnostics import effective_sample_size
from bci_dann.reweighting.domain_classifier import CLASSIFIERS, N_FOLDS
from bci_dann.reweighting.validation import choose_temper
from bci_dann.reweighting.weights import (
    RATIOS,
    DomainWeights,
    domain_classifier_weights,
    per_subject,
    tempered,
    warn_without_overlap,
    weigh_sources,
)

__all__ = [
    "CLASSIFIERS",
    "N_FOLDS",
    "RATIOS",
    "DomainWeights",
    "choose_temper",
    "domain_classifier_weights",
    "effective_sample_size",
    "per_subject",
    "tempered",
    "warn_without_overlap",
    "weigh_sources",
]
