"""Trials that all protocols score, and accuracies on them."""

from __future__ import annotations

import pandas as pd
import pytest

from bci_dann.evaluation import common_accuracy, common_trials


def scored(protocol, trials, hits, pipeline="dann", subject="1", seed=0, dataset="Mine"):
    truth = ["left"] * len(trials)
    prediction = ["left" if hit else "right" for hit in hits]
    names = {"dataset": dataset, "pipeline": pipeline, "protocol": protocol}
    return pd.DataFrame(
        {
            **names,
            "subject": subject,
            "seed": seed,
            "trial": trials,
            "truth": truth,
            "prediction": prediction,
        }
    )


def test_a_trial_counts_where_every_protocol_scores_it():
    whole = scored("train", [0, 1, 2, 3], [1, 1, 0, 1])
    half = scored("half", [2, 3], [1, 1])
    late = scored("late", [3, 4], [0, 0])
    kept = common_trials(pd.concat([whole, half, late]))
    assert kept["trial"].tolist() == [3, 3, 3]
    assert sorted(kept["protocol"]) == ["half", "late", "train"]


def test_datasets_are_apart():
    one = pd.concat([scored("train", [0, 1], [1, 1]), scored("half", [1], [1])])
    other = scored("train", [0, 1], [1, 0], dataset="Other")
    kept = common_trials(pd.concat([one, other]))
    assert len(kept[kept["dataset"] == "Other"]) == 2  # one protocol there, nothing to share
    assert set(common_accuracy(pd.concat([one, other]))["dataset"]) == {"Mine"}


def test_seeds_are_averaged_before_subjects():
    rows = [
        scored("train", [0, 1, 2], [0, 1, 1], seed=0),
        scored("train", [0, 1, 2], [1, 0, 1], seed=1),
        scored("train", [5, 6], [1, 0], subject="2"),
        scored("half", [1, 2], [0, 1]),
        scored("half", [6], [1], subject="2"),
    ]
    table = common_accuracy(pd.concat(rows)).set_index("protocol")
    # subject 1: 100 % and 50 % over seeds; subject 2: its one common trial is missed
    assert table.loc["train", "common_accuracy"] == pytest.approx((75 + 0) / 2)
    assert table.loc["half", "common_accuracy"] == pytest.approx((50 + 100) / 2)
    assert table["n_common"].tolist() == [3, 3]


def test_nothing_in_common_is_an_empty_table():
    table = pd.concat([scored("early", [0], [1]), scored("late", [1], [1])])
    assert common_accuracy(table).empty
    assert common_accuracy(table.iloc[:0]).empty
