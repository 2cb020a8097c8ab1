"""Predictions are read from the records that a results folder's table is made of."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.evaluation import nested_choice, run_benchmark
from bci_dann.evaluation.selection.subject_predictions import read_predictions
from bci_dann.exceptions import ResultsError


@pytest.fixture
def out(prepared, config, tmp_path):
    run_benchmark({**config, "seeds": [0, 1]}, tmp_path / "out", progress=False)
    return tmp_path / "out"


def test_one_for_each_task_with_its_trials_in_the_order_of_recording(out, trials):
    found = list(read_predictions(out))
    assert {(one.pipeline, one.protocol, one.seed, one.subject) for one in found} == {
        ("logistic", "train", seed, subject) for seed in (0, 1) for subject in "123"
    }
    for one in found:
        own = np.flatnonzero(trials.subjects == one.subject)
        np.testing.assert_array_equal(one.test_index, own)
        np.testing.assert_array_equal(one.truth, trials.y[own])
        np.testing.assert_array_equal(one.sessions, trials.metadata["session"].iloc[own])
        assert one.classes.tolist() == ["left", "right"]
        np.testing.assert_allclose(one.probabilities.sum(axis=1), 1.0)


def test_they_give_the_accuracy_of_the_table(prepared, config, tmp_path):
    table = run_benchmark(config, tmp_path, progress=False)
    by_subject = table.groupby("subject")["accuracy"].mean()  # sessions have equally many trials
    for one in read_predictions(tmp_path):
        predicted = one.classes[one.probabilities.argmax(axis=1)]
        assert np.mean(predicted == one.truth) == pytest.approx(by_subject[one.subject])


def test_pseudo_targets_of_a_nested_choice_are_left_out(prepared, config, tmp_path):
    config = {**config, "variants": {"logistic": {"C": [0.1, 1.0]}}}
    nested_choice(config, tmp_path, progress=False)
    assert len(list((tmp_path / "records").iterdir())) == 2 * 3 * 3
    assert len(list(read_predictions(tmp_path))) == 2 * 3


def test_records_of_other_versions_are_left_out(out):
    import json

    manifest = json.loads((out / "config.json").read_text())
    manifest["versions"]["torch"] = "99"
    (out / "config.json").write_text(json.dumps(manifest))
    assert list(read_predictions(out)) == []


def test_what_is_no_results_folder_is_refused(tmp_path):
    with pytest.raises(ResultsError, match=r"is no results folder\. Give the folder that"):
        next(read_predictions(tmp_path))


def test_a_record_that_cannot_be_read_is_named(out):
    file = sorted((out / "records").iterdir())[0]
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(ResultsError, match=rf"{file.name} cannot be read.*Delete it, and run"):
        list(read_predictions(out))
