"""Predictions of a model that may abstain; those of other models are tested with the workflows."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann import CalibratedClassifier, serving
from bci_dann.data import SimulatedMI, open_trials, prepare_trials
from bci_dann.evaluation import load_config
from bci_dann.exceptions import ConfigError

DATA = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
CONFIG = {"name": "my", "data": DATA, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}


@pytest.fixture(scope="module")
def raw():
    return SimulatedMI(n_subjects=4, n_trials=10).get_data([4])[4]["0"]["0"]


@pytest.fixture(scope="module")
def plain():
    return serving.fit_model(CONFIG)


@pytest.fixture(scope="module")
def abstaining(plain):
    """A calibrated model whose threshold no trial of a weak decoder reaches easily."""
    run = load_config(CONFIG)
    trials = open_trials(prepare_trials(run.data, run.preprocessing))
    estimator = CalibratedClassifier("ea_csp_lda", abstain_below=0.99)
    return serving.ServedModel(estimator.fit(trials.unlabelled(), trials.y), plain.recipe)


def test_a_model_that_abstains_does_so_in_the_table_too(abstaining, raw, tmp_path):
    adapted = serving.adapt_model(abstaining, raw, out=tmp_path / "model").model
    table = serving.predict_recordings(adapted, raw)
    probabilities = table[["p_left_hand", "p_right_hand"]].to_numpy()
    np.testing.assert_array_equal(table["abstained"], probabilities.max(axis=1) < 0.99)
    np.testing.assert_array_equal(table["prediction"] == "", table["abstained"])
    assert table["abstained"].any()
    assert (table["left_out"] == "").all()
    again = serving.predict_recordings(tmp_path / "model", raw)
    np.testing.assert_array_equal(again["prediction"], table["prediction"])


def test_a_threshold_that_is_given_replaces_that_of_the_model(abstaining, raw):
    adapted = serving.adapt_model(abstaining, raw).model
    table = serving.predict_recordings(adapted, raw, abstain_below=0.01)
    assert not table["abstained"].any()
    assert (table["prediction"] != "").all()


def test_without_a_threshold_there_is_no_such_column(plain, raw):
    table = serving.predict_recordings(serving.adapt_model(plain, raw).model, raw)
    assert "abstained" not in table


def test_a_threshold_that_is_no_probability_is_refused_before_the_recording_is_read(plain):
    with pytest.raises(ConfigError, match="abstain_below must be a number above 0 and below 1"):
        serving.predict_recordings(plain, "no_such_file.edf", abstain_below=70)
