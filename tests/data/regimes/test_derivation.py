"""Derived trials: equal for equal seeds, subject by subject, and kept in the cache."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from bci_dann.data import DataConfig, Regime, derive_trials, load_dataset, prepare_trials
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.trials import EEGTrials, replace_labels
from bci_dann.exceptions import ConfigError

EVERYTHING = {
    "channels": ["P4", "C3", "Cz"],
    "n_subjects": 3,
    "session_shares": (0.5, 1.0),
    "duration": 1.5,
    "change_half_way": 0.3,
    "artefact_share": 0.2,
    "dead_channels": 1,
    "noisy_channels": 1,
    "gain": 15.0,
}
SMALL = {"n_subjects": 3, "n_trials": 10, "random_state": 0}


def derive(trials, **keys):
    return derive_trials(trials, Regime(**keys))


def of(trials, subject):
    return np.asarray(trials.X)[trials.subjects == subject]


@pytest.mark.parametrize("order", [{"shuffled": True}, {"cues_in_blocks": 4}])
def test_twice_the_same_gives_the_same_bits(trials, order):
    first, second = (derive(trials, **EVERYTHING, **order) for _ in range(2))
    assert first.X.tobytes() == second.X.tobytes()
    np.testing.assert_array_equal(first.y, second.y)
    pd.testing.assert_frame_equal(first.metadata, second.metadata)
    other = derive(trials, **EVERYTHING, **order, random_state=1)
    assert other.X.tobytes() != first.X.tobytes()


def test_the_given_trials_are_left_as_they_are(trials):
    before = trials.X.copy()
    derive(trials, **EVERYTHING)
    derive(trials, gain=15.0)
    np.testing.assert_array_equal(trials.X, before)


def test_labels_do_not_matter_except_for_cues_in_blocks(trials):
    poisoned = trials.y.copy()
    own = np.flatnonzero(trials.subjects == "s2")
    poisoned[own] = np.roll(poisoned[own], 1)
    other = replace_labels(trials, poisoned)
    for order in ({}, {"shuffled": True}):
        derived = [derive(t, **EVERYTHING, **order) for t in (trials, other)]
        assert derived[0].X.tobytes() == derived[1].X.tobytes()
    blocks = [derive(t, cues_in_blocks=4) for t in (trials, other)]
    assert of(blocks[0], "s2").tobytes() != of(blocks[1], "s2").tobytes()
    assert of(blocks[0], "s1").tobytes() == of(blocks[1], "s1").tobytes()


@pytest.mark.parametrize(
    "keys",
    [
        {"artefact_share": 0.2},
        {"change_half_way": 0.3},
        {"shuffled": True},
        {"session_shares": (0.3, 1.0)},
    ],
)
def test_what_happens_to_a_subject_does_not_depend_on_the_others(trials, keys):
    alone = trials[np.isin(trials.subjects, ["s2", "s4"])]
    np.testing.assert_array_equal(of(derive(trials, **keys), "s4"), of(derive(alone, **keys), "s4"))


def test_channels_come_in_the_order_of_the_regime_with_their_names(trials):
    derived = derive(trials, channels=["P4", "C3"])
    assert derived.ch_names == ["P4", "C3"]
    np.testing.assert_array_equal(derived.X, trials.X[:, [4, 0]])
    assert trials.ch_names == ["C3", "Cz", "C4", "P3", "P4"]


def test_a_shorter_trial_is_its_start(trials):
    np.testing.assert_array_equal(derive(trials, duration=0.5).X, trials.X[:, :, :32])


def test_merged_sessions_are_one_domain(trials):
    derived = derive(trials, merge_sessions=True)
    assert set(derived.domains) == {"s1/0", "s2/0", "s3/0", "s4/0"}
    np.testing.assert_array_equal(derived.X, trials.X)
    assert set(trials.metadata["session"]) == {"day0", "day1"}


def test_a_change_half_way_follows_the_sessions_as_they_are_then(trials):
    apart = derive(trials, change_half_way=0.3)
    merged = derive(trials, change_half_way=0.3, merge_sessions=True)
    changed = [(of(t, "s1") != of(trials, "s1")).any(axis=(1, 2)) for t in (apart, merged)]
    assert np.flatnonzero(changed[0]).tolist() == [*range(10, 20), *range(30, 40)]
    assert np.flatnonzero(changed[1]).tolist() == list(range(20, 40))


def test_some_subjects_are_loud(trials):
    for count in (1, 2):
        derived = derive(trials, gain=15.0, n_loud_subjects=count)
        factors = {
            name: float((of(derived, name) / of(trials, name)).mean())
            for name in ("s1", "s2", "s3", "s4")
        }
        assert sorted(round(f, 3) for f in factors.values()) == [1.0] * (4 - count) + [15.0] * count


def test_every_second_subject_has_a_bad_channel(trials):
    derived = derive(trials, noisy_channels=1)
    changed = [bool((of(derived, n) != of(trials, n)).any()) for n in ("s1", "s2", "s3", "s4")]
    assert changed == [True, False, True, False]


def test_the_order_of_a_shuffled_session_is_lost_but_nothing_else(trials):
    derived = derive(trials, shuffled=True)
    assert (derived.X != trials.X).any()
    for name in ("day0", "day1"):
        for t in (trials, derived):
            assert (t.metadata["session"] == name).sum() == 80
        rows = [t.X[(t.metadata["session"] == name).to_numpy()] for t in (trials, derived)]
        assert {x.tobytes() for x in rows[0]} == {x.tobytes() for x in rows[1]}


def test_trials_without_labels_are_refused(trials):
    with pytest.raises(ConfigError, match="with labels"):
        derive(trials.unlabelled(), n_trials=5)


def config(**more):
    return DataConfig(dataset="SimulatedMI", params=SMALL, **more)


def test_without_a_regime_the_cache_is_as_it_always_was(tmp_path):
    folder = prepare_trials(config(), Preprocessing(), cache_dir=tmp_path)
    parts = json.loads((folder / "key.json").read_text())
    assert set(parts) == {"data_version", "dataset", "selection", "preprocessing", "versions"}
    assert "regime" not in json.dumps(parts)
    plain = prepare_trials(
        config(regime=Regime(held_out=True)), Preprocessing(), cache_dir=tmp_path
    )
    assert plain == folder


def test_derived_trials_have_a_folder_of_their_own_beside_the_whole(tmp_path):
    regime = Regime(n_trials=12, artefact_share=0.2)
    whole = prepare_trials(config(), Preprocessing(), cache_dir=tmp_path)
    folder = prepare_trials(config(regime=regime), Preprocessing(), cache_dir=tmp_path)
    assert folder != whole
    assert {path.name for path in whole.parent.iterdir()} == {whole.name, folder.name}
    written = (folder / "X.npy").stat().st_mtime_ns
    held_out = regime.model_copy(update={"held_out": True})
    assert prepare_trials(config(regime=held_out), Preprocessing(), cache_dir=tmp_path) == folder
    assert (folder / "X.npy").stat().st_mtime_ns == written
    other = prepare_trials(config(regime=Regime(n_trials=12)), Preprocessing(), cache_dir=tmp_path)
    assert other not in (folder, whole)


def test_loaded_trials_are_the_derived_ones():
    regime = Regime(n_trials=12, artefact_share=0.2, channels=["C3", "C4"], shuffled=True)
    loaded = load_dataset(config(regime=regime))
    derived = derive_trials(load_dataset(config()), regime)
    np.testing.assert_array_equal(loaded.X, derived.X)
    np.testing.assert_array_equal(loaded.y, derived.y)
    assert loaded.ch_names == ["C3", "C4"]


def at_rest(trials, missing=(3, 50)):
    rest = np.random.default_rng(5).normal(0, 10, (len(trials), 5, 40)).astype(np.float32)
    rest[list(missing)] = np.nan
    return EEGTrials(trials.X, trials.y, trials.metadata, trials.info, rest=rest)


@pytest.mark.parametrize("order", [{}, {"shuffled": True}, {"cues_in_blocks": 4}])
def test_rest_windows_are_disturbed_as_the_trials_and_stay_with_them(trials, order):
    given = at_rest(trials)
    quiet = {**EVERYTHING, **order, "artefact_share": 0.0, "dead_channels": 0, "noisy_channels": 0}
    derived, plain = derive(given, **quiet), derive(trials, **quiet)
    np.testing.assert_array_equal(derived.X, plain.X)
    as_trials = EEGTrials.trusted(given.rest, given.y, given.metadata, given.info)
    again = derive(as_trials, **{**quiet, "duration": None})  # the same mixing and gain
    assert derived.rest.shape == (len(derived), 3, 40)
    np.testing.assert_array_equal(derived.rest, again.X)


def test_missing_rest_windows_stay_missing_where_channels_are_spoilt(trials):
    derived = derive(at_rest(trials), dead_channels=1, noisy_channels=1)
    assert np.flatnonzero(~derived.has_rest).tolist() == [3, 50]
    assert np.isfinite(derived.rest[derived.has_rest]).all()
    spoilt = derived.rest[:40][derived.has_rest[:40]].std(axis=(0, 2))
    assert spoilt.min() < 2
    assert spoilt.max() > 50
