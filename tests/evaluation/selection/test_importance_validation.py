"""Source trials count by how much they resemble what training sees of a target."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest

from bci_dann.data import EEGTrials
from bci_dann.data.trials import replace_labels
from bci_dann.evaluation.selection.importance_validation import ImportanceWeighting, controlled_mean

FULL = "train_and_target_unlabeled_full"


@pytest.fixture(scope="module")
def trials():
    """Subjects a and b have steady trials, c has trials of very unequal shape."""
    rng = np.random.default_rng(0)
    subjects = np.repeat(["a", "b", "c"], 60)
    X = rng.normal(0, 10, (180, 4, 120))
    X[:120, 0] *= np.exp(rng.normal(0, 0.1, (120, 1)))
    X[120:, 0] *= np.exp(rng.normal(0, 1.0, (60, 1)))
    metadata = pd.DataFrame({"subject": subjects, "session": "0", "run": "0"})
    y = np.resize(np.array(["left", "right"]), 180)
    return EEGTrials(X.astype(np.float32), y, metadata, mne.create_info(4, 100.0, "eeg"))


def test_who_resembles_the_target_counts_more(trials):
    weights = ImportanceWeighting(trials).weights("a", FULL)
    assert weights.shape == (180,)
    assert (weights >= 0).all()
    assert not weights[:60].any()
    assert weights[60:].mean() == pytest.approx(1)
    assert weights[60:120].mean() > 1.2 * weights[120:].mean()


def test_a_protocol_that_shows_nothing_of_the_target_weighs_all_alike(trials):
    np.testing.assert_array_equal(ImportanceWeighting(trials).weights("a", "train")[60:], 1.0)
    np.testing.assert_array_equal(ImportanceWeighting(trials).weights("a", "online")[60:], 1.0)


def test_trials_that_training_does_not_see_have_no_part(trials):
    changed = trials.X.copy()
    changed[12:60] *= np.linspace(1, 9, 48)[:, None, None]  # of a, after the first fifth
    other = EEGTrials(changed, trials.y, trials.metadata, trials.info)
    protocol = "train_and_target_unlabeled_20p"
    before, after = (ImportanceWeighting(one).weights("a", protocol) for one in (trials, other))
    np.testing.assert_array_equal(before, after)
    assert before[60:].std() > 0


def test_labels_have_no_part(trials):
    other = replace_labels(trials, np.repeat("nonsense", 180))
    np.testing.assert_array_equal(
        ImportanceWeighting(trials).weights("a", FULL),
        ImportanceWeighting(other).weights("a", FULL),
    )


def test_control_variate_reaches_the_truth_where_weights_are_off():
    """Values that the weights explain entirely: the mean under the target is known."""
    rng = np.random.default_rng(0)
    weights = rng.gamma(2.0, 0.5, 50)  # of mean 1 in the long run only
    assert abs(np.mean(weights * 0.7) - 0.7) > 0.01
    assert controlled_mean(np.full(50, 0.7), weights) == pytest.approx(0.7)


def test_control_variate_does_nothing_where_weights_have_mean_one():
    rng = np.random.default_rng(0)
    values, weights = rng.random(50), rng.random(50)
    weights /= weights.mean()
    assert controlled_mean(values, weights) == pytest.approx(np.mean(values * weights))
    assert controlled_mean(values, np.ones(50)) == pytest.approx(values.mean())
