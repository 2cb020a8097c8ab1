"""Reweighting: give source trials the weight that the target would give them."""

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
    from bci_dann.reweighting.tempering import choose_temper
    from bci_dann.reweighting.weights import (
        RATIOS,
        SEPARATE_AUC,
        DomainWeights,
        domain_classifier_weights,
        per_subject,
        tempered,
        warn_without_overlap,
        weigh_sources,
    )

_MODULES = {
    "BandPowerShift": "band_power",
    "CLASSIFIERS": "domain_classifier",
    "DomainWeights": "weights",
    "N_FOLDS": "domain_classifier",
    "RATIOS": "weights",
    "SEPARATE_AUC": "weights",
    "band_power_shift": "band_power",
    "bands_within": "band_power",
    "choose_temper": "tempering",
    "domain_classifier_weights": "weights",
    "domain_errors": "domain_distance",
    "effective_sample_size": "diagnostics",
    "log_band_power": "band_power",
    "maximum_mean_discrepancy": "domain_distance",
    "per_subject": "weights",
    "proxy_a_distance": "domain_distance",
    "tempered": "weights",
    "top_share": "diagnostics",
    "warn_without_overlap": "weights",
    "weigh_sources": "weights",
}

__all__ = [
    "CLASSIFIERS",
    "N_FOLDS",
    "RATIOS",
    "SEPARATE_AUC",
    "BandPowerShift",
    "DomainWeights",
    "band_power_shift",
    "bands_within",
    "choose_temper",
    "domain_classifier_weights",
    "domain_errors",
    "effective_sample_size",
    "log_band_power",
    "maximum_mean_discrepancy",
    "per_subject",
    "proxy_a_distance",
    "tempered",
    "top_share",
    "warn_without_overlap",
    "weigh_sources",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
