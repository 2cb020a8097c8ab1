from __future__ import annotations

import numpy as np
import pytest

from bci_dann.alignment import EuclideanAlignment, FilterBank, euclidean_reference
from bci_dann.exceptions import ConfigError

SFREQ = 128.0
BANDS = ((8.0, 12.0), (20.0, 28.0))


def tone(hz):
    time = np.arange(384) / SFREQ
    rng = np.random.default_rng(0)
    phases = rng.uniform(0, 2 * np.pi, (20, 3, 1))
    return 10 * np.sin(2 * np.pi * hz * time + phases).astype("f4")


def test_each_band_holds_its_own_rhythm():
    bank = FilterBank([None, None], SFREQ, BANDS).fit(tone(10)).transform(tone(10) + tone(24))
    assert bank.shape == (20, 2, 3, 384)
    middle = slice(100, 284)
    np.testing.assert_allclose(bank[:, 0, :, middle], tone(10)[:, :, middle], atol=1)
    np.testing.assert_allclose(bank[:, 1, :, middle], tone(24)[:, :, middle], atol=1)


def test_each_band_is_aligned_by_itself():
    X = np.random.default_rng(0).normal(0, 10, (40, 3, 384)).astype("f4") * [[[1], [2], [3]]]
    domains = np.repeat(["1/0", "2/0"], 20)
    X[20:] *= 4
    bank = FilterBank([EuclideanAlignment(), EuclideanAlignment()], SFREQ, BANDS)
    aligned = bank.fit(X, domains=domains).transform(X, domains)
    for band in (0, 1):
        for half in (slice(0, 20), slice(20, 40)):
            np.testing.assert_allclose(
                euclidean_reference(aligned[half, band]), np.eye(3), atol=1e-4
            )


def test_a_band_above_half_the_sampling_frequency_is_refused():
    with pytest.raises(ConfigError, match=r"20-28 Hz must lie between 0 and half .* 25 Hz"):
        FilterBank([None, None], 50.0, BANDS)
