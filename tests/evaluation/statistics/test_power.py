"""What a number of subjects can show."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from bci_dann.evaluation.statistics.power import detectable_difference
from bci_dann.exceptions import ConfigError


def test_the_difference_is_found_four_times_in_five():
    difference = detectable_difference(12, std=5.0)
    drawn = np.random.default_rng(0).normal(difference, 5.0, (12, 4000))
    assert np.mean(ttest_1samp(drawn, 0.0).pvalue < 0.05) == pytest.approx(0.8, abs=0.03)


def test_more_subjects_detect_less():
    differences = [detectable_difference(n, 5.0) for n in (3, 10, 50)]
    assert differences == sorted(differences, reverse=True)


def test_one_subject_is_refused():
    with pytest.raises(ConfigError, match="two subjects"):
        detectable_difference(1, 5.0)
