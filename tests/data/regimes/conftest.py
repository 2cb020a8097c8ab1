"""Trials of four subjects in two sessions each, small enough to be looked at."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest

from bci_dann.data import EEGTrials

NAMES = ["C3", "Cz", "C4", "P3", "P4"]


def make_trials(n_subjects=4, n_sessions=2, n_trials=20, n_times=128, seed=0):
    """Draw 10 µV noise at 64 Hz; each subject has ``n_trials`` in each session."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"s{subject}", f"day{session}", "0")
        for subject in range(1, n_subjects + 1)
        for session in range(n_sessions)
        for _ in range(n_trials)
    ]
    X = (10 * rng.standard_normal((len(rows), len(NAMES), n_times))).astype(np.float32)
    y = rng.permutation(np.resize(["left_hand", "right_hand", "rest"], len(rows)))
    metadata = pd.DataFrame(rows, columns=["subject", "session", "run"])
    return EEGTrials(X, y, metadata, mne.create_info(NAMES, 64.0, "eeg"))


@pytest.fixture(scope="session")
def trials():
    return make_trials()


@pytest.fixture(scope="session")
def draw_trials():
    """Return the function behind ``trials``, for other sizes."""
    return make_trials
