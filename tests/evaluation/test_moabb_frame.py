"""Our results in MOABB's analysis, and MOABB's results in ours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation import compare_pipelines, from_moabb, to_moabb
from bci_dann.exceptions import ConfigError, ResultsError

BOTH = ("train", "train_and_target_unlabeled_full")


def results(accuracies, protocol="train", seed=0):
    """``accuracies``: pipeline -> one value a subject, who has one session."""
    place = {"dataset": "Set", "protocol": protocol, "seed": seed, "session": "0"}
    sizes = {"n_train": 40, "n_test": 10, "fit_seconds": 1.0, "roc_auc": 0.5}
    rows = [
        {**place, **sizes, "pipeline": pipeline, "subject": str(subject), "accuracy": accuracy}
        for pipeline, values in accuracies.items()
        for subject, accuracy in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows)


def test_moabb_computes_statistics_on_our_frame():
    from moabb.analysis.meta_analysis import compute_dataset_statistics

    rng = np.random.default_rng(0)
    base = rng.uniform(0.5, 0.7, 8)
    rows = pd.concat(results({"source_only": base, "ea": base + 0.1}, seed=seed) for seed in (0, 1))
    statistics = compute_dataset_statistics(to_moabb(rows))
    row = statistics.query("pipe1 == 'ea' and pipe2 == 'source_only'").iloc[0]
    assert row["p"] == pytest.approx(1 / 2**8)
    assert row["nsub"] == 8


def test_moabb_frame_averages_seeds_and_names_protocols():
    rows = pd.concat(
        [
            results({"a": [0.4]}, seed=0),
            results({"a": [0.6]}, seed=1),
            results({"a": [0.9]}, protocol="other"),
        ]
    )
    frame = to_moabb(rows)
    assert dict(zip(frame["pipeline"], frame["score"], strict=True)) == pytest.approx(
        {"a (train)": 0.5, "a (other)": 0.9}
    )
    assert list(to_moabb(results({"a": [0.4]}))["pipeline"]) == ["a"]


def test_moabb_frame_refuses_what_moabb_refuses():
    rows = results({"a": [0.5, 0.5]})
    rows.loc[0, "roc_auc"] = np.nan
    with pytest.raises(ResultsError, match="NaN in 1 sessions"):
        to_moabb(rows, metric="roc_auc")
    with pytest.raises(ConfigError, match="Did you mean 'accuracy'"):
        to_moabb(rows, metric="acuracy")


def test_there_and_back_are_the_same_scores():
    rows = pd.concat([results({"a": [0.4, 0.6], "b": [0.5, 0.8]}, protocol=p) for p in BOTH])
    back = from_moabb(to_moabb(rows))
    keys = ["pipeline", "protocol", "subject"]
    expected = rows.set_index(keys)["accuracy"].sort_index()
    pd.testing.assert_series_equal(back.set_index(keys)["accuracy"].sort_index(), expected)
    assert set(back["dataset"]) == set(rows["dataset"])


def test_results_of_moabb_are_compared_as_ours():
    rows = results({"a": [0.6, 0.7, 0.8, 0.9], "b": [0.5, 0.65, 0.7, 0.7]})
    frame = to_moabb(rows)
    ours = compare_pipelines(rows, reference="b")
    theirs = compare_pipelines(from_moabb(frame), reference="b")
    pd.testing.assert_frame_equal(ours, theirs)


def test_sessions_count_by_their_trials_where_moabb_tells_them():
    frame = to_moabb(results({"a": [0.5, 1.0]}))
    assert from_moabb(frame)["n_test"].tolist() == [1, 1]
    assert from_moabb(frame.assign(samples_test=[30, 10]))["n_test"].tolist() == [30, 10]


def test_a_bracket_that_is_no_protocol_is_part_of_the_name():
    frame = to_moabb(results({"a": [0.5]})).assign(pipeline="CSP (6 filters)")
    (row,) = from_moabb(frame, "roc_auc", "online").to_dict("records")
    assert (row["pipeline"], row["protocol"], row["roc_auc"]) == ("CSP (6 filters)", "online", 0.5)


def test_frames_that_are_not_of_moabb_are_refused():
    with pytest.raises(ResultsError, match="the frame lacks score, session; it has"):
        from_moabb(to_moabb(results({"a": [0.5]})).drop(columns=["score", "session"]))
    with pytest.raises(ConfigError, match="Did you mean 'accuracy'"):
        from_moabb(to_moabb(results({"a": [0.5]})), metric="acuracy")
