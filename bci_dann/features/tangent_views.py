"""Trials as tangent vectors of re-centred covariances, seen in several ways.

Barachant et al. (2012), "Multiclass brain-computer interface classification by Riemannian
geometry", IEEE Trans. Biomed. Eng. 59(4), 920-928: the logarithm of a covariance, flattened.
Carrara and Papadopoulo (2024), "Classification of BCI-EEG based on the augmented covariance
matrix", IEEE Trans. Biomed. Eng. 71(9), 2651-2662: delayed copies of the channels bring the
spectrum into the covariance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from bci_dann._validation import check_count, check_option
from bci_dann.alignment.filter_bank import check_bands
from bci_dann.alignment.interface import Alignment
from bci_dann.alignment.recentring import domain_names, inverse_square_root
from bci_dann.alignment.result_cache import cached
from bci_dann.alignment.riemannian import MEANS, CovarianceRecentring, mean_covariance
from bci_dann.features.covariance_views import CHUNK, Views

__all__ = ["TangentViews", "strongest_opposition"]

# Longest delay that is looked at, as a share of the trial.
LONGEST_LAG = 0.1
# Channels and their delayed copies together: wider covariances take minutes.
WIDEST = 200
