"""The features of a model as points, with labels for colours only."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann import RiemannianClassifier, load_dataset
from bci_dann.data.trials import replace_labels
from bci_dann.estimators import build_method
from bci_dann.evaluation import open_results, run_benchmark
from bci_dann.evaluation.feature_maps import trained_map as module
from bci_dann.evaluation.feature_maps.trained_map import MAP_ARRAYS, map_features
from bci_dann.exceptions import BCIDannWarning

SOURCES = ["2", "3", "4"]


@pytest.fixture(scope="module")
def simulated():
    return load_dataset("SimulatedMI", n_subjects=4, n_trials=20)


def fitted(name, trials, target="1"):
    new = trials.subjects == target
    return build_method(name).fit(
        trials[~new], trials.y[~new], X_target_unlabeled=trials[new].unlabelled()
    )


@pytest.fixture(scope="module")
def model(simulated):
    return fitted("ra_ts_logistic", simulated)


def distance(found, target):
    """From the mean of the target to that of the sources, in standard deviations of the sources."""
    is_target = found["subjects"] == target
    sources = found["points"][~is_target]
    apart = found["points"][is_target].mean(0) - sources.mean(0)
    return np.linalg.norm(apart) / np.linalg.norm(sources.std(0))


def test_alignment_brings_the_target_among_the_sources(simulated, model):
    aligned = map_features(model, simulated, "1", SOURCES, "aligned")
    raw = map_features(fitted("ts_logistic", simulated), simulated, "1", SOURCES, "raw")
    assert distance(aligned, "1") < 0.2 < distance(raw, "1")


def test_numbers_of_trials_are_limited(simulated, model, monkeypatch):
    monkeypatch.setattr(module, "MAX_TARGET_TRIALS", 30)
    monkeypatch.setattr(module, "MAX_SOURCE_TRIALS", 36)
    found = map_features(model, simulated, "1", SOURCES, "few")
    assert tuple(found) == MAP_ARRAYS
    names, counts = np.unique(found["subjects"], return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {
        "1": 30,
        "2": 12,
        "3": 12,
        "4": 12,
    }
    assert found["points"].shape == (66, 2)


def test_subjects_that_are_no_sources_are_left_out(simulated, model):
    found = map_features(model, simulated, "1", ["2", "4"], "two sources")
    assert list(dict.fromkeys(found["subjects"].tolist())) == ["1", "2", "4"]


def test_labels_colour_the_points_and_do_not_move_them(simulated, model):
    others = replace_labels(simulated, np.roll(np.asarray(simulated.y), 1))
    one, two = (map_features(model, trials, "1", SOURCES, "same") for trials in (simulated, others))
    np.testing.assert_array_equal(one["points"], two["points"])
    assert one["labels"].tolist() != two["labels"].tolist()


def test_a_model_without_features_has_no_map(simulated):
    assert map_features(object(), simulated, "1", SOURCES, "none") == {}


def test_features_that_fail_cost_a_warning_and_not_the_result(simulated):
    class Broken:
        def transform(self, X):
            return np.full((len(X), 3), np.nan)

    with pytest.warns(BCIDannWarning, match=r"(?s)mine: no map of its features .* not affected"):
        assert map_features(Broken(), simulated, "1", SOURCES, "mine") == {}


def test_a_run_stores_the_map_of_the_first_subject(tmp_path):
    config = {
        "name": "mine",
        "data": {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}},
        "pipelines": ["ea_csp_lda", "ra_mdm", "bci_dann_light"],
        "protocols": ["train_and_target_unlabeled_full"],
    }
    run_benchmark(config, tmp_path, progress=False)
    points = open_results(tmp_path).feature_points
    assert points["subject"].unique().tolist() == ["1"]
    assert points["pipeline"].value_counts().to_dict() == dict.fromkeys(config["pipelines"], 60)
    assert set(points["label"]) == {"left_hand", "right_hand"}
    shares = points[["explained_1", "explained_2"]].drop_duplicates()
    assert (shares.sum(axis=1) <= 1).all()
    assert (shares["explained_1"] >= shares["explained_2"]).all()


@pytest.mark.parametrize("target_dataset", [None, "B"])
def test_each_of_several_datasets_has_the_map_of_its_first_subject(tmp_path, target_dataset):
    params = {"n_subjects": 2, "n_trials": 5}
    entries = [
        {"dataset": "SimulatedMI", "name": name, "params": {**params, "random_state": seed}}
        for seed, name in enumerate("AB")
    ]
    config = {
        "name": "several",
        "data": {"datasets": entries, "target_dataset": target_dataset},
        "pipelines": ["csp_lda"],
        "protocols": ["train"],
    }
    run_benchmark(config, tmp_path, progress=False)
    points = open_results(tmp_path).feature_points
    shown = points.groupby("subject")["trial_subject"].unique().map(sorted).to_dict()
    everyone = ["A:1", "A:2", "B:1", "B:2"]
    expected = {"A:1": everyone, "B:1": everyone}
    assert shown == (expected if target_dataset is None else {"B:1": ["A:1", "A:2", "B:1"]})


def test_features_of_the_default_are_those_of_its_head(simulated):
    """Where no local mean is subtracted, head and features give the predictions."""
    new = simulated.subjects == "1"
    model = RiemannianClassifier(local_span=None, guard=False)
    model.fit(simulated[~new], simulated.y[~new], X_target_unlabeled=simulated[new].unlabelled())
    features = model.transform(simulated[new])
    scores = features @ model.head_.weights.numpy() + model.head_.biases.numpy()
    expected = np.log(model.predict_proba(simulated[new]))
    difference = scores - expected
    np.testing.assert_allclose(difference, difference[:, :1] + np.zeros((1, 2)), atol=1e-3)
