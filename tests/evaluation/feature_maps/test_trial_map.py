"""The map of trials: what re-centring removes, without labels, written once and kept."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data import Regime, derive_trials, load_dataset
from bci_dann.data.trials import replace_labels
from bci_dann.evaluation import merge_runs, run_benchmark
from bci_dann.evaluation.feature_maps import trial_map as module
from bci_dann.evaluation.feature_maps.trial_map import (
    MAP_FILE,
    map_trials,
    read_feature_map,
    write_feature_map,
)


@pytest.fixture(scope="module")
def simulated():
    return load_dataset("SimulatedMI", n_subjects=3, n_trials=30)


def separation(points, groups):
    """Variance between groups of points over that within them."""
    means = np.array([points[groups == name].mean(0) for name in np.unique(groups)])
    within = np.mean([points[groups == name].var(0).sum() for name in np.unique(groups)])
    return means.var(0).sum() / within


def test_recentring_brings_subjects_together_and_classes_apart(simulated):
    found = map_trials(simulated, "key")
    assert separation(found.before, found.subjects) > 1
    assert separation(found.after, found.subjects) < 0.05
    assert separation(found.after, found.labels) > separation(found.before, found.labels)
    assert found.explained.shape == (2, 2)
    assert (found.explained[:, 0] >= found.explained[:, 1]).all()
    assert (found.explained.sum(1) <= 1).all()


def test_trials_are_spread_over_the_recordings_of_each_subject(simulated, monkeypatch):
    monkeypatch.setattr(module, "MAX_TRIALS_OF_A_SUBJECT", 5)
    found = map_trials(simulated, "key")
    assert found.subjects.tolist() == ["1"] * 5 + ["2"] * 5 + ["3"] * 5
    first = np.flatnonzero(simulated.subjects == "1")
    expected = np.asarray(simulated.y)[first[[0, 15, 30, 44, 59]]]
    assert found.labels[:5].tolist() == expected.tolist()


def test_many_subjects_have_fewer_trials_each(simulated, monkeypatch):
    monkeypatch.setattr(module, "MAX_TRIALS", 30)
    found = map_trials(simulated, "key")
    assert np.unique(found.subjects, return_counts=True)[1].tolist() == [10, 10, 10]


def test_labels_colour_the_points_and_do_not_move_them(simulated):
    others = replace_labels(simulated, np.roll(np.asarray(simulated.y), 1))
    one, two = map_trials(simulated, "key"), map_trials(others, "key")
    np.testing.assert_array_equal(one.after, two.after)
    assert one.labels.tolist() != two.labels.tolist()


@pytest.mark.parametrize("channels", [1, 2])
def test_few_channels_have_a_map_too(simulated, channels):
    names = simulated.ch_names[:channels]
    few = map_trials(derive_trials(simulated, Regime(channels=names)), "key")
    assert np.isfinite(few.after).all()
    assert few.after.shape == (3 * 40, 2)


def test_it_is_written_for_other_trials_only(trials, tmp_path):
    write_feature_map(tmp_path, trials, "key")
    stamp = (tmp_path / MAP_FILE).stat().st_mtime_ns
    write_feature_map(tmp_path, trials, "key")
    assert (tmp_path / MAP_FILE).stat().st_mtime_ns == stamp
    write_feature_map(tmp_path, trials[:5], "other")
    assert read_feature_map(tmp_path).before.shape == (5, 2)


def test_none_and_a_damaged_one_are_missing(trials, tmp_path):
    assert read_feature_map(tmp_path) is None
    (tmp_path / MAP_FILE).write_bytes(b"damaged")
    assert read_feature_map(tmp_path) is None
    write_feature_map(tmp_path, trials, "key")
    assert read_feature_map(tmp_path).data_key == "key"


def test_a_run_writes_it_and_a_merge_keeps_it(config, prepared, tmp_path):
    parts = [tmp_path / number for number in ("1", "2")]
    for number, part in zip(("1/2", "2/2"), parts, strict=True):
        run_benchmark(config, part, shard=number, progress=False)
    merge_runs(parts, tmp_path / "all")
    assert read_feature_map(tmp_path / "all").data_key == prepared.name
