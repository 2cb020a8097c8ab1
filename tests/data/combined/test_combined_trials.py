"""Trials of several datasets: those of each on its own, on the same channels and times."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann._config import validate
from bci_dann.data import CombinedDataConfig, DataConfig, Preprocessing, load_dataset
from bci_dann.data.combined import combined_trials
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError

PARAMS = {"n_subjects": 1, "n_trials": 3}
STEPS = Preprocessing(window=(0.5, 2.5), resample=64, reference="average")
FIRST = {
    "dataset": "SimulatedMI",
    "name": "First",
    "params": {**PARAMS, "ch_names": ["Fz", "C3", "C4", "Cz", "Pz", "CPz"]},
}
SECOND = {
    "dataset": "SimulatedMI",
    "name": "Second",
    "params": {
        **PARAMS,
        "ch_names": ["CPz", "Cz", "C4", "C3", "Fz"],
        "random_state": 1,
        "sfreq": 100.0,
    },
}


def several(*entries, **more):
    return validate(CombinedDataConfig, {"datasets": list(entries), **more}, "here")


def alone(entry, steps):
    return load_dataset(
        DataConfig(dataset=entry["dataset"], params=entry["params"]), preprocessing=steps
    )


def test_each_data_set_gives_the_trials_that_it_gives_alone():
    trials = load_dataset(several(FIRST, SECOND), preprocessing=STEPS)
    common = ["Fz", "C3", "C4", "Cz", "CPz"]
    assert trials.ch_names == common
    assert trials.subjects.tolist() == ["First:1"] * 6 + ["Second:1"] * 6
    steps = STEPS.model_copy(update={"channels": common})
    for entry, part in ((FIRST, trials[:6]), (SECOND, trials[6:])):
        own = alone(entry, steps)
        assert np.array_equal(part.X, own.X[:, :, :128])  # rounding: one sample more at 128 Hz
        assert part.y.tolist() == own.y.tolist()
    assert trials.account["subject"].unique().tolist() == ["First:1", "Second:1"]
    assert trials.account["used"].sum() == len(trials) == 12


def test_all_channels_are_there_and_few_missing_ones_are_told_of():
    config = several(FIRST, SECOND, channels="all")
    with pytest.warns(BCIDannWarning, match=r"Second: interpolated by .*: Pz"):
        trials = load_dataset(config, preprocessing=STEPS)
    with pytest.warns(BCIDannWarning, match="Second: interpolated"):  # of cached trials, too
        load_dataset(config, preprocessing=STEPS)
    assert trials.ch_names == FIRST["params"]["ch_names"]
    assert np.array_equal(trials[:6].X, alone(FIRST, STEPS).X)


def test_listed_channels_take_the_place_of_all():
    listed = STEPS.model_copy(update={"channels": ["Cz", "C3", "Pz"]})
    with pytest.raises(DataError, match=r"^Second: 1 of 3 channels are missing, Pz: all"):
        load_dataset(several(FIRST, SECOND), preprocessing=listed)


def test_too_many_missing_electrodes_are_refused():
    few = {**SECOND, "params": {**SECOND["params"], "ch_names": ["C3", "Cz", "C4"]}}
    with pytest.raises(DataError, match=r"^Second: 3 of 6 .*, CPz: a fifth, 1.*`channels: common`"):
        load_dataset(several(FIRST, few, channels="all"), preprocessing=STEPS)


def test_different_rates_need_a_common_one():
    steps = STEPS.model_copy(update={"resample": None})
    with pytest.raises(DataError, match=r"128 Hz in First, 100 Hz in Second.*`resample`"):
        load_dataset(several(FIRST, SECOND), preprocessing=steps)


def test_trials_are_prepared_once_whoever_is_the_target(monkeypatch):
    trials = load_dataset(several(FIRST, SECOND), preprocessing=STEPS)
    monkeypatch.setattr(combined_trials, "extract_trials", None)
    again = load_dataset(several(FIRST, SECOND, target_dataset="Second"), preprocessing=STEPS)
    assert np.array_equal(again.X, trials.X)


def test_selections_are_those_of_the_configuration():
    with pytest.raises(
        ConfigError, match="subjects, n_trials cannot be given for several datasets"
    ):
        load_dataset(several(FIRST, SECOND), subjects=[1], n_trials=3)


def test_renamed_classes_change_labels_and_nothing_else():
    params = {**SECOND["params"], "classes": ["feet", "tongue"]}
    renamed = {"feet": "left_hand", "tongue": "right_hand"}
    second = {**SECOND, "params": params, "rename_classes": renamed}
    trials = load_dataset(several(FIRST, second), preprocessing=STEPS)[6:]
    steps = STEPS.model_copy(update={"channels": ["Fz", "C3", "C4", "Cz", "CPz"]})
    own = alone(second, steps)
    assert np.array_equal(trials.X, own.X[:, :, :128])
    assert trials.y.tolist() == [renamed[name] for name in own.y]
    exchanged = {**second, "rename_classes": {"feet": "right_hand", "tongue": "left_hand"}}
    other = load_dataset(several(FIRST, exchanged), preprocessing=STEPS)[6:]
    assert (other.y != trials.y).all()  # and no trials of another key


def test_a_regime_changes_each_data_set_as_if_it_were_alone(tmp_path):
    entries = [
        {**entry, "params": {**entry["params"], "n_subjects": 4}} for entry in (FIRST, SECOND)
    ]
    regime = {"n_subjects": 2, "n_trials": 5, "channels": ["C4", "C3"], "gain": 10}
    whole, few = (
        load_dataset(several(*entries, **more), preprocessing=STEPS, cache_dir=tmp_path)
        for more in ({}, {"regime": regime})
    )
    assert few.shape[:2] == (2 * 2 * 5, 2)
    assert few.ch_names == ["C4", "C3"]
    kept = list(dict.fromkeys(few.subjects))
    assert [name.partition(":")[0] for name in kept] == ["First", "First", "Second", "Second"]
    gains = []
    for name in kept:
        own = whole.X[whole.subjects == name][:5, [whole.ch_names.index(c) for c in ("C4", "C3")]]
        gains.append(few.X[few.subjects == name].std() / own.std())
    assert sorted(np.round(gains[:2])) == sorted(np.round(gains[2:])) == [1, 10]  # one of each


def test_a_regime_that_does_not_fit_a_data_set_names_it(tmp_path):
    few = {**SECOND, "params": {**SECOND["params"], "n_subjects": 2}}
    many = {**FIRST, "params": {**FIRST["params"], "n_subjects": 3}}
    data = several(many, few, regime={"n_subjects": 3})
    with pytest.raises(ConfigError, match="Second: n_subjects is 3, but the data have 2 subjects"):
        load_dataset(data, preprocessing=STEPS, cache_dir=tmp_path)
