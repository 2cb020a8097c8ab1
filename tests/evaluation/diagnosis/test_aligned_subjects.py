"""Distances and overlap of subjects, against independent calculations."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform

from bci_dann.alignment.shrunk_covariance import shrunk_covariances
from bci_dann.data import EEGTrials
from bci_dann.evaluation.diagnosis.aligned_subjects import MEASURES, AlignedSubjects

GAINS = {"a": (1.0, 1.0, 1.0), "b": (2.0, 1.0, 1.0), "c": (1.0, 1.0, 4.0)}


def draw(counts=(20, 20, 20), n_sessions=2):
    """Noise in three channels, whose gain differs from subject to subject."""
    rng = np.random.default_rng(0)
    X, rows = [], []
    for (subject, gains), count in zip(GAINS.items(), counts, strict=True):
        X.append(10 * np.array(gains)[:, None] * rng.standard_normal((count, 3, 64)))
        sessions = np.array_split(np.arange(count), n_sessions)
        rows += [(subject, str(s), "0") for s, part in enumerate(sessions) for _ in part]
    metadata = pd.DataFrame(rows, columns=["subject", "session", "run"])
    info = mne.create_info(3, 32.0, "eeg")
    return EEGTrials(np.concatenate(X).astype(np.float32), None, metadata, info)


@pytest.fixture(scope="module")
def trials():
    return draw()


@pytest.fixture(scope="module")
def unaligned(trials):
    return AlignedSubjects(trials, None, 5, 0)


def log_means(trials, groups):
    """Compute the logarithm of each group's log-Euclidean mean covariance, one matrix at a time."""
    logs = []
    for one in shrunk_covariances(trials.X):
        values, vectors = np.linalg.eigh(one)
        logs.append(vectors @ np.diag(np.log(values)) @ vectors.T)
    logs = np.array(logs)
    return np.array([logs[groups == name].mean(axis=0) for name in dict.fromkeys(groups)])


def distances(logs):
    return squareform(pdist(logs.reshape(len(logs), -1)))


def test_subjects_and_sessions_are_in_the_order_of_the_trials(unaligned):
    assert unaligned.subjects == ["a", "b", "c"]
    assert unaligned.sessions == ["a/0", "a/1", "b/0", "b/1", "c/0", "c/1"]
    assert unaligned.alignment == "none"


def test_distances_between_subjects_by_hand(trials, unaligned):
    table = unaligned.subject_distances()
    assert list(table.columns) == ["alignment", "subject", "a", "b", "c"]
    by_hand = distances(log_means(trials, trials.subjects))
    np.testing.assert_allclose(table[["a", "b", "c"]], by_hand, atol=1e-6)
    # a gain of 4 in one channel is log 16 in its variance
    assert table["c"][0] == pytest.approx(np.log(16), rel=0.15)


def test_distances_between_sessions_by_hand(trials, unaligned):
    table = unaligned.session_distances()
    by_hand = distances(log_means(trials, trials.domains))
    np.testing.assert_allclose(table[unaligned.sessions], by_hand, atol=1e-6)


def test_distance_of_a_target_is_from_the_mean_of_the_others(trials, unaligned):
    logs = log_means(trials, trials.subjects)
    row = unaligned.row("b")
    assert row["distance"] == pytest.approx(np.linalg.norm(logs[1] - logs[[0, 2]].mean(axis=0)))
    halves = np.repeat(["first", "second"], 10)
    own = log_means(trials[trials.subjects == "b"], halves)
    assert row["within_distance"] == pytest.approx(np.linalg.norm(own[0] - own[1]))


def test_a_row_describes_one_target(unaligned):
    row = unaligned.row("c")
    assert (row["subject"], row["alignment"]) == ("c", "none")
    assert (row["n_source"], row["n_target"]) == (40, 20)
    assert row["ess_share"] == pytest.approx(row["ess"] / 40)
    assert 0 <= row["source_error"] <= 1
    assert row["overlap"] == "no overlap"
    assert row["advice"].startswith("no overlap: of 40 source trials")


def test_rows_do_not_depend_on_the_order_in_which_they_are_asked_for(trials, unaligned):
    first = {name: unaligned.row(name) for name in "abc"}
    again = AlignedSubjects(trials, None, 5, 0)
    assert {name: again.row(name) for name in "cab"} == first


@pytest.mark.parametrize("alignment", ["euclidean", "riemannian"])
def test_alignment_brings_subjects_together(trials, unaligned, alignment):
    aligned = AlignedSubjects(trials, alignment, 5, 0)
    assert aligned.alignment == alignment
    after, before = (
        x.subject_distances()[["a", "b", "c"]].to_numpy() for x in (aligned, unaligned)
    )
    assert after.max() < 0.2 * before.max()
    assert aligned.row("c")["domain_auc"] < unaligned.row("c")["domain_auc"]


def test_too_few_trials_leave_the_measures_unknown():
    aligned = AlignedSubjects(draw(counts=(20, 20, 3)), None, 5, 0)
    row = aligned.row("c")
    assert all(np.isnan(row[name]) for name in MEASURES)
    assert row["overlap"] == "too few trials"
    assert np.isfinite([row["distance"], row["within_distance"]]).all()
    assert np.isfinite([aligned.row("a")[name] for name in MEASURES]).all()


def test_a_single_trial_has_no_distance_within():
    aligned = AlignedSubjects(draw(counts=(20, 20, 1), n_sessions=1), None, 5, 0)
    assert np.isnan(aligned.row("c")["within_distance"])
    assert np.isfinite(aligned.row("c")["distance"])


def test_fewer_target_trials_than_features():
    aligned = AlignedSubjects(draw(counts=(20, 20, 5)), None, 6, 0)
    assert np.isfinite(aligned.row("c")["domain_auc"])
