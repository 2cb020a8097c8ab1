"""Printing of what a run would take: disk, memory, downloads and time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bci_dann.cli.console import print_sentence

__all__ = ["print_cost", "print_downloads"]

UNKNOWN_SIZE = "Prepared trials: their size is not known before they are prepared."
UNKNOWN_TIME = "Time: not known before a first task has run; results.csv then has fit_seconds."


def print_cost(cost: Mapping[str, Any], out: Path) -> None:
    """Print disk, memory and time of a run in sentences.

    Parameters
    ----------
    cost : mapping
        As :func:`bci_dann.evaluation.runs.run_cost.planned_cost` returns it.
    out : pathlib.Path
        The results folder.
    """
    print_sentence(_size_sentence(cost))
    print_sentence(_time_sentence(cost, out))


def print_downloads(data_dir: Path | None, names: Sequence[str] = ()) -> None:
    """Print where data sets are downloaded to.

    Parameters
    ----------
    data_dir : pathlib.Path or None
        The value of ``--data-dir``.
    names : sequence of str
        The data sets, where they are not named elsewhere.
    """
    where = data_dir or "the folder that MNE_DATA names, ~/mne_data by default"
    what = f" {', '.join(names)}" if names else ""
    print_sentence(f"Nothing was downloaded. A run downloads{what} to {where}.")


def _size_sentence(cost: Mapping[str, Any]) -> str:
    from bci_dann.data.cache import cache_root

    if not math.isfinite(cost["trials"]):
        return UNKNOWN_SIZE
    trials = f"Prepared trials: {cost['trials']:.0f} at most"
    if not math.isfinite(cost["megabytes"]):
        return f"{trials}; their size is not known where `resample` is not set."
    jobs = "1 process" if cost["n_jobs"] == 1 else f"each of {cost['n_jobs']} processes"
    return (
        f"{trials}, {_megabytes(cost['megabytes'])} on disk in {cache_root()}, and of the order of "
        f"{_megabytes(cost['memory_megabytes'])} of memory for {jobs}."
    )


def _time_sentence(cost: Mapping[str, Any], out: Path) -> str:
    if cost["n_missing"] == 0:
        return f"Time: none; all tasks have their records in {out}."
    if cost["n_timed"] == 0:
        return UNKNOWN_TIME
    text = (
        f"Time: about {_duration(cost['seconds'])} for {cost['n_timed']} tasks without a record, "
        f"by the records in {out}"
    )
    untimed = ", ".join(cost["untimed"])
    return f"{text}; not known for {untimed}." if untimed else f"{text}."


def _megabytes(value: float) -> str:
    return f"{value / 1000:.1f} GB" if value >= 1000 else f"{max(1.0, value):.0f} MB"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1.0, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
