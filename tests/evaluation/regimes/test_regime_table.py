"""The table of regimes by pipelines, from results whose means are easy to tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation import summarise_regimes
from bci_dann.evaluation.regimes.regime_table import REGIME_COLUMNS, RegimeResults, regime_table


def results(scores, n_subjects=2, seeds=(0,), protocol="train"):
    """Return results in which a pipeline's accuracy and AUC are the same in every subject."""
    rows = [
        {
            "dataset": "Set",
            "pipeline": name,
            "protocol": protocol,
            "seed": seed,
            "subject": str(subject),
            "session": "0",
            "n_test": 20,
            "accuracy": accuracy,
            "balanced_accuracy": accuracy - 0.1,
            "roc_auc": auc,
        }
        for name, (accuracy, auc) in scores.items()
        for subject in range(n_subjects)
        for seed in seeds
    ]
    return pd.DataFrame(rows)


SCORES = {"new": (0.8, 0.9), "old": (0.7, 0.95), "older": (0.75, 0.85)}


def table_of(*parts, n_subjects=2):
    regimes = [RegimeResults(f"r{i}", one, n_subjects) for i, one in enumerate(parts)]
    return regime_table(regimes, ["old", "older"])


def test_differences_are_to_the_best_baseline_of_each_measure():
    table = table_of(results(SCORES))
    assert tuple(table.columns) == REGIME_COLUMNS
    new = table.set_index("pipeline").loc["new"]
    assert new["best_baseline"] == "older"
    assert (new["baseline_accuracy"], new["baseline_roc_auc"]) == pytest.approx((75, 0.95))
    assert new["accuracy_difference"] == pytest.approx(5)
    assert new["roc_auc_difference"] == pytest.approx(-0.05)
    assert new["balanced_accuracy"] == pytest.approx(70)
    assert new["n_subjects"] == 2
    assert table.set_index("pipeline")["is_baseline"].to_dict() == {
        "new": False,
        "old": True,
        "older": True,
    }


def test_the_best_baseline_is_not_beaten_by_itself():
    table = table_of(results(SCORES)).set_index("pipeline")
    assert table.loc["older", "accuracy_difference"] == 0
    assert table.loc["old", "roc_auc_difference"] == 0
    assert table.loc["old", "accuracy_difference"] == pytest.approx(-5)


def test_protocols_are_not_mixed():
    better = {name: (accuracy + 0.1, auc) for name, (accuracy, auc) in SCORES.items()}
    both = pd.concat([results(SCORES), results(better, protocol="online")])
    table = table_of(both).set_index(["protocol", "pipeline"])["baseline_accuracy"]
    assert table["train", "new"] == pytest.approx(75)
    assert table["online", "new"] == pytest.approx(85)


def test_a_pipeline_that_lacks_a_subject_is_left_out():
    partly = results(SCORES)
    partly = partly[~((partly["pipeline"] == "older") & (partly["subject"] == "1"))]
    table = table_of(partly)
    assert set(table["pipeline"]) == {"new", "old"}
    assert set(table["best_baseline"]) == {"old"}


def test_a_pipeline_that_lacks_a_seed_of_a_subject_is_left_out():
    partly = results(SCORES, seeds=(0, 1))
    gone = (partly["pipeline"] == "new") & (partly["subject"] == "1") & (partly["seed"] == 1)
    assert set(table_of(partly[~gone])["pipeline"]) == {"old", "older"}
    more_seeds = pd.concat([results(SCORES), results({"new": (0.9, 0.9)}, seeds=(1, 2))])
    assert set(table_of(more_seeds)["pipeline"]) == {"new", "old", "older"}


def test_without_a_baseline_there_is_nothing_to_compare_with():
    table = table_of(results({"new": (0.8, 0.9)}))
    assert table["best_baseline"].tolist() == [""]
    assert np.isnan(table["accuracy_difference"]).all()


def test_every_subject_counts_the_same_however_many_trials_it_has():
    uneven = results(SCORES)
    second = uneven["subject"] == "1"
    uneven.loc[second, "n_test"] = 200
    uneven.loc[second, "accuracy"] += 0.1
    assert table_of(uneven).set_index("pipeline").loc["new", "accuracy"] == pytest.approx(85)


def test_nothing_finished_is_a_table_without_rows():
    assert tuple(regime_table([], ["old"]).columns) == REGIME_COLUMNS


def test_worst_and_mean_over_regimes():
    lower = {**SCORES, "new": (0.65, 0.99)}
    summary = summarise_regimes(table_of(results(SCORES), results(lower)))
    new = summary[summary["pipeline"] == "new"].set_index("summary")
    assert new["n_regimes"].tolist() == [2, 2]
    assert new.loc["worst", "accuracy_difference"] == pytest.approx(-10)
    assert new.loc["mean", "accuracy_difference"] == pytest.approx(-2.5)
    assert new.loc["worst", "roc_auc_difference"] == pytest.approx(-0.05)
    assert new.loc["mean", "roc_auc_difference"] == pytest.approx(-0.005)


def test_regimes_without_a_complete_baseline_are_not_counted():
    alone = results({"new": SCORES["new"]})
    summary = summarise_regimes(table_of(results(SCORES), alone, results(SCORES)))
    new = summary[summary["pipeline"] == "new"]
    assert new["n_regimes"].tolist() == [2, 2]
    assert new["accuracy_difference"].tolist() == pytest.approx([5, 5])
    assert set(summarise_regimes(table_of(alone))["n_regimes"]) == {0}
