"""Bursts are removed from the same samples, and to the same extent, as by the features."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bci_dann._arrays import floored_log
from bci_dann.alignment.artefacts import suppress_artefacts, without_bursts
from bci_dann.alignment.outlying_directions import robust_mean, trial_gains, without_outliers
from bci_dann.alignment.shrunk_covariance import shrunk_covariances
from bci_dann.alignment.whitening import inverse_square_root
from bci_dann.serving.export import artefact_graph


@pytest.fixture
def trials():
    rng = np.random.default_rng(0)
    X = 10 * rng.standard_normal((6, 6)) @ rng.standard_normal((8, 6, 301))
    wave = np.hanning(60) * np.sin(np.arange(60))
    X[0, :, 30:90] += 3000 * rng.standard_normal((6, 1)) * wave
    X[1, 2, :20] += 1000.0  # at the edge
    X[2, 1, 100:120] += 2000.0
    X[2, 4, 180:200] -= 500.0
    X[3, :, 20:270] *= 200  # most of the trial
    X[4, 5] = 0.0
    return X


def test_trials_are_those_of_the_features(trials):
    found = artefact_graph.without_bursts(torch.from_numpy(trials)).numpy()
    expected = without_bursts(trials)
    assert (np.abs(expected - trials).max(axis=(1, 2)) > 0).tolist() == [True] * 3 + [False] * 5
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_samples_of_trials_with_dependent_channels_are_scaled_as_for_the_features(trials):
    trials = trials[5:].astype(np.float32)
    trials[:, :, ::50] *= 6.0
    trials[0, 2] = 0.0  # flat
    trials[1, 3] = trials[1, 4]  # bridged electrodes
    expected = suppress_artefacts(trials)
    assert (expected != trials).any(axis=(1, 2)).all()
    whitening = inverse_square_root(np.cov(np.hstack(trials)))
    found = artefact_graph.suppress_artefacts(*map(torch.from_numpy, (trials, whitening)))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("robust", [False, True])
def test_shrunk_covariances_are_those_of_the_features(trials, robust):
    centred = torch.from_numpy(trials - trials.mean(axis=2, keepdims=True))
    found = artefact_graph.shrunk(centred @ centred.transpose(1, 2) / 301, 301, robust)
    np.testing.assert_allclose(found.numpy(), shrunk_covariances(trials, robust), rtol=1e-9)


def test_directions_of_outlying_power_are_those_of_the_features(trials):
    trials[4, 2] *= 30.0
    trials[5, :2] *= 1e-3
    trials[6] *= 50.0  # a gain, which stays
    trials[7] = 0.0
    covariances = shrunk_covariances(trials, robust=True)
    reference = robust_mean(covariances)
    whitening = inverse_square_root(reference)
    centred = whitening @ covariances @ whitening
    found = artefact_graph.without_outliers(
        *map(torch.from_numpy, (centred, covariances, reference.diagonal().copy()))
    )
    log_powers = floored_log(np.linalg.eigvalsh(centred))
    expected = without_outliers(log_powers, trial_gains(covariances, reference.diagonal()))
    is_changed = (expected != log_powers).any(axis=1)
    assert is_changed.tolist() == [False, True, True, False, True, False, False, True]
    found_powers = np.log(np.linalg.eigvalsh(found.numpy()))
    np.testing.assert_allclose(found_powers, np.sort(expected, axis=1), atol=1e-6)


@pytest.mark.parametrize("n", [1, 4, 7])
def test_medians_of_rows(n):
    values = np.random.default_rng(0).standard_normal((5, n))
    found = artefact_graph.row_medians(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(found[:, 0], np.median(values, axis=1))
