"""Scores of windows, against numbers counted by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import matthews_corrcoef, roc_auc_score

from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.pseudo_online.window_scores import (
    SCORES,
    score_windows,
    summarise_windows,
    window_scores,
)
from bci_dann.evaluation.runs.records import Record, Task
from bci_dann.evaluation.runs.results import ROW_KEYS

CLASSES = ["idle", "left", "right"]


def timeline(truth, decided, task=None, step=0.5, run=None, classes=CLASSES):
    """Score one window every half second; each task begins with its first window."""
    truth, decided = np.array(truth), np.array(decided)
    probabilities = np.full((len(truth), len(classes)), 0.1)
    probabilities[np.arange(len(truth)), [classes.index(name) for name in decided]] = 0.8
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    task = np.where(truth == "idle", "", truth) if task is None else np.array(task)
    end = step * np.arange(1, len(truth) + 1)
    onset, began = np.full(len(truth), np.nan), np.nan
    for k, name in enumerate(task):
        if name and (k == 0 or task[k - 1] != name):
            began = end[k] - step
        onset[k] = began if name else np.nan
    run = np.full(len(truth), "0") if run is None else np.array(run)
    times = {"run": run, "start": end - 2, "end": end, "task": task, "onset": onset}
    return score_windows(probabilities, truth, classes, times, "idle"), probabilities


IDLE4, LEFT4, RIGHT4 = ["idle"] * 4, ["left"] * 4, ["right"] * 4
TRUTH = [*IDLE4, *LEFT4, *IDLE4, *RIGHT4]


def test_all_right():
    scores, _ = timeline(TRUTH, TRUTH)
    assert scores["mcc"] == scores["hit_rate"] == scores["task_accuracy"] == 1.0
    assert scores["detection_auc"] == scores["task_auc"] == 1.0
    assert scores["idle_decisions"] == scores["activations_per_minute"] == 0.0
    assert scores["seconds_to_hit"] == 0.5


def test_numbers_that_were_counted():
    decided = [
        *["idle", "left", "left", "idle"],  # one activation
        *["idle", "right", "left", "left"],  # hit after 1.5 s
        *["left", "idle", "right", "idle"],  # what goes on after a task begins no more; one more
        *["idle", "left", "left", "idle"],  # missed
    ]
    scores, probabilities = timeline(TRUTH, decided)
    is_idle = np.array(TRUTH) == "idle"
    assert scores["mcc"] == pytest.approx(matthews_corrcoef(TRUTH, decided))
    expected = roc_auc_score(~is_idle, 1 - probabilities[:, 0])
    assert scores["detection_auc"] == pytest.approx(expected)
    assert scores["task_accuracy"] == pytest.approx((2 / 4 + 0 / 4) / 2)
    assert scores["idle_decisions"] == pytest.approx(4 / 8)
    assert scores["activations_per_minute"] == pytest.approx(2 / (8 * 0.5 / 60))
    assert scores["hit_rate"] == 0.5
    assert scores["seconds_to_hit"] == 1.5


def test_deciding_for_one_task_all_the_time_is_worth_nothing():
    scores, _ = timeline(TRUTH, ["left"] * 16)
    assert scores["mcc"] == 0.0
    assert scores["idle_decisions"] == 1.0
    assert scores["task_accuracy"] == scores["hit_rate"] == 0.5


def test_activations_do_not_go_on_over_a_gap_or_into_another_run():
    scores, _ = timeline(["idle"] * 8, ["left"] * 8, run=["0"] * 4 + ["1"] * 4)
    assert scores["activations_per_minute"] == pytest.approx(2 / (8 * 0.5 / 60))


def test_a_right_window_that_ends_early_in_a_task_counts_as_a_hit():
    """Most of it is idle, so that it has the label of idle."""
    truth = ["idle", "idle", "left", "left"]
    scores, _ = timeline(truth, ["idle", "left", "idle", "idle"], task=["", "left", "left", "left"])
    assert scores["hit_rate"] == 1.0
    assert scores["seconds_to_hit"] == 0.5


def test_one_class_of_tasks_has_no_auc_between_tasks():
    scores, _ = timeline([*IDLE4, *LEFT4], [*IDLE4, *LEFT4], classes=["idle", "left"])
    assert np.isnan(scores["task_auc"])
    assert scores["detection_auc"] == 1.0


def test_what_is_not_there_has_no_score():
    only_idle, _ = timeline(IDLE4, IDLE4)
    assert {name for name, value in only_idle.items() if np.isfinite(value)} == {
        "idle_decisions",
        "activations_per_minute",
    }
    only_tasks, _ = timeline(LEFT4, RIGHT4)
    assert only_tasks["hit_rate"] == 0
    assert np.isnan(only_tasks["seconds_to_hit"])
    assert np.isnan(only_tasks["idle_decisions"])
    assert set(only_idle) == set(SCORES)


@pytest.mark.parametrize(
    ("scored", "recorded", "causal"),
    [
        (["0", "1"], None, False),
        (["0"], None, True),
        (["0"], ["0", "1"], False),  # all windows of a later session were rejected
        (["1"], ["0", "1"], True),  # those of an earlier one, which training may use
        (["1"], ["0"], False),
    ],
)
def test_sessions_without_scored_windows_may_be_later_ones(scored, recorded, causal):
    """The first half of each session is used for training, whether or not it has windows."""
    n = len(TRUTH)
    place, label = np.tile(np.arange(n), len(scored)), np.tile(TRUTH, len(scored))
    times = {
        "run": np.full(len(label), "0"),
        "end": 0.5 * (place + 1),
        "task": np.where(label == "idle", "", label),
        "onset": np.zeros(len(label)),
    }
    record = Record(
        probabilities=np.full((len(label), 3), 1 / 3),
        truth=label,
        classes=np.array(CLASSES),
        sessions=np.repeat(scored, n),
        test_index=np.arange(len(label)),
        n_train=10,
        windows=times,
    )
    task = Task("Set", "", PipelineSpec("one", ()), "train_and_target_unlabeled_50p", "1", 0)
    table = window_scores([(task, record)], "idle", recorded and {"1": recorded})
    assert table["session"].tolist() == scored
    assert table["causal"].tolist() == [causal] * len(scored)


def test_every_subject_counts_the_same():
    rows = [
        ("Set", "one", "train", 0, "1", "0", True, 0.0),
        ("Set", "one", "train", 0, "1", "1", True, 0.2),
        ("Set", "one", "train", 0, "2", "0", True, 0.7),
        ("Set", "two", "train", 0, "1", "0", False, 0.5),
        ("Set", "two", "train", 0, "2", "0", True, 0.5),
    ]
    table = pd.DataFrame(rows, columns=[*ROW_KEYS, "causal", "mcc"])
    for name in SCORES[1:]:
        table[name] = table["mcc"]
    summary = summarise_windows(table)
    assert summary["pipeline"].tolist() == ["two", "one"]
    assert summary["mcc"].tolist() == pytest.approx([0.5, (0.1 + 0.7) / 2])
    assert summary["mcc_std"].tolist() == pytest.approx([0.0, np.std([0.1, 0.7], ddof=1)])
    assert summary["n_subjects"].tolist() == [2, 2]
    assert summary["causal"].tolist() == [False, True]
