from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import fractional_matrix_power

from bci_dann import NetworkClassifier, load_model
from bci_dann.alignment import EuclideanAlignment, RiemannianAlignment, euclidean_reference
from bci_dann.alignment.artefacts import suppress_artefacts
from bci_dann.alignment.whitening import inverse_square_root
from bci_dann.components import resolve
from bci_dann.exceptions import ConfigError, DataError


@pytest.fixture
def trials():
    rng = np.random.default_rng(0)
    return (10 * rng.standard_normal((4, 4)) @ rng.standard_normal((30, 4, 50))).astype("f4")


def test_matches_the_formula_computed_otherwise(trials):
    wide = trials.astype(np.float64)
    reference = np.mean([x @ x.T / x.shape[1] for x in wide], axis=0)
    np.testing.assert_allclose(euclidean_reference(trials), reference, rtol=1e-12)
    expected = np.real(fractional_matrix_power(reference, -0.5)) @ wide
    aligned = EuclideanAlignment().fit(trials).transform(trials)
    np.testing.assert_allclose(aligned, expected, rtol=1e-4, atol=1e-4)


def test_every_domain_has_identity_covariance_afterwards(trials):
    two = np.concatenate([trials, 7 * trials[:, ::-1]])
    domains = np.repeat(["1/0", "2/0"], len(trials))
    aligned = EuclideanAlignment().fit(two, domains=domains).transform(two, domains)
    for name in ("1/0", "2/0"):
        own = euclidean_reference(aligned[domains == name])
        np.testing.assert_allclose(own, np.eye(4), atol=1e-5)


def test_an_unknown_domain_gets_the_pooled_source_until_a_target_is_seen(trials):
    domains = np.repeat(["a", "b"], 15)
    alignment = EuclideanAlignment().fit(trials, domains=domains)
    pooled = EuclideanAlignment().fit(trials).transform(trials)
    np.testing.assert_allclose(alignment.transform(trials), pooled, rtol=1e-5, atol=1e-5)
    new = 3 * trials[:, ::-1]
    alignment.extend(new)
    np.testing.assert_allclose(euclidean_reference(alignment.transform(new)), np.eye(4), atol=1e-5)
    np.testing.assert_allclose(
        alignment.transform(trials, domains),
        EuclideanAlignment().fit(trials, domains=domains).transform(trials, domains),
    )


def test_a_session_that_has_just_begun_leans_on_the_others(trials):
    alignment = EuclideanAlignment().fit(trials)
    sessions = np.repeat(["1/0", "1/1"], [27, 3])
    new = trials.copy()
    new[27:] *= 2
    alignment.extend(new, sessions)
    own, pooled = euclidean_reference(new[27:]), euclidean_reference(new)
    np.testing.assert_allclose(alignment.references_["1/1"], (own + pooled) / 2)
    np.testing.assert_allclose(alignment.references_["1/0"], euclidean_reference(new[:27]))


def test_references_are_frozen_at_transform(trials):
    alignment = EuclideanAlignment().fit(trials)
    once = alignment.transform(trials[:1])
    np.testing.assert_array_equal(once, alignment.transform(trials)[:1])


def test_channel_lost_to_an_average_reference_stays_empty(trials):
    rereferenced = trials - trials.mean(axis=1, keepdims=True)
    aligned = EuclideanAlignment().fit(rereferenced).transform(rereferenced)
    values = np.linalg.eigvalsh(euclidean_reference(aligned))
    np.testing.assert_allclose(values, [0, 1, 1, 1], atol=1e-4)


def test_nothing_to_align():
    with pytest.raises(DataError, match="no signal"):
        inverse_square_root(np.zeros((2, 2)))
    with pytest.raises(DataError, match="not finite"):
        inverse_square_root(np.full((2, 2), np.nan))


def test_domains_of_another_length(trials):
    with pytest.raises(DataError, match=r"shape \(30,\)"):
        EuclideanAlignment().fit(trials, domains=["a"])


def test_alignment_by_name():
    assert resolve("alignment", None) is None
    with pytest.raises(ConfigError, match="Did you mean 'euclidean'"):
        resolve("alignment", "euclidian")


BURST = 3000 * np.hanning(60) * np.sin(np.arange(60))


