"""Spectra and patch moments of trials against their definitions."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import pad

from bci_dann.models.fast import spectral
from bci_dann.models.fast.trial_spectra import TrialSpectra, patch_moments, trial_spectra


@pytest.fixture
def trials():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(5, 3, 40, generator=generator, dtype=torch.float64) + 0.3


def patches_of(X: torch.Tensor, n_taps: int) -> torch.Tensor:
    """All patches that a convolution with zero padding multiplies by its kernel, as rows."""
    return pad(X, (n_taps // 2, n_taps // 2)).unfold(-1, n_taps, 1).reshape(-1, n_taps)


def test_parts_are_what_their_names_say(trials):
    prepared = trial_spectra(trials, 7)
    n_fft = 2 * (prepared.spectrum.shape[2] - 1)
    assert n_fft >= 40 + 7 - 1  # so that nothing wraps around
    back = torch.fft.irfft(prepared.spectrum, n_fft)
    torch.testing.assert_close(back[..., :40], trials)
    torch.testing.assert_close(back[..., 40:], torch.zeros(5, 3, n_fft - 40).double())
    torch.testing.assert_close(prepared.power, prepared.spectrum.abs().square().sum(1))
    torch.testing.assert_close(prepared.total, trials.sum(1))
    for trial, (head, tail) in zip(trials, prepared.edges, strict=True):
        torch.testing.assert_close(head, trial[:, :3].T @ trial[:, :3])
        torch.testing.assert_close(tail, trial[:, -3:].T @ trial[:, -3:])


@pytest.mark.parametrize("n_taps", [1, 2, 3, 8, 15, 40])
def test_moments_are_those_of_all_patches(trials, n_taps):
    mean, covariance = patch_moments(trial_spectra(trials, n_taps), n_taps)
    patches = patches_of(trials, n_taps)
    torch.testing.assert_close(mean, patches.mean(0), rtol=1e-11, atol=1e-12)
    expected = torch.atleast_2d(torch.cov(patches.T, correction=0))
    torch.testing.assert_close(covariance, expected, rtol=1e-10, atol=1e-11)


def test_mean_and_variance_of_filtered_trials_follow_from_the_moments(trials):
    taps = torch.randn(9, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    filtered = torch.nn.functional.conv1d(trials.reshape(-1, 1, 40), taps.view(1, 1, -1), padding=4)
    mean, covariance = patch_moments(trial_spectra(trials, 9), 9)
    assert float(taps @ mean) == pytest.approx(float(filtered.mean()))
    assert float(taps @ covariance @ taps) == pytest.approx(float(filtered.var(correction=0)))


def test_moments_of_a_batch_need_only_its_trials(trials):
    prepared = trial_spectra(trials, 6)
    batch = TrialSpectra(*(part[[3, 1]] for part in prepared))
    for a, b in zip(
        patch_moments(batch, 6), patch_moments(trial_spectra(trials[[3, 1]], 6), 6), strict=True
    ):
        torch.testing.assert_close(a, b)


def test_trials_in_many_parts_give_the_same(trials, monkeypatch):
    at_once = trial_spectra(trials, 7)
    monkeypatch.setattr(spectral, "PART_BYTES", 1)
    assert all(map(torch.equal, trial_spectra(trials, 7), at_once))


def test_moments_of_float32_trials_are_in_double_precision(trials):
    """Second moments of signals with an offset would lose their variance in float32."""
    shifted = trials.float() + 100.0
    _, covariance = patch_moments(trial_spectra(shifted, 1), 1)
    assert covariance.dtype is torch.float64
    assert float(covariance) == pytest.approx(float(shifted.double().var(correction=0)), rel=1e-3)


def test_nothing_of_it_requires_a_gradient(trials):
    prepared = trial_spectra(trials.requires_grad_(), 4)
    assert not any(part.requires_grad for part in (*prepared, *patch_moments(prepared, 4)))
