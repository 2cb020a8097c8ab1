"""How the error falls with the share of trials that are answered."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.evaluation import risk_coverage, run_benchmark, selective_errors
from bci_dann.evaluation.selection.subject_predictions import read_predictions
from bci_dann.exceptions import DataError, ResultsError


def of_confidence(confidence):
    confidence = np.asarray(confidence, dtype=float)
    return np.stack([confidence, 1 - confidence], axis=1)


def test_the_most_certain_trials_come_first():
    truth = np.array(["b", "a", "a", "b"])
    errors = selective_errors(of_confidence([0.6, 0.9, 0.8, 0.7]), truth, ["a", "b"])
    np.testing.assert_allclose(errors, [0, 0, 1 / 3, 1 / 2])


def test_the_order_of_equally_certain_trials_has_no_influence():
    rng = np.random.default_rng(0)
    probabilities = of_confidence([0.9] * 3 + [0.6] * 7)
    truth = np.array(["a", "b", "a", "b", "b", "a", "a", "a", "b", "a"])
    expected = np.zeros(10)
    for _ in range(4000):
        shuffled = rng.permutation(3), 3 + rng.permutation(7)
        wrong = truth[np.concatenate(shuffled)] == "b"
        expected += np.cumsum(wrong) / np.arange(1, 11) / 4000
    found = selective_errors(probabilities, truth, ["a", "b"])
    np.testing.assert_allclose(found, expected, atol=0.02)
    order = rng.permutation(10)
    np.testing.assert_allclose(
        selective_errors(probabilities[order], truth[order], ["a", "b"]), found
    )


def test_confidence_without_information_gives_a_flat_curve():
    truth = np.tile(["a", "b"], 10)
    np.testing.assert_allclose(
        selective_errors(np.full((20, 2), 0.5), truth, ["a", "b"]), np.full(20, 0.5)
    )


def test_a_run_gives_the_mean_curve_over_its_subjects(prepared, config, tmp_path):
    run_benchmark({**config, "seeds": [0, 1]}, tmp_path / "out", progress=False)
    table = risk_coverage(tmp_path / "out")
    assert list(table.columns) == [
        *("pipeline", "protocol", "n_subjects", "coverage", "error", "aurc")
    ]
    assert (table["n_subjects"] == 3).all()
    np.testing.assert_allclose(table["coverage"], np.arange(1, 21) / 20)
    curves = [
        selective_errors(one.probabilities, one.truth, one.classes.tolist())
        for one in read_predictions(tmp_path / "out")
    ]
    assert table["aurc"].nunique() == 1
    assert table["aurc"].iloc[0] == pytest.approx(100 * np.mean([c.mean() for c in curves]))
    assert table["error"].iloc[-1] == pytest.approx(100 * np.mean([c[-1] for c in curves]))
    half = [c[int(np.ceil(len(c) / 2)) - 1] for c in curves]
    assert table["error"].iloc[9] == pytest.approx(100 * np.mean(half))


def test_bad_input_is_named(prepared, config, tmp_path):
    with pytest.raises(DataError, match=r"here \(2, 3\); got shape \(2, 2\)"):
        selective_errors(np.full((2, 2), 0.5), np.array(["a", "b"]), ["a", "b", "c"])
    with pytest.raises(DataError, match="at least one trial"):
        selective_errors(np.empty((0, 2)), np.array([]), ["a", "b"])
    with pytest.raises(ResultsError, match="is no results folder"):
        risk_coverage(tmp_path)