@pytest.fixture
def spoilt():
    """Trials of two domains, a tenth of them with a burst on one channel."""
    X = np.random.default_rng(0).normal(0, 10, (40, 4, 250)).astype(np.float32)
    X[::10, 1, 100:160] += BURST
    return X


@pytest.mark.parametrize("alignment", [EuclideanAlignment, RiemannianAlignment])
def test_robust_alignment_is_that_of_trials_without_artefacts(alignment, spoilt):
    domains = np.repeat(["1/0", "2/0"], 20)
    robust = alignment(robust=True).fit(spoilt, domains)
    plain, clean = alignment(), suppress_artefacts(spoilt)
    expected = plain.fit(clean, domains).transform(clean, domains)
    np.testing.assert_allclose(robust.transform(spoilt, domains), expected, atol=1e-4)
    moved = robust.update(spoilt[:1], "1/0").fallback_
    usual = plain.update(clean[:1], "1/0").fallback_
    np.testing.assert_allclose(moved, usual, atol=1e-4 * usual.max())
    assert expected[:, 1].std() == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("alignment", [EuclideanAlignment, RiemannianAlignment])
def test_a_loose_electrode_has_the_usual_power_after_robust_alignment(alignment):
    rng = np.random.default_rng(0)
    clean = rng.standard_normal((5, 5)) @ rng.normal(0, 10, (40, 5, 250))
    noisy, loose = clean.copy(), np.arange(0, 40, 4)
    noisy[loose, 2] += 1000 * rng.standard_normal((len(loose), 250))
    expected = alignment(robust=True).fit(clean).transform(clean)
    found, plain = (
        alignment(robust=robust).fit(noisy).transform(noisy) for robust in (True, False)
    )
    others = np.setdiff1d(np.arange(40), loose)
    found_error, plain_error = (
        np.square((one - expected)[others]).mean() for one in (found, plain)
    )
    assert found_error < 0.01
    assert plain_error > 0.1
    power = np.square(found[loose]).sum(axis=1).mean()
    assert 4.0 < power < 6.0  # one of five directions has the usual power


@pytest.mark.parametrize("alignment", [EuclideanAlignment, RiemannianAlignment])
def test_a_flat_trial_has_no_influence_on_robust_alignment(alignment):
    X = np.random.default_rng(0).normal(0, 10, (12, 3, 250))
    with_flat = np.concatenate([X, np.zeros_like(X[:1])])
    expected = alignment(robust=True).fit(X).transform(with_flat)
    found = alignment(robust=True).fit(with_flat).transform(with_flat)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert not found[-1].any()


@pytest.mark.parametrize("alignment", [EuclideanAlignment, RiemannianAlignment])
def test_robust_alignment_of_flat_trials_only_is_an_error(alignment):
    flat = np.zeros((6, 3, 128))
    with pytest.raises(DataError, match="the trials hold no signal"):
        alignment(robust=True).fit(flat).transform(flat)


@pytest.mark.parametrize("alignment", [EuclideanAlignment, RiemannianAlignment])
def test_robust_alignment_keeps_the_rank_of_an_average_reference(alignment):
    X = np.random.default_rng(0).normal(0, 10, (40, 5, 250))
    X -= X.mean(axis=1, keepdims=True)
    found, expected = (alignment(robust=robust).fit(X).transform(X) for robust in (True, False))
    assert np.square(found - expected).mean() < 0.01
    assert np.abs(found.sum(axis=1)).max() < 1e-4


def test_a_robust_network_is_saved_as_such(spoilt, tmp_path):
    model = NetworkClassifier(
        "ShallowFBCSPNet", alignment={"name": "euclidean", "robust": True}, max_epochs=1
    )
    model.fit(spoilt, np.arange(40) % 2, subjects=np.repeat([1, 2], 20))
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.alignment_.robust
    np.testing.assert_array_equal(again.predict_proba(spoilt), model.predict_proba(spoilt))


class OwnMean(EuclideanAlignment):
    """An alignment with a constructor of its own, as in other packages."""

    def __init__(self, power=1.0):
        self.power = power


def test_alignments_with_another_constructor_are_not_robust(spoilt):
    own, plain = OwnMean().fit(spoilt), EuclideanAlignment().fit(spoilt)
    np.testing.assert_array_equal(own.transform(spoilt), plain.transform(spoilt))
