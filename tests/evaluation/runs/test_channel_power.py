"""The power of trials beside the records: written once, read back, and missing without harm."""

from __future__ import annotations

import mne
import numpy as np

from bci_dann.data import EEGTrials
from bci_dann.evaluation import merge_runs, run_benchmark
from bci_dann.evaluation.runs.channel_power import (
    POWER_FILE,
    read_channel_power,
    write_channel_power,
)


def test_it_is_the_log_variance_of_each_trial(trials, tmp_path, monkeypatch):
    monkeypatch.setattr("bci_dann.evaluation.runs.channel_power.TRIALS_PER_CHUNK", 7)
    write_channel_power(tmp_path, trials, "key")
    found = read_channel_power(tmp_path)
    np.testing.assert_allclose(found.log_power, np.log(trials.X.var(axis=2)), rtol=1e-5)
    assert found.ch_names == trials.ch_names
    assert found.data_key == "key"


def test_positions_come_back(trials, tmp_path):
    info = trials.info.copy().set_montage(mne.channels.make_standard_montage("biosemi64"))
    placed = EEGTrials.trusted(trials.X, trials.y, trials.metadata, info)
    write_channel_power(tmp_path, placed, "key")
    again = read_channel_power(tmp_path).info
    for before, after in zip(info["chs"], again["chs"], strict=True):
        np.testing.assert_array_equal(before["loc"][:3], after["loc"][:3])


def test_it_is_written_for_other_trials_only(trials, tmp_path):
    write_channel_power(tmp_path, trials, "key")
    stamp = (tmp_path / POWER_FILE).stat().st_mtime_ns
    write_channel_power(tmp_path, trials, "key")
    assert (tmp_path / POWER_FILE).stat().st_mtime_ns == stamp
    write_channel_power(tmp_path, trials[:5], "other")
    assert read_channel_power(tmp_path).log_power.shape == (5, 3)


def test_a_flat_channel_has_a_finite_logarithm(trials, tmp_path):
    X = trials.X.copy()
    X[0, 0] = 0.0
    flat = EEGTrials.trusted(X, trials.y, trials.metadata, trials.info)
    write_channel_power(tmp_path, flat, "key")
    assert np.isfinite(read_channel_power(tmp_path).log_power).all()


def test_none_and_a_damaged_one_are_missing(trials, tmp_path):
    assert read_channel_power(tmp_path) is None
    (tmp_path / POWER_FILE).write_bytes(b"damaged")
    assert read_channel_power(tmp_path) is None
    write_channel_power(tmp_path, trials, "key")
    assert read_channel_power(tmp_path) is not None


def test_a_run_writes_it_and_a_merge_keeps_it(config, prepared, tmp_path):
    parts = [tmp_path / number for number in ("1", "2")]
    for number, part in zip(("1/2", "2/2"), parts, strict=True):
        run_benchmark(config, part, shard=number, progress=False)
    merge_runs(parts, tmp_path / "all")
    assert read_channel_power(tmp_path / "all").data_key == prepared.name
