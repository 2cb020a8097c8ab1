"""Sentences about what a run would take."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from bci_dann.cli.planned_costs import print_cost, print_downloads

COST = {
    "trials": 5184.0,
    "megabytes": 234.0,
    "memory_megabytes": 2372.0,
    "n_jobs": 2,
    "n_missing": 6,
    "n_timed": 6,
    "n_from_earlier_runs": 0,
    "seconds": 7200.0,
    "untimed": [],
}


@pytest.fixture
def printed_cost(capsys):
    def print_of(**changed):
        print_cost({**COST, **changed}, Path("runs/mine"))
        return " ".join(capsys.readouterr().out.split())

    return print_of


def test_disk_memory_and_time_are_printed_cost(printed_cost, monkeypatch):
    monkeypatch.setenv("BCI_DANN_CACHE", "cache")
    text = printed_cost()
    assert "at most 5184, 234 MB on disk in cache" in text
    assert "2.4 GB of memory for each of 2 processes" in text
    assert (
        "Time: about 2.0 h for 6 tasks without a record, estimated from the records in runs/mine."
        in text
    )
    assert "about 10 min" in printed_cost(seconds=600.0)


def test_unknown_sizes_and_times_are_stated(printed_cost):
    assert "the size is not known before" in printed_cost(trials=math.nan, megabytes=math.nan)
    assert "not known unless `resample` is set" in printed_cost(megabytes=math.nan)
    assert "not known before a task has finished" in printed_cost(n_timed=0)
    assert "not known for dann, rts_im." in printed_cost(n_timed=2, untimed=["dann", "rts_im"])
    assert "all tasks have records" in printed_cost(n_missing=0)


def test_the_basis_of_an_estimate_of_time_is_named(printed_cost):
    earlier = "earlier runs on this machine, in proportion to trials and channels."
    assert f"estimated from {earlier}" in printed_cost(n_from_earlier_runs=6)
    both = printed_cost(n_from_earlier_runs=2)
    assert f"estimated from the records in runs/mine and {earlier}" in both


def test_downloads_are_printed_with_dataset_and_folder(capsys):
    print_downloads(Path("data"), ["BNCI2014_001"])
    print_downloads(None)
    text = " ".join(capsys.readouterr().out.split())
    assert "Nothing was downloaded. A run downloads BNCI2014_001 to data." in text
    assert "A run downloads to the folder in MNE_DATA" in text
