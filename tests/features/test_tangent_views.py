from __future__ import annotations

import numpy as np
import pytest
from pyriemann.geometry.mean import mean_riemann
from scipy.linalg import logm, sqrtm

from bci_dann.alignment import ResultCache
from bci_dann.alignment.shrunk_covariance import shrunk_covariances
from bci_dann.exceptions import DataError
from bci_dann.features import TangentViews
from bci_dann.features.covariance_views import Views


@pytest.fixture
def trials():
    rng = np.random.default_rng(0)
    return 10 * rng.standard_normal((4, 4)) @ rng.standard_normal((24, 4, 60))


DOMAINS = np.repeat(["a/0", "b/0"], 12)


def test_whole_trial_by_the_formula(trials):
    views = TangentViews(n_windows=1, n_delays=1, robust=False)
    vectors = views.fit(trials).transform(trials)
    covariances = shrunk_covariances(trials)
    whitening = np.linalg.inv(np.real(sqrtm(mean_riemann(covariances))))
    logarithm = np.real(logm(whitening @ covariances[3] @ whitening))
    rows, columns = np.triu_indices(4)
    expected = logarithm[rows, columns] * np.where(rows == columns, 1, np.sqrt(2))
    np.testing.assert_allclose(vectors[3], expected, rtol=1e-3, atol=1e-5)
    norms = np.linalg.norm(vectors[3]), np.linalg.norm(logarithm)
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)


def test_every_domain_is_centred_in_every_view_whatever_mixed_its_channels(trials):
    moved = trials.copy()
    moved[12:] = np.random.default_rng(1).standard_normal((4, 4)) @ moved[12:]
    views = TangentViews().fit(moved, DOMAINS)
    vectors = views.transform(moved, DOMAINS)
    assert vectors.shape == (24, *views.shape_of((4, 60)))
    for name in ("a/0", "b/0"):
        np.testing.assert_allclose(vectors[name == DOMAINS].mean(0), 0, atol=1e-5)


def test_an_unknown_domain_gets_the_fallback_until_it_is_added(trials):
    views = TangentViews().fit(trials, DOMAINS)
    new = 5 * trials[:, ::-1]
    before = views.transform(new)
    after = views.extend(new).transform(new)
    assert np.abs(before.mean(0)).max() > 0.5
    np.testing.assert_allclose(after.mean(0), 0, atol=1e-5)
    np.testing.assert_array_equal(  # and the sources stay where they were
        views.transform(trials, DOMAINS),
        TangentViews().fit(trials, DOMAINS).transform(trials, DOMAINS),
    )


def test_without_a_mean_nothing_is_learned_of_the_target(trials):
    views = TangentViews(mean=None).fit(trials, DOMAINS)
    before = views.transform(5 * trials)
    np.testing.assert_array_equal(views.extend(5 * trials).transform(5 * trials), before)


def test_delays_see_a_frequency_that_the_covariance_does_not():
    time = np.arange(256) / 128
    rng = np.random.default_rng(0)
    phases = rng.uniform(0, 2 * np.pi, (40, 2, 1))
    frequency = np.where(np.arange(40) % 2, 9, 13)[:, None, None]
    X = np.sin(2 * np.pi * frequency * time + phases) + 0.3 * rng.standard_normal((40, 2, 256))
    spread = {}
    for n_delays in (1, 3):
        vectors = TangentViews(n_windows=1, n_delays=n_delays, span=12).fit(X).transform(X)
        gap = vectors[1::2].mean(0) - vectors[::2].mean(0)
        spread[n_delays] = np.linalg.norm(gap) / vectors.std(0).mean()
    assert spread[3] > 3 * spread[1]


