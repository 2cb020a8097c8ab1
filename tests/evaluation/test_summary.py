from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation import compare_pipelines, summarise
from bci_dann.evaluation.runs.results import COLUMNS
from bci_dann.evaluation.summary import chance_level


def results(accuracies, n_test=10, protocol="train", seed=0):
    """``accuracies``: pipeline -> one value a subject."""
    rows = [
        {
            **dict.fromkeys(COLUMNS, 0.5),
            "dataset": "Set",
            "pipeline": pipeline,
            "protocol": protocol,
            "seed": seed,
            "subject": str(subject),
            "session": "0",
            "n_test": n_test,
            "accuracy": accuracy,
        }
        for pipeline, values in accuracies.items()
        for subject, accuracy in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows)


def test_mean_gain_and_spread_by_hand():
    table = summarise(results({"source_only": [0.5, 0.6, 0.7], "ea": [0.6, 0.8, 0.9]}))
    ea, source = table.to_dict("records")
    assert (ea["pipeline"], source["pipeline"]) == ("ea", "source_only")
    assert ea["accuracy"] == pytest.approx(100 * 2.3 / 3)
    assert ea["std_subjects"] == pytest.approx(100 * np.std([0.6, 0.8, 0.9], ddof=1))
    assert ea["gain"] == pytest.approx(100 * 0.5 / 3)
    assert np.isnan(source["gain"])
    assert np.isnan(ea["std_seeds"])


def test_another_pipeline_may_be_what_others_are_compared_with():
    frame = results({"source_only": [0.5, 0.6], "ea": [0.7, 0.7], "mcc": [0.8, 0.9]})
    table = summarise(frame, reference="ea").set_index("pipeline")
    assert table["gain"]["mcc"] == pytest.approx(15)
    assert table["gain"]["source_only"] == pytest.approx(-15)
    assert np.isnan(table["gain"]["ea"])


def test_names_of_subjects_that_are_read_as_numbers_are_the_same_names():
    rng = np.random.default_rng(0)
    whole = results({"source_only": rng.uniform(0.4, 0.8, 12), "ea": rng.uniform(0.5, 0.9, 12)})
    numbered = whole.astype({"subject": int})  # as pandas.read_csv reads them
    mixed = pd.concat([whole[whole["pipeline"] == "ea"], numbered[whole["pipeline"] != "ea"]])
    for compute in (summarise, compare_pipelines):
        for table in (numbered, mixed):
            pd.testing.assert_frame_equal(compute(table), compute(whole))


def test_gain_is_over_the_seeds_that_both_have():
    rows = [
        results({"source_only": [0.5, 0.6], "ea": [0.7, 0.7]}, seed=0),
        results({"ea": [0.1, 0.1]}, seed=1),
        results({"late": [0.9, 0.9]}, seed=1),
    ]
    table = summarise(pd.concat(rows)).set_index("pipeline")
    assert table["gain"]["ea"] == pytest.approx(15)
    assert table["accuracy"]["ea"] == pytest.approx(40)
    assert np.isnan(table["gain"]["late"])


def test_p_value_counts_sign_flips():
    gains = np.array([0.1, 0.2, -0.05, 0.3])
    table = summarise(results({"source_only": [0.5] * 4, "ea": 0.5 + gains}))
    flips = [np.dot(signs, gains) for signs in itertools.product([1, -1], repeat=4)]
    expected = np.mean(np.array(flips) >= gains.sum() - 1e-12)
    assert table["p_value"][0] == pytest.approx(expected)


def test_sessions_weigh_by_their_trials():
    rows = pd.concat([results({"a": [0.2]}, n_test=10), results({"a": [0.8]}, n_test=30)])
    assert summarise(rows)["accuracy"][0] == pytest.approx(65)


def test_session_without_auc_is_left_out():
    rows = pd.concat([results({"a": [0.5]}, n_test=10), results({"a": [0.5]}, n_test=30)])
    rows["roc_auc"] = [np.nan, 0.75]
    assert summarise(rows)["roc_auc"][0] == pytest.approx(0.75)
    rows["roc_auc"] = np.nan
    assert np.isnan(summarise(rows)["roc_auc"][0])


def test_seeds_are_averaged_before_subjects_are_compared():
    rows = pd.concat([results({"a": [0.4, 0.6]}, seed=0), results({"a": [0.6, 0.8]}, seed=1)])
    row = summarise(rows).iloc[0]
    assert row["accuracy"] == pytest.approx(60)
    assert row["std_subjects"] == pytest.approx(100 * np.std([0.5, 0.7], ddof=1))
    assert row["std_seeds"] == pytest.approx(100 * np.std([0.5, 0.7], ddof=1))
    assert (row["n_subjects"], row["n_seeds"]) == (2, 2)


def test_protocols_are_not_mixed():
    accuracies = {"source_only": [0.5, 0.5], "ea": [0.7, 0.7]}
    rows = pd.concat([results(accuracies), results({"ea": [0.9, 0.9]}, protocol="other")])
    table = summarise(rows)
    assert len(table) == 3
    assert table.query("protocol == 'other'")["gain"].isna().all()


@pytest.mark.parametrize("shares", ["80_20", "20_80"])
def test_a_guess_may_always_say_the_frequent_class(shares):
    rows = results({"a": [0.7, 0.7]}, n_test=100, protocol=f"train_and_target_unlabeled_{shares}")
    assert 80 < summarise(rows, n_classes=2)["chance"][0] < 90
    assert chance_level(2, 100, share=0.3) == chance_level(2, 100)


@pytest.mark.parametrize(("shares", "most"), [("80_20", 0.8), ("20_80", 0.8 / 3)])
def test_with_four_classes_the_others_have_a_third_of_the_rest_each(shares, most):
    rows = results({"a": [0.7, 0.7]}, n_test=100, protocol=f"train_and_target_unlabeled_{shares}")
    assert summarise(rows, n_classes=4)["chance"][0] == 100 * chance_level(4, 100, share=most)


def test_chance_is_that_of_moabb():
    from moabb.analysis.chance_level import adjusted_chance_level

    assert chance_level(3, 77) == adjusted_chance_level(3, 77)
    rows = results({"a": [0.5, 0.5]}, n_test=77)
    assert summarise(rows, n_classes=3)["chance"][0] == pytest.approx(100 * chance_level(3, 77))
    assert summarise(rows)["chance"].isna().all()
