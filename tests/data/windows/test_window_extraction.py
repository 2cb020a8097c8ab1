"""Trials with windows behind them: what methods learn from, idle time, and the files."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data import (
    DataConfig,
    Preprocessing,
    PseudoOnline,
    SimulatedMI,
    open_trials,
    prepare_trials,
)
from bci_dann.data.subset import SubsetConfig, resolve_subset
from bci_dann.data.windows.window_extraction import extract_with_windows
from bci_dann.data.windows.window_table import separated
from bci_dann.exceptions import DataError

STEPS = Preprocessing(band=(8, 30), window=(0.5, 2.5), resample=64, filter_method="causal")
PARAMS = {"n_subjects": 2, "n_trials": 4, "pause": 4.0, "ch_names": ["C3", "Cz", "C4"]}


def prepared(plan=None, steps=STEPS, **params):
    data = DataConfig(dataset="SimulatedMI", params={**PARAMS, **params})
    return open_trials(prepare_trials(data, steps, pseudo_online=plan))


def test_trials_are_those_of_a_run_without_windows():
    plain, rows = prepared(), prepared(PseudoOnline())
    bare, table = separated(rows)
    chosen = ~table.is_window & (rows.y != "idle")
    np.testing.assert_array_equal(rows.X[chosen], plain.X)
    np.testing.assert_array_equal(rows.y[chosen], plain.y)
    assert bare.metadata[chosen].reset_index(drop=True).equals(plain.metadata)


def test_idle_trials_are_as_many_as_those_of_a_class_and_touch_no_task():
    rows = prepared(PseudoOnline())
    _, table = separated(rows)
    own = (rows.subjects == "1") & ~table.is_window
    assert [(rows.y[own] == name).sum() for name in ("idle", "left_hand", "right_hand")] == [4] * 3
    assert (np.diff(table.start[own]) > 0).all()  # local references need the order of time
    idle = own & (rows.y == "idle")
    assert (table.task[idle] == "").all()
    assert (table.start[idle][1:] > table.end[idle][:-1]).all()


def test_a_class_of_the_data_may_be_idle_and_needs_no_further_trials():
    rows = prepared(PseudoOnline(idle="rest"), classes=["left_hand", "rest"])
    _, table = separated(rows)
    assert (~table.is_window).sum() == 2 * 2 * 4
    assert set(rows.y[table.is_window]) == {"left_hand", "rest"}


def test_times_survive_the_files_and_methods_do_not_see_them():
    rows = prepared(PseudoOnline(step=1.0))
    bare, table = separated(rows)
    assert list(bare.metadata) == ["subject", "session", "run"]
    np.testing.assert_allclose(
        np.diff(table.start[table.is_window & (rows.subjects == "1")]), 1.0, atol=1e-5
    )
    in_task = table.task != ""
    assert np.isfinite(table.onset[in_task]).all()
    assert np.isnan(table.onset[~in_task]).all()


def test_trials_without_windows_pass_as_they_are():
    plain = prepared()
    bare, table = separated(plain)
    assert bare is plain
    assert table is None


def test_other_windows_are_other_files():
    data = DataConfig(dataset="SimulatedMI", params=PARAMS)
    plans = (None, PseudoOnline(), PseudoOnline(step=1.0))
    folders = {prepare_trials(data, STEPS, pseudo_online=plan) for plan in plans}
    assert len(folders) == 3


def test_without_pauses_there_is_nothing_to_learn_idle_time_from():
    steps = STEPS.model_copy(update={"window": (0.0, 4.0)})
    with pytest.raises(DataError, match=r"no segment of .* s, the length of a window, between"):
        prepared(PseudoOnline(), steps, pause=0.0)


def test_tasks_that_start_after_their_cue_are_where_moabb_has_them():
    dataset = SimulatedMI(n_subjects=1, n_trials=4, pause=4.0, ch_names=["C3", "Cz", "C4"])
    dataset.interval = [2, 6]
    (rows,) = extract_with_windows(
        dataset, resolve_subset(dataset, SubsetConfig()), STEPS, PseudoOnline()
    )
    _, table = separated(rows)
    onsets = dataset.get_data([1])[1]["0"]["0"].annotations.onset  # of the task, 2 s after the cue
    trials = ~table.is_window & (rows.y != "idle")
    np.testing.assert_allclose(table.onset[trials], onsets, atol=1e-5)
    np.testing.assert_allclose(table.start[trials], onsets + 0.5, atol=1e-5)
    for onset, label in zip(onsets, rows.y[trials], strict=True):
        inside = table.is_window & (table.start >= onset) & (table.end <= onset + 4)
        assert inside.sum() > 2
        assert set(rows.y[inside]) == {label}
