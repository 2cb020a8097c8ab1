"""Runs on several datasets together: whom they leave out, and what a target set gives away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bci_dann.data import EEGTrials
from bci_dann.data.trials import replace_labels
from bci_dann.evaluation import load_config, nested_choice, open_results, run_benchmark
from bci_dann.evaluation.runs.execution import compute
from bci_dann.evaluation.runs.manifest import Manifest, differences, manifest_of
from bci_dann.evaluation.runs.records import Task
from bci_dann.exceptions import ConfigError, ResultsError

SIZE = {"n_subjects": 2, "n_trials": 5}
ENTRIES = [
    {
        "dataset": "SimulatedMI",
        "name": "Here",
        "params": {**SIZE, "ch_names": ["Fz", "C3", "Cz", "C4"]},
    },
    {
        "dataset": "SimulatedMI",
        "name": "There",
        "params": {**SIZE, "ch_names": ["C4", "C3", "Cz", "Pz"], "random_state": 1},
    },
]
STEPS = {"window": [0.5, 2.5], "resample": 64}
ALL = ["Here:1", "Here:2", "There:1", "There:2"]


@pytest.fixture
def several(config):
    def make(**keys):
        return {**config, "preprocessing": STEPS, "data": {"datasets": ENTRIES, **keys}}

    return make


def run(config, out, **more):
    return run_benchmark(config, out, progress=False, **more)


def test_each_subject_of_every_data_set_is_left_out(several, tmp_path):
    table = run(several(), tmp_path)
    assert table["subject"].tolist() == ALL
    assert table["dataset"].tolist() == ["Here", "Here", "There", "There"]
    assert set(table["n_train"]) == {30}
    assert open_results(tmp_path).trials.groupby("dataset")["subject"].nunique().to_dict() == {
        "Here": 2,
        "There": 2,
    }


def test_no_subject_of_the_target_dataset_is_a_source(several, tmp_path):
    config = several(target_dataset="There")
    planned = run(config, tmp_path, dry_run=True)
    table = run(config, tmp_path)
    assert planned["subject"].tolist() == table["subject"].tolist() == ["There:1", "There:2"]
    assert set(table["n_train"]) == {20}
    with pytest.raises(ResultsError, match=r"data.target_dataset: 'There' in the folder, None now"):
        run(several(), tmp_path)


@pytest.fixture
def joined(draw_trials):
    """Made-up trials of two datasets of two subjects."""
    parts = []
    for name, seed in (("Here", 0), ("There", 1)):
        drawn = draw_trials(n_subjects=2, n_trials=16, seed=seed)
        metadata = drawn.metadata.assign(subject=name + ":" + drawn.metadata["subject"])
        parts.append(EEGTrials(drawn.X, drawn.y, metadata, drawn.info))
    return EEGTrials.concatenate(parts)


@pytest.mark.parametrize("pipeline", ["logistic", "transfer", "reweighted", "mlp"])
@pytest.mark.parametrize("protocol", ["train", "train_and_target_unlabeled_50p", "online"])
def test_labels_and_other_subjects_of_the_target_data_set_have_no_way_in(
    specs, joined, pipeline, protocol
):
    task = Task("There", "data", specs[pipeline], protocol, "There:2", 0, cross_dataset=True)
    honest = compute(task, joined)
    there = np.char.startswith(joined.subjects, "There:")
    labels, signals = joined.y.astype("<U12"), joined.X.copy()
    labels[there] = "nonsense"
    signals[joined.subjects == "There:1"] *= -3
    other = compute(task, replace(replace_labels(joined, labels), X=signals))
    assert honest.probabilities.tobytes() == other.probabilities.tobytes()
    assert set(other.truth) == {"nonsense"}
    ordinary = compute(replace(task, cross_dataset=False), joined)
    assert ordinary.probabilities.tobytes() != honest.probabilities.tobytes()


def test_records_of_both_kinds_are_kept_apart(specs):
    task = Task("There", "data", specs["logistic"], "train", "There:2", 0)
    assert replace(task, cross_dataset=True).key != task.key
    assert replace(task, dataset="Here").key == task.key


def test_a_stored_manifest_gives_the_same_tasks(several):
    made = manifest_of(load_config(several(target_dataset="Here")), ())
    held = Manifest(**{**vars(made), "pipelines": {"a": []}, "subjects": ["Here:1"]})
    (task,) = held.tasks
    assert (task.dataset, task.cross_dataset) == ("Here", True)


def test_subjects_of_a_data_set_may_be_added_and_nothing_else(several):
    made = manifest_of(load_config(several()), ())
    entries = [{**ENTRIES[0], "subjects": [1]}, ENTRIES[1]]
    fewer = manifest_of(load_config({**several(), "data": entries}), ())
    assert list(differences(made, fewer)) == []
    others = manifest_of(load_config(several(channels="all")), ())
    assert list(differences(made, others)) == ["data.channels: 'common' in the folder, 'all' now"]


def test_a_nested_choice_is_not_made_across_data_sets(several, tmp_path, five_pipelines):
    config = {**several(target_dataset="There"), "pipelines": five_pipelines[:2]}
    with pytest.raises(ConfigError, match="a nested choice leaves out subjects, not datasets"):
        nested_choice(config, tmp_path, progress=False, dry_run=True)
