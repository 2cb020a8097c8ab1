"""Reweighting: give source trials the weight that the target would give them."""

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
