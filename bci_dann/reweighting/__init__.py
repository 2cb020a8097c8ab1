"""Reweighting: give source trials the weight that the target would give them."""

from bci_dann.reweighting.diagnostics import effective_sample_size
from bci_dann.reweighting.domain_classifier import (
    CLASSIFIERS,
    N_FOLDS,
    RATIOS,
    DomainWeights,
    domain_classifier_weights,
    weigh_sources,
)

__all__ = [
    "CLASSIFIERS",
    "N_FOLDS",
    "RATIOS",
    "DomainWeights",
    "domain_classifier_weights",
    "effective_sample_size",
    "weigh_sources",
]
