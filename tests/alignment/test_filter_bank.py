from __future__ import annotations

import copy

import numpy as np
import pytest

from bci_dann.alignment import (
    EuclideanAlignment,
    FilterBank,
    ResultCache,
    RiemannianAlignment,
    euclidean_reference,
)
from bci_dann.alignment.filter_bank import band_passed, check_bands
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


# --- the bank as an alignment -------------------------------------------------------------------


@pytest.fixture
def fitted(draw_domains):
    X, domains = draw_domains(n_times=384)
    bank = FilterBank([EuclideanAlignment(), EuclideanAlignment()], SFREQ, BANDS)
    return bank.fit(X, domains), X, domains


def test_each_band_has_references_of_its_own(fitted):
    bank, X, domains = fitted
    arrays = bank.to_arrays()
    assert set(arrays) == {"0.references", "0.fallback", "1.references", "1.fallback"}
    low = EuclideanAlignment().fit(band_passed(X, *BANDS[0], SFREQ), domains)
    np.testing.assert_array_equal(arrays["0.references"], low.to_arrays()["references"])
    assert np.abs(arrays["0.references"] - arrays["1.references"]).max() > 1


def test_references_of_every_band_are_restored(fitted):
    bank, X, domains = fitted
    again = FilterBank([EuclideanAlignment(), EuclideanAlignment()], SFREQ, BANDS)
    again.from_arrays(["a/0", "b/0", "b/1"], bank.to_arrays())
    np.testing.assert_array_equal(again.transform(X, domains), bank.transform(X, domains))


def test_further_domains_are_learned_in_every_band(fitted):
    bank, X, domains = fitted
    before = bank.transform(X, domains)
    bank.extend(5 * X, np.repeat("c/0", len(X)))
    np.testing.assert_array_equal(bank.transform(X, domains), before)
    aligned = bank.transform(5 * X, np.repeat("c/0", len(X)))
    for band in (0, 1):
        np.testing.assert_allclose(euclidean_reference(aligned[:, band]), np.eye(4), atol=1e-3)


def test_alignments_of_ones_own_serve_in_every_band(draw_domains, scaling):
    X, domains = draw_domains(n_times=384)
    bank = FilterBank([copy.deepcopy(scaling), None], SFREQ, BANDS).fit(X, domains)
    aligned = bank.transform(X, domains)
    for name in np.unique(domains):
        assert aligned[domains == name][:, 0].std() == pytest.approx(1, rel=1e-3)
    np.testing.assert_allclose(aligned[:, 1], band_passed(X, *BANDS[1], SFREQ), atol=1e-4)
    again = FilterBank([copy.deepcopy(scaling), None], SFREQ, BANDS)
    again.from_arrays(["a/0", "b/0", "b/1"], bank.to_arrays())
    np.testing.assert_array_equal(again.transform(X, domains), aligned)


def test_the_bank_shares_its_cache_with_the_bands(draw_domains):
    X, domains = draw_domains(n_times=384)
    cache = ResultCache()
    for _ in range(2):
        bank = FilterBank([RiemannianAlignment(), RiemannianAlignment()], SFREQ, BANDS)
        bank.cache = cache
        bank.fit(X, domains)
        assert cache.n_results == 6  # two bands of three domains, found again


def test_one_band_and_any_number_of_channels(draw_domains):
    X, _ = draw_domains(n_times=384)
    bank = FilterBank([None], SFREQ, ((8.0, 30.0),))
    assert bank.shape_of((7, 384)) == (1, 7, 384)
    assert bank.fit(X).transform(X[:, :1]).shape == (60, 1, 1, 384)


@pytest.mark.parametrize("bands", [((0.0, 4.0),), ((12.0, 8.0),), ((60.0, 64.0),), ((-1.0, 4.0),)])
def test_bands_that_cannot_be(bands):
    with pytest.raises(
        ConfigError, match="must lie between 0 and half the sampling frequency, 64 Hz"
    ):
        check_bands(bands, SFREQ)


def test_filtering_delays_nothing():
    """The filter runs in both directions: a symmetric pulse stays symmetric."""
    pulse = np.zeros((1, 1, 401))
    pulse[..., 200] = 1.0
    filtered = band_passed(pulse, 8.0, 12.0, SFREQ)[0, 0]
    np.testing.assert_allclose(filtered, filtered[::-1], atol=1e-3 * filtered.max())
    assert filtered.argmax() == 200
