"""Trials: confusion, reliability and the course of a session are those of the predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.reporting.run_report.trial_figures import (
    draw_confusion,
    draw_reliability,
    draw_time_course,
)

CLASSES = ["left", "right"]


@pytest.fixture
def trials():
    """Two subjects; all errors are in the last quarter, and each probability is 0.8."""
    parts = []
    for subject in ("1", "2"):
        truth = np.tile(CLASSES, 20)
        prediction = truth.copy()
        prediction[30:] = "left"
        second = np.where(prediction == "right", 0.8, 0.2)
        parts.append(
            pd.DataFrame(
                {
                    "pipeline": "plain",
                    "subject": subject,
                    "seed": 0,
                    "session": "0",
                    "trial": np.arange(40) + 40 * int(subject),
                    "truth": truth,
                    "prediction": prediction,
                    "p_left": 1 - second,
                    "p_right": second,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def test_each_row_of_a_confusion_matrix_is_a_true_class(trials):
    ax = draw_confusion(trials, ["plain"], CLASSES).axes[0]
    np.testing.assert_allclose(ax.images[0].get_array(), [[100, 0], [25, 75]])
    assert [text.get_text() for text in ax.texts] == ["100", "0", "25", "75"]
    assert ax.get_title() == "plain, N = 2 subjects"


def test_a_class_that_never_comes_has_an_empty_row(trials):
    ax = draw_confusion(trials, ["plain"], [*CLASSES, "feet"]).axes[0]
    np.testing.assert_allclose(ax.images[0].get_array()[2], 0)


def test_reliability_is_accuracy_over_probability(trials):
    ax = draw_reliability(trials, ["plain"], CLASSES).axes[0]
    line = ax.lines[-1]
    np.testing.assert_allclose(line.get_xdata(), [80])
    np.testing.assert_allclose(line.get_ydata(), [87.5])
    assert line.get_label() == "plain (ECE 7.5)"
    assert "(%)" in ax.get_xlabel()


def test_probabilities_of_few_trials_are_not_drawn(trials):
    ax = draw_reliability(trials.iloc[:19], ["plain"], CLASSES).axes[0]
    assert len(ax.lines[-1].get_xdata()) == 0


def test_the_last_quarter_is_where_the_errors_are(trials):
    ax = draw_time_course(trials, ["plain"]).axes[0]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [100, 100, 100, 50])
    shuffled = trials.sample(frac=1, random_state=0)
    again = draw_time_course(shuffled, ["plain"]).axes[0]
    np.testing.assert_allclose(again.lines[0].get_ydata(), [100, 100, 100, 50])
