"""The choice for a target is made without its labels, and scored with them."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pandas as pd
import pytest

from bci_dann.data.cache import store
from bci_dann.data.trials import replace_labels
from bci_dann.evaluation import (
    nested_choice,
    nested_summary,
    run_benchmark,
    selection_table,
)
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.runs import worker
from bci_dann.evaluation.runs.execution import compute
from bci_dann.evaluation.runs.records import Record, Task
from bci_dann.evaluation.runs.resolved_run import ResolvedRun
from bci_dann.evaluation.selection.nested import nested_table, with_pseudo_targets
from bci_dann.exceptions import ConfigError, DataError

SUBJECTS = ("1", "2", "3", "10")
N = 20


def ordinary(*names, protocols=("train",), seeds=(0,)):
    specs = [PipelineSpec(name, ({"name": name},)) for name in names]
    grid = itertools.product(specs, protocols, seeds, SUBJECTS)
    return [Task("Set", "data", spec, protocol, s, seed) for spec, protocol, seed, s in grid]


def record(n_right, n_sure=0):
    """Twenty trials, of which some are right; of the wrong ones some have a certainty of 0.9."""
    truth = np.resize(np.array(["left", "right"]), N)
    right = np.arange(N) < n_right
    p = np.where(np.arange(N) >= N - n_sure, 0.9, 0.6)
    says_right = (truth == "right") == right
    probabilities = np.column_stack(
        [np.where(says_right, 1 - p, p), np.where(says_right, p, 1 - p)]
    )
    classes, sessions = np.array(["left", "right"]), np.repeat("0", N)
    return Record(probabilities, truth, classes, sessions, np.arange(N), 2 * N)


def table_of(hits, **more):
    """``hits``: for a pipeline the right trials of its records, given (target, left out)."""
    tasks = with_pseudo_targets(ordinary(*hits, **more))
    return nested_table((t, record(hits[t.pipeline.name](t.subject, t.without))) for t in tasks)


@pytest.fixture
def nested_config(config):
    return {**config, "variants": {"logistic": {"C": [1.0e-6, 1.0]}}}


@pytest.fixture
def computed(monkeypatch):
    """Pipeline, target and who is left out of each task that is computed."""
    seen = []

    def noting(task, trials, *more):
        seen.append((task.pipeline.name, task.subject, task.without))
        return compute(task, trials, *more)

    monkeypatch.setattr(worker, "compute", noting)
    return seen


def choose(config, out, **more):
    return nested_choice(config, out, progress=False, **more)


def pseudo_columns(table, subject):
    return table[table["subject"] == subject].filter(regex="pseudo|pipeline|chosen")


def test_each_other_subject_plays_the_target_while_the_target_is_away():
    tasks = ordinary("a", "b", seeds=(0, 1))
    every = with_pseudo_targets(tasks)
    assert every[: len(tasks)] == tasks
    found = {(t.without, t.subject, t.pipeline.name, t.seed) for t in every[len(tasks) :]}
    pairs = itertools.permutations(SUBJECTS, 2)
    assert found == {(*pair, *rest) for pair, *rest in itertools.product(pairs, "ab", (0, 1))}
    assert len({task.key for task in every}) == len(every) == 2 * 2 * 4 * (1 + 3)


def test_chosen_is_the_best_on_pseudo_targets_and_not_on_the_target():
    table = table_of(
        {
            "modest": lambda subject, without: 12,
            # good for everyone but subject 2, as is seen only in records of subject 2
            "risky": lambda subject, without: 2 if subject == "2" else 16,
        }
    )
    means = table.set_index(["subject", "pipeline"])
    assert list(table["subject"]) == [s for s in SUBJECTS for _ in range(2)]
    assert list(means["pseudo_accuracy"]["2"]) == pytest.approx([0.6, 0.8])
    assert list(means["pseudo_accuracy"]["1"]) == pytest.approx([0.6, (0.8 + 0.1 + 0.8) / 3])
    assert means["chosen"]["2", "risky"]
    assert not means["chosen"]["2", "modest"]
    assert means["accuracy"]["2", "risky"] == pytest.approx(0.1)
    assert means["chosen"]["1", "modest"]
    assert table.groupby("subject")["chosen"].sum().eq(1).all()


def test_seeds_and_pseudo_targets_are_averaged_and_protocols_are_kept_apart():
    tasks = with_pseudo_targets(ordinary("a", "b", protocols=("train", "online"), seeds=(0, 1)))
    hits = {("a", "train"): (4, 18), ("b", "train"): (10, 11), ("a", "online"): (4, 4)}
    table = nested_table(
        (t, record(hits.get((t.pipeline.name, t.protocol), (9, 9))[t.seed])) for t in tasks
    )
    assert list(table["protocol"].unique()) == ["train", "online"]
    chosen = table[table["chosen"]].set_index(["protocol", "subject"])["pipeline"]
    assert set(chosen["train"]) == {"a"}
    assert set(chosen["online"]) == {"b"}
    assert set(table["pseudo_accuracy"].round(6)) == {0.55, 0.525, 0.2, 0.45}


def test_of_equals_the_better_ranked_and_then_the_first_is_chosen():
    def chosen(sure):
        tasks = with_pseudo_targets(ordinary(*sure))
        table = nested_table((t, record(10, sure[t.pipeline.name])) for t in tasks)
        return set(table[table["chosen"]]["pipeline"])

    assert chosen({"surely_wrong": 6, "hardly_wrong": 0}) == {"hardly_wrong"}
    assert chosen({"one": 3, "two": 3}) == {"one"}


def test_worth_by_hand():
    summary = nested_summary(
        table_of(
            {
                "modest": lambda subject, without: 12,
                "risky": lambda subject, without: 2 if subject == "2" else 16,
            }
        )
    ).set_index("choice")
    assert dict(summary["pipeline"]) == {
        "nested": "each target's",
        "best over pseudo-targets": "risky",
        "best in hindsight": "risky",
        "oracle": "each target's",
    }
    # modest for 1, 3 and 10, risky for 2
    assert list(summary["accuracy"]) == pytest.approx([(60 * 3 + 10) / 4, 62.5, 62.5, 75])
    assert list(summary["regret"]) == pytest.approx([(20 * 3 + 50) / 4, 12.5, 12.5, 0])
    assert list(summary["worst_regret"]) == pytest.approx([50, 50, 50, 0])


def test_trials_like_the_targets_count_more_where_weights_say_so():
    """Subject 3 resembles everyone; "odd" is right about subject 3, "even" a bit about all."""
    hits = {
        "even": lambda subject, without: 12,
        "odd": lambda subject, without: 18 if subject == "3" else 8,
    }
    tasks = with_pseudo_targets(ordinary(*hits))

    def finished():
        for t in tasks:
            index = np.arange(N) + N * SUBJECTS.index(t.subject)
            one = record(hits[t.pipeline.name](t.subject, t.without))
            yield t, dataclasses.replace(one, test_index=index)

    def weigh(target, protocol):
        assert protocol == "train"
        likeness = np.repeat(
            [0.0 if s == target else 2.5 if s == "3" else 0.25 for s in SUBJECTS], N
        )
        return likeness / likeness.sum() * 3 * N

    table = nested_table(finished(), weigh)
    means = table.set_index(["subject", "pipeline"])
    assert means["pseudo_weighted_accuracy"]["1", "even"] == pytest.approx(0.6)
    assert means["pseudo_weighted_accuracy"]["1", "odd"] == pytest.approx((25 * 0.9 + 2 * 1) / 30)
    summary = nested_summary(table).set_index("choice")
    assert summary["accuracy"]["nested"] == pytest.approx(60)
    # odd for 1, 2 and 10, and even for 3, whom no one resembles
    for way in ("importance-weighted validation", "deep embedded validation"):
        assert summary["accuracy"][way] == pytest.approx((40 * 3 + 60) / 4)


def test_one_command_runs_what_is_missing_and_writes_the_table(
    prepared, nested_config, tmp_path, computed
):
    table = choose(nested_config, tmp_path)
    assert len(computed) == 2 * 3 * 3
    assert set(computed) == {
        (name, subject, without)
        for name in ("logistic[C=1e-06]", "logistic[C=1.0]")
        for subject in "123"
        for without in (None, *"123")
        if subject != without
    }
    stored = pd.read_csv(tmp_path / "nested.csv", dtype={"subject": str})
    pd.testing.assert_frame_equal(stored, table)
    assert list(table.columns) == [
        *("protocol", "subject", "pipeline", "pseudo_accuracy", "pseudo_roc_auc"),
        *("pseudo_weighted_accuracy", "pseudo_controlled_accuracy"),
        *("accuracy", "roc_auc", "chosen"),
    ]
    for lost in sorted((tmp_path / "records").iterdir())[::6]:
        lost.unlink()
    computed.clear()
    pd.testing.assert_frame_equal(choose(nested_config, tmp_path), table)
    assert len(computed) == 3


def test_ordinary_results_do_not_know_of_nested_ones(prepared, nested_config, tmp_path, computed):
    results = run_benchmark(nested_config, tmp_path, progress=False)
    before = (tmp_path / "results.csv").read_bytes()
    selected = selection_table(tmp_path)
    computed.clear()
    table = choose(nested_config, tmp_path)
    assert None not in {without for *_, without in computed}
    assert (tmp_path / "results.csv").read_bytes() == before
    pd.testing.assert_frame_equal(selection_table(tmp_path), selected)
    again = run_benchmark(nested_config, tmp_path, progress=False)
    pd.testing.assert_frame_equal(again, results)
    own = results.groupby(["subject", "pipeline"], sort=False)["accuracy"].mean()
    found = table.set_index(["subject", "pipeline"])["accuracy"]
    pd.testing.assert_series_equal(found, own.loc[found.index])


@pytest.mark.parametrize("protocol", ["train_and_target_unlabeled_full", "semisupervised_2"])
def test_labels_of_a_target_have_no_way_into_its_choice(
    monkeypatch, nested_config, trials, tmp_path, protocol
):
    """Wrong labels of subject 2 change choices for others, but no bit of what chooses for 2."""
    poisoned = np.where(trials.y == "left", "right", "left")
    poisoned = np.where(trials.subjects == "2", poisoned, trials.y)
    step = {"name": "ShallowClassifier", "from": "bci_dann.estimators"}
    path = tmp_path / "pipelines" / "csp.yml"
    path.write_text(json.dumps({"name": "csp", "pipeline": [step]}))
    config = {**nested_config, "protocols": [protocol]}
    config["pipelines"] = [*config["pipelines"], str(path)]
    tables, records = [], []
    for name, labels in (("honest", trials.y), ("poisoned", poisoned)):
        with_labels = replace_labels(trials, labels)
        folder = store(tmp_path / name, {"trials": "same key"}, lambda w, t=with_labels: w.add(t))
        monkeypatch.setattr(ResolvedRun, "prepare_trials", lambda _, f=folder: f)
        tables.append(choose(config, tmp_path / f"out_{name}"))
        records.append(list(records_without("2", tmp_path / f"out_{name}")))
    honest, other = (pseudo_columns(table, "2") for table in tables)
    pd.testing.assert_frame_equal(honest, other, check_exact=True)
    assert len(records[0]) == 3 * 2
    assert records[0] == records[1]
    assert not pseudo_columns(tables[0], "1").equals(pseudo_columns(tables[1], "1"))
    assert tables[0]["accuracy"].ne(tables[1]["accuracy"]).any()


def records_without(subject, folder):
    """Every bit of the records that choose for a subject, but for the time they took."""
    for path in sorted((folder / "records").iterdir()):
        with np.load(path) as stored:
            if json.loads(str(stored["about"]))["without"] == subject:
                yield path.name, [stored[key].tobytes() for key in stored if key != "seconds"]


def test_dry_run_counts_every_training(nested_config, tmp_path):
    data = {"dataset": "FakeDataset", "params": {"n_subjects": 4, "paradigm": "imagery"}}
    plan = choose({**nested_config, "data": data, "seeds": [0, 1]}, tmp_path / "out", dry_run=True)
    assert len(plan) == 2 * 2 * 4 * (1 + 3)
    assert not (tmp_path / "out").exists()


def test_a_choice_needs_two_pipelines_and_three_subjects(
    monkeypatch, config, nested_config, trials, tmp_path
):
    with pytest.raises(ConfigError, match="at least two pipelines, but there is only logistic"):
        choose(config, tmp_path)
    two = trials[trials.subjects != "3"]
    feet = np.where((trials.subjects != "3") & (np.arange(len(trials)) % 2 == 0), "feet", trials.y)
    for bad, message in (
        (two, r"leaving two subjects out needs at least three subjects; got \['1', '2'\]"),
        (replace_labels(trials, feet), "'feet' occurs only in subject 1 and 2"),
    ):
        folder = store(tmp_path, {"bad": message}, lambda w, t=bad: w.add(t))
        monkeypatch.setattr(ResolvedRun, "prepare_trials", lambda _, f=folder: f)
        with pytest.raises(DataError, match=message):
            choose(nested_config, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_choice_scores_trials_and_no_windows(tmp_path):
    config = {
        "name": "windows",
        "data": {
            "dataset": "SimulatedMI",
            "params": {"n_subjects": 3, "n_trials": 10, "classes": ["right_hand", "rest"]},
        },
        "preprocessing": {"filter_method": "causal"},
        "pseudo_online": {"step": 0.5, "idle": "rest"},
        "pipelines": ["csp_lda", "ea_csp_lda"],
        "protocols": ["train"],
    }
    with pytest.raises(ConfigError, match="a nested choice scores trials, not windows"):
        choose(config, tmp_path / "out")
    assert not (tmp_path / "out").exists()
