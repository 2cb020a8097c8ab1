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
    "seconds": 7200.0,
    "untimed": [],
}


@pytest.fixture
def told(capsys):
    def print_of(**changed):
        print_cost({**COST, **changed}, Path("runs/mine"))
        return " ".join(capsys.readouterr().out.split())

    return print_of


def test_disk_memory_and_time_are_told(told, monkeypatch):
    monkeypatch.setenv("BCI_DANN_CACHE", "cache")
    text = told()
    assert "5184 at most, 234 MB on disk in cache" in text
    assert "2.4 GB of memory for each of 2 processes" in text
    assert "Time: about 2.0 h for 6 tasks without a record, by the records in runs/mine." in text
    assert "about 10 min" in told(seconds=600.0)


def test_what_is_not_known_is_said(told):
    assert "their size is not known before" in told(trials=math.nan, megabytes=math.nan)
    assert "not known where `resample` is not set" in told(megabytes=math.nan)
    assert "not known before a first task has run" in told(n_timed=0)
    assert "not known for dann, rts_im." in told(n_timed=2, untimed=["dann", "rts_im"])
    assert "all tasks have their records" in told(n_missing=0)


def test_a_download_names_the_data_set_and_the_folder(capsys):
    print_downloads(Path("data"), ["BNCI2014_001"])
    print_downloads(None)
    text = " ".join(capsys.readouterr().out.split())
    assert "Nothing was downloaded. A run downloads BNCI2014_001 to data." in text
    assert "A run downloads to the folder that MNE_DATA names" in text
