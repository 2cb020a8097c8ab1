"""What a dry run tells of disk, memory and time: no more than is known, and that rightly."""

from __future__ import annotations

import math

import pytest

from bci_dann.data import open_trials
from bci_dann.evaluation import RunOptions, resolve_run, run_benchmark

CONTENT = {
    "name": "mine",
    "data": {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 4, "sfreq": 64.0}},
    "preprocessing": {"band": [8, 28]},
    "pipelines": ["csp_lda", "ea_csp_lda"],
    "protocols": ["train"],
}


def cost_of(content, out, **options):
    cache = out.parent / "no_earlier_runs"
    options = {"progress": False, "dry_run": True, "cache_dir": cache, **options}
    return run_benchmark(content, out, **options).attrs["cost"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with the records of csp_lda only."""
    folder = tmp_path_factory.mktemp("cost")
    content = {**CONTENT, "pipelines": ["csp_lda"]}
    table = run_benchmark(content, folder / "out", progress=False, cache_dir=folder / "cache")
    return folder, content, table


def test_the_size_is_that_of_the_prepared_trials(finished):
    folder, content, _ = finished
    options = RunOptions(folder / "out", progress=False, cache_dir=folder / "cache")
    trials = open_trials(resolve_run(content, options).prepare_trials())
    cost = cost_of(CONTENT, folder / "none")
    assert cost["trials"] == len(trials.X)
    assert cost["megabytes"] == pytest.approx(trials.X.nbytes / 1e6, rel=0.01)
    assert cost["memory_megabytes"] > cost["megabytes"]
    shard = cost_of(CONTENT, folder / "none", shard="1/6")
    assert shard["trials"] == cost["trials"]  # one task trains on all subjects


def test_a_regime_has_files_of_its_own(tmp_path):
    regime = {**CONTENT, "data": {**CONTENT["data"], "regime": {"n_trials": 4}}}
    plain, derived = (cost_of(one, tmp_path / "out") for one in (CONTENT, regime))
    assert derived["megabytes"] == 2 * plain["megabytes"]
    assert derived["memory_megabytes"] == plain["memory_megabytes"]


def test_the_size_of_a_moabb_set_is_by_its_publication(tmp_path):
    content = {**CONTENT, "data": {"dataset": "BNCI2014_001", "subjects": [1, 2, 3]}}
    content["preprocessing"] = {"resample": 128}
    cost = cost_of(content, tmp_path / "out")
    assert cost["trials"] == 3 * 2 * 72 * 4
    assert cost["megabytes"] == pytest.approx(cost["trials"] * 22 * (4 * 128 + 1) * 4 / 1e6)


def test_several_data_sets_have_no_stated_size(tmp_path):
    entries = [
        {"dataset": "SimulatedMI", "name": name, "params": {"n_subjects": 2, "random_state": seed}}
        for seed, name in enumerate(("a", "b"))
    ]
    cost = cost_of({**CONTENT, "data": {"datasets": entries}}, tmp_path / "out")
    assert math.isnan(cost["trials"])
    assert math.isnan(cost["memory_megabytes"])


def test_time_is_told_by_records_only(finished):
    folder, content, table = finished
    unknown = cost_of(CONTENT, folder / "none")
    assert (unknown["n_missing"], unknown["n_timed"]) == (6, 0)
    done = cost_of(content, folder / "out")
    assert (done["n_missing"], done["seconds"]) == (0, 0)
    more = cost_of({**CONTENT, "seeds": [0, 1]}, folder / "out")
    assert (more["n_missing"], more["n_timed"], more["untimed"]) == (9, 3, ["ea_csp_lda"])
    one = table["fit_seconds"].mean()
    assert 3 * one <= more["seconds"] < 3 * one + 3
    two = cost_of({**CONTENT, "seeds": [0, 1]}, folder / "out", n_jobs=3)
    assert two["seconds"] == pytest.approx(more["seconds"] / 3)


def test_time_is_told_by_earlier_runs_in_proportion_to_the_data(finished):
    folder, content, table = finished
    cache = folder / "cache"
    same = cost_of(CONTENT, folder / "none", cache_dir=cache)
    assert (same["n_timed"], same["n_from_earlier_runs"]) == (3, 3)
    assert same["untimed"] == ["ea_csp_lda"]
    assert same["seconds"] == pytest.approx(3 * table["fit_seconds"].mean())
    params = {**content["data"]["params"], "n_trials": 8}
    double = {**content, "data": {**content["data"], "params": params}}
    cost = cost_of(double, folder / "none", cache_dir=cache)
    assert cost["seconds"] == pytest.approx(2 * same["seconds"])
    other = {**content, "variants": {"csp_lda": [{"n_components": 2}]}}
    unknown = cost_of(other, folder / "none", cache_dir=cache)
    assert unknown["untimed"] == ["csp_lda[n_components=2]"]


def test_records_in_the_folder_count_more_than_earlier_runs(finished):
    folder, content, _ = finished
    known = cost_of({**content, "seeds": [0, 1]}, folder / "out", cache_dir=folder / "cache")
    assert (known["n_timed"], known["n_from_earlier_runs"]) == (3, 0)


def test_records_of_other_trials_count_as_missing_and_tell_the_time(finished):
    folder, content, _ = finished
    fewer = {**content, "data": {**content["data"], "subjects": [1, 2]}}
    cost = cost_of(fewer, folder / "out")
    assert (cost["n_missing"], cost["n_timed"]) == (2, 2)
