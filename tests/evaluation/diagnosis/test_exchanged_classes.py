"""A subject whose class names are exchanged is named; one that cannot be decoded is not."""

from __future__ import annotations

import pandas as pd
import pytest

from bci_dann.evaluation.diagnosis.exchanged_classes import (
    exchanged_classes,
    subjects_below_chance,
)


def results(accuracies, protocol="train", n_test=40):
    """Return a table with two sessions for each (pipeline, subject)."""
    rows = [
        {"pipeline": pipeline, "subject": subject, "session": session, "accuracy": accuracy}
        for (pipeline, subject), accuracy in accuracies.items()
        for session in ("0", "1")
    ]
    constant = {"dataset": "X", "protocol": protocol, "seed": 0, "n_test": n_test}
    return pd.DataFrame(rows).assign(**constant)


def test_a_subject_below_chance_in_every_pipeline_is_named_with_the_best_of_them():
    table = results({("mdm", "1"): 0.8, ("mdm", "2"): 0.2, ("eegnet", "2"): 0.25})
    below = subjects_below_chance(table, n_classes=2)
    assert below.to_dict("records") == [
        {"dataset": "X", "subject": "2", "accuracy": pytest.approx(25), "n_trials": 80}
    ]
    (sentence,) = exchanged_classes(table, 2)
    assert "Subject 2 of X" in sentence
    assert "25 % of 80 trials" in sentence


@pytest.mark.parametrize(
    ("accuracies", "n_test"),
    [
        ({("mdm", "2"): 0.2, ("eegnet", "2"): 0.5}, 40),  # one pipeline is at chance
        ({("mdm", "2"): 0.45}, 40),  # not significant
        ({("mdm", "2"): 0.2}, 5),  # few trials
    ],
)
def test_subjects_of_whom_little_is_known_are_not_named(accuracies, n_test):
    assert subjects_below_chance(results(accuracies, n_test=n_test), n_classes=2).empty


def test_with_four_classes_a_quarter_is_chance():
    table = results({("mdm", "1"): 0.26, ("mdm", "2"): 0.05})
    assert subjects_below_chance(table, n_classes=4)["subject"].tolist() == ["2"]


def test_nothing_is_said_of_unequal_shares_or_an_unknown_number_of_classes():
    shares = results({("mdm", "2"): 0.1}, "train_and_target_unlabeled_80_20")
    assert exchanged_classes(shares, 2) == []
    assert exchanged_classes(results({("mdm", "2"): 0.1}), None) == []