def test_copies_cover_a_span_and_are_fewer_where_channels_are_many(monkeypatch):
    time = np.arange(500) / 250
    rng = np.random.default_rng(0)
    X = np.sin(2 * np.pi * 10 * time + rng.uniform(0, 6, (6, 3, 1)))
    X += 0.1 * rng.standard_normal(X.shape)
    assert TangentViews(n_delays=6, span=25).fit(X).lag_ == 5
    assert TangentViews(n_delays=6).fit(X).lag_ == 5  # 25 samples are a period of 10 Hz
    monkeypatch.setattr("bci_dann.features.covariance_views.WIDEST", 11)
    few = TangentViews(n_windows=1, n_delays=6, span=25).fit(X)
    assert few.lag_ == 12  # three copies, over the same span
    widths = np.array([3, 9])
    assert (
        few.transform(X).shape[1]
        == few.shape_of(X.shape[1:])[0]
        == (widths * (widths + 1) // 2).sum()
    )


def test_saved_views_keep_their_number_of_copies(monkeypatch):
    """Whatever the largest width is in the version that loads them."""
    X = np.random.default_rng(0).normal(0, 10, (6, 4, 200))
    fitted = TangentViews().fit(X)
    monkeypatch.setattr("bci_dann.features.covariance_views.WIDEST", 8)
    restored = TangentViews().from_arrays(fitted.domains_, fitted.to_arrays())
    assert restored.n_copies_ == fitted.n_copies_ == 12
    np.testing.assert_array_equal(restored.transform(X), fitted.transform(X))


def test_bands_tell_apart_what_one_covariance_does_not():
    rng = np.random.default_rng(0)
    time = np.arange(384) / 128
    y = np.arange(60) % 2
    hz = np.where(y, 10.0, 22.0)[:, None, None]  # of the same power
    X = 5 * np.sin(2 * np.pi * hz * time + rng.uniform(0, 6, (60, 2, 1)))
    X = (X + rng.normal(0, 1, (60, 2, 384))).astype("f4")
    gaps = []
    for bands in ((), ((8.0, 12.0), (20.0, 24.0))):
        views = TangentViews(n_windows=1, n_delays=1, bands=bands, sfreq=128.0)
        vectors = views.fit(X).transform(X)
        assert vectors.shape[1:] == views.shape_of(X.shape[1:])
        gap = vectors[y == 1].mean(0) - vectors[y == 0].mean(0)
        gaps.append(np.abs(gap / vectors.std(0)).max())
    assert gaps[1] > 1.5 > 0.7 > gaps[0]


def test_bands_without_a_sampling_frequency_are_refused():
    with pytest.raises(DataError, match="need the sampling frequency"):
        TangentViews(bands=((8.0, 12.0),)).fit(np.random.default_rng(0).normal(size=(4, 2, 64)))


@pytest.fixture
def computed(monkeypatch):
    """The numbers of trials whose covariances were computed."""
    seen = []
    covariances = Views.covariances

    def counted(views, X):
        seen.append(len(X))
        return covariances(views, X)

    monkeypatch.setattr(Views, "covariances", counted)
    return seen


def test_what_the_fold_before_has_seen_is_not_computed_again(trials, computed):
    three, cache = np.repeat(["a/0", "b/0", "c/0"], 8), ResultCache()
    for target in ("a/0", "b/0", "c/0"):
        new = three == target
        views = TangentViews(span=8)
        views.cache = cache
        views.fit(trials[~new], three[~new])
        views.transform(trials[~new], three[~new])
    assert computed == [8, 8, 8]


def test_cached_vectors_are_those_that_would_be_computed(trials, computed):
    views = TangentViews()
    views.cache = ResultCache()
    from_cache = views.fit(trials, DOMAINS).transform(trials, DOMAINS)
    assert computed == [12, 12]
    anew = TangentViews().fit(trials, DOMAINS).transform(trials, DOMAINS)
    assert len(computed) == 6
    np.testing.assert_array_equal(from_cache, anew)


def test_a_domain_that_is_shrunk_towards_others_is_not_taken_from_the_cache(trials):
    views = TangentViews()
    views.cache = ResultCache()
    views.fit(trials, DOMAINS)
    few = trials[:5] * 3
    views.extend(np.concatenate([few, trials[12:]]), np.repeat(["n/0", "n/1"], [5, 12]))
    vectors = views.transform(few, np.repeat("n/0", 5))
    assert np.abs(vectors.mean(0)).max() > 1e-3  # its own mean would make it nought


@pytest.mark.parametrize(
    "other",
    [{"n_windows": 2}, {"n_delays": 3}, {"span": 30}, {"robust": False}, {"mean": "euclidean"}],
)
def test_other_views_are_not_mistaken(trials, computed, other):
    cache = ResultCache()
    for changed in ({}, other):
        views = TangentViews(**{"span": 8, **changed})
        views.cache = cache
        views.fit(trials, DOMAINS).transform(trials, DOMAINS)
    assert computed == [12] * 4


def test_the_limit_of_the_sources_is_saved_and_models_without_one_have_none(trials):
    views = TangentViews(n_windows=1, n_delays=1).fit(trials, DOMAINS)
    arrays, far = views.to_arrays(), 1e3 * trials[:2, ::-1]
    restored = TangentViews(n_windows=1, n_delays=1).from_arrays(views.domains_, arrays)
    np.testing.assert_array_equal(restored.transform(far), views.transform(far))
    del arrays["longest"]  # format 5
    old = TangentViews(n_windows=1, n_delays=1).from_arrays(views.domains_, arrays)
    lengths = [np.linalg.norm(one.transform(far), axis=1) for one in (views, old)]
    assert (lengths[1] > 2 * lengths[0]).all()
    np.testing.assert_allclose(lengths[0], views.longest_, rtol=1e-5)


def test_a_loose_channel_leaves_the_other_directions_of_its_trials_alone(trials):
    loose = trials.copy()
    loose[3, 2] = 300 * np.random.default_rng(1).standard_normal(60)
    clean, robust, plain = (
        TangentViews(n_windows=1, n_delays=1, robust=one).fit(X, DOMAINS).transform(X, DOMAINS)
        for X, one in ((trials, True), (loose, True), (loose, False))
    )
    others = np.arange(24) != 3
    assert np.abs(robust[others] - clean[others]).max() < 0.2
    lengths = [np.linalg.norm(one[3]) for one in (clean, robust, plain)]
    assert lengths[1] < 1.5 * lengths[0] < lengths[2]


def test_a_gap_that_fills_a_window_gives_zeros_there(trials):
    gap = trials.copy()
    gap[5, :, :40] = 0.0
    views = TangentViews(n_windows=3, n_delays=1).fit(gap, DOMAINS)
    vectors = views.transform(gap, DOMAINS)
    assert np.isfinite(vectors).all()
    np.testing.assert_array_equal(vectors[5, 10:20], 0)  # the first window
    assert (np.abs(vectors[4, 10:20]) > 0).any()


def test_vectors_of_single_trials_are_those_of_many(trials):
    loose = trials.copy()
    loose[3, 2] *= 50.0
    views = TangentViews(n_windows=2, n_delays=2).fit(trials, DOMAINS)
    together = views.transform(loose, DOMAINS)
    for index in (2, 3):
        alone = views.transform(loose[index : index + 1], DOMAINS[index : index + 1])
        np.testing.assert_allclose(alone[0], together[index], atol=1e-5)
