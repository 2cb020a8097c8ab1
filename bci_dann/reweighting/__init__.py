"""Source reweighting: importance weights of source trials, and measures of domain shift."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.reweighting.band_power import (
        BandPowerShift,
        band_power_shift,
        bands_within,
        log_band_power,
    )
    from bci_dann.reweighting.diagnostics import effective_sample_size, top_share
    from bci_dann.reweighting.domain_classifier import CLASSIFIERS, N_FOLDS
    from bci_dann.reweighting.domain_distance import (
        domain_errors,
        maximum_mean_discrepancy,
        proxy_a_distance,
    )
    from bci_dann.reweighting.domain_weights import (
        SEPARATE_AUC,
        DomainWeights,
        average_by_subject,
        domain_classifier_weights,
        temper_weights,
        warn_without_overlap,
        weigh_sources,
        weigh_with,
    )
    from bci_dann.reweighting.tempering import choose_temper
    from bci_dann.reweighting.weighting import WEIGHTINGS, SourceWeighting, check_weights

_MODULES = {
    "CLASSIFIERS": "domain_classifier",
    "N_FOLDS": "domain_classifier",
    "SEPARATE_AUC": "domain_weights",
    "WEIGHTINGS": "weighting",
    "BandPowerShift": "band_power",
    "DomainWeights": "domain_weights",
    "SourceWeighting": "weighting",
    "average_by_subject": "domain_weights",
    "band_power_shift": "band_power",
    "bands_within": "band_power",
    "check_weights": "weighting",
    "choose_temper": "tempering",
    "domain_classifier_weights": "domain_weights",
    "domain_errors": "domain_distance",
    "effective_sample_size": "diagnostics",
    "log_band_power": "band_power",
    "maximum_mean_discrepancy": "domain_distance",
    "proxy_a_distance": "domain_distance",
    "temper_weights": "domain_weights",
    "top_share": "diagnostics",
    "warn_without_overlap": "domain_weights",
    "weigh_sources": "domain_weights",
    "weigh_with": "domain_weights",
}

__all__ = [
    "CLASSIFIERS",
    "N_FOLDS",
    "SEPARATE_AUC",
    "WEIGHTINGS",
    "BandPowerShift",
    "DomainWeights",
    "SourceWeighting",
    "average_by_subject",
    "band_power_shift",
    "bands_within",
    "check_weights",
    "choose_temper",
    "domain_classifier_weights",
    "domain_errors",
    "effective_sample_size",
    "log_band_power",
    "maximum_mean_discrepancy",
    "proxy_a_distance",
    "temper_weights",
    "top_share",
    "warn_without_overlap",
    "weigh_sources",
    "weigh_with",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
