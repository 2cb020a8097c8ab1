from __future__ import annotations

import numpy as np
import pytest

from bci_dann.estimators.inputs.signals import Signals
from bci_dann.estimators.inputs.training_trials import TrainingTrials, UnalignedTrials
from bci_dann.objectives import UNLABELLED


def make_part(n=6, *, is_target=False, domains=None, labels=None, seed=0, n_chans=3, gain=10.0):
    """Return trials (µV) before alignment, by default with labels in turn and without domains."""
    rng = np.random.default_rng(seed)
    X = (gain * rng.standard_normal((n, n_chans, 40))).astype(np.float32)
    names = None if domains is None else np.array(domains)
    subjects = None if domains is None else np.array([name.partition("/")[0] for name in domains])
    labels = np.arange(n) % 2 if labels is None else np.array(labels)
    return UnalignedTrials(Signals(X, subjects, names), labels, is_target)


@pytest.fixture
def draw_part():
    return make_part


def make_trials(n_source=40, n_target=20, n_labelled=0, seed=0, X=None):
    """Return aligned trials of two source subjects and a target, of which some have labels."""
    rng = np.random.default_rng(seed)
    n = n_source + n_target
    is_target = np.arange(n) >= n_source
    labels = np.arange(n) % 2
    labels[n_source + n_labelled :] = UNLABELLED
    subjects = np.where(is_target, "<target>", np.where(np.arange(n) < n_source // 2, "a", "b"))
    return TrainingTrials(
        X=rng.standard_normal((n, 3, 40)).astype(np.float32) if X is None else X,
        labels=labels,
        subjects=subjects,
        domains=np.char.add(subjects, "/0"),
        is_target=is_target,
        digests=np.arange(n, dtype=np.uint64),
    )


@pytest.fixture
def draw_trials():
    return make_trials
