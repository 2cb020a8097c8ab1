"""Printing of a dry run: tasks, cues, disk space, memory, downloads and time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.cli.accounts import print_account
from bci_dann.cli.console import print_sentence, print_table

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.evaluation import RunConfig

__all__ = [
    "print_cost",
    "print_downloads",
    "print_plan",
    "print_planned_account",
    "print_planned_cost",
    "print_regime_plan",
]

PLAN_COLUMNS = ("pipeline", "protocol", "seeds", "target subjects", "tasks")
REGIME_PLAN_COLUMNS = ("regime", "pipelines", "protocols", "seeds", "target subjects", "tasks")

UNKNOWN_SIZE = "Prepared trials: the size is not known before preparation."
UNKNOWN_TIME = "Time: not known before a task has finished; see fit_seconds in results.csv then."


def print_regime_plan(tasks: pd.DataFrame, out: Path) -> None:
    """Print the tasks of a dry run over regimes, one row for each regime.

    Parameters
    ----------
    tasks : pandas.DataFrame
        The result of :func:`bci_dann.evaluation.run_regimes` in a dry run.
    out : pathlib.Path
        The folder of the run.
    """
    rows = [
        (
            str(regime),
            str(group["pipeline"].nunique()),
            _joined(group["protocol"]),
            _joined(group["seed"]),
            _joined(group["subject"]),
            str(len(group)),
        )
        for regime, group in tasks.groupby("regime", sort=False)
    ]
    print_table("Tasks", REGIME_PLAN_COLUMNS, rows, lines=False)
    print_sentence(f"{len(tasks)} tasks in {len(rows)} regimes; results will be written to {out}")


def print_plan(tasks: pd.DataFrame, out: Path) -> None:
    """Print the tasks of a dry run, one row for each pipeline and protocol.

    Parameters
    ----------
    tasks : pandas.DataFrame
        The result of :func:`bci_dann.run_benchmark` in a dry run.
    out : pathlib.Path
        The results folder.
    """
    groups = tasks.groupby(["pipeline", "protocol"], sort=False)
    rows = [
        (*names, _joined(group["seed"]), _joined(group["subject"]), str(len(group)))
        for names, group in groups
    ]
    print_table("Tasks", PLAN_COLUMNS, rows)
    print_sentence(f"{len(tasks)} tasks; results will be written to {out}")


def print_planned_account(config: RunConfig, data_dir: Path | None) -> None:
    """Print the counts of cues of recordings in a folder; for other datasets they are unknown.

    Parameters
    ----------
    config : RunConfig
        The configuration.
    data_dir : pathlib.Path or None
        The value of ``--data-dir``.
    """
    from bci_dann.data import make_dataset
    from bci_dann.data.combined.combined_config import each_dataset
    from bci_dann.data.recordings.folder import Recordings
    from bci_dann.data.subset import resolve_subset

    for data, folder in each_dataset(config.data, data_dir):
        dataset = make_dataset(data, folder)
        if isinstance(dataset, Recordings):
            print_account(dataset.planned_account(resolve_subset(dataset, data)))
            print_sentence("The signals were not checked; `bci-dann check` does that")


def print_planned_cost(
    config: RunConfig, tasks: pd.DataFrame, out: Path, data_dir: Path | None
) -> None:
    """Print the disk space, memory and time that a run needs, and its downloads.

    Parameters
    ----------
    config : RunConfig
        The configuration.
    tasks : pandas.DataFrame
        The result of :func:`bci_dann.run_benchmark` in a dry run.
    out : pathlib.Path
        The results folder.
    data_dir : pathlib.Path or None
        The value of ``--data-dir``.
    """
    from bci_dann.data.combined.combined_config import each_dataset
    from bci_dann.data.dataset_names import RECORDINGS, SIMULATED

    print_cost(tasks.attrs["cost"], out)
    names = {data.dataset: folder for data, folder in each_dataset(config.data, data_dir)}
    for name, folder in names.items():
        if name not in (RECORDINGS, SIMULATED):
            print_downloads(None if folder is None else Path(folder), [name])


def print_cost(cost: Mapping[str, Any], out: Path) -> None:
    """Print the disk space, memory and time that a run needs.

    Parameters
    ----------
    cost : mapping
        The result of :func:`bci_dann.evaluation.runs.cost.run_cost.planned_cost`.
    out : pathlib.Path
        The results folder.
    """
    print_sentence(_size_sentence(cost))
    print_sentence(_time_sentence(cost, out))


def print_downloads(data_dir: Path | None, names: Sequence[str] = ()) -> None:
    """Print that nothing was downloaded, and where a run would download datasets to.

    Parameters
    ----------
    data_dir : pathlib.Path or None
        The value of ``--data-dir``.
    names : sequence of str
        Datasets to name in the sentence.
    """
    where = data_dir or "the folder in MNE_DATA, ~/mne_data by default"
    what = f" {', '.join(names)}" if names else ""
    print_sentence(f"Nothing was downloaded. A run downloads{what} to {where}.")


def _joined(values: pd.Series[Any]) -> str:
    return ", ".join(str(value) for value in values.unique())


def _size_sentence(cost: Mapping[str, Any]) -> str:
    from bci_dann.data.cache import cache_root

    if not math.isfinite(cost["trials"]):
        return UNKNOWN_SIZE
    trials = f"Prepared trials: at most {cost['trials']:.0f}"
    if not math.isfinite(cost["megabytes"]):
        return f"{trials}; their size is not known unless `resample` is set."
    jobs = "1 process" if cost["n_jobs"] == 1 else f"each of {cost['n_jobs']} processes"
    return (
        f"{trials}, {_megabytes(cost['megabytes'])} on disk in {cache_root()}, and about "
        f"{_megabytes(cost['memory_megabytes'])} of memory for {jobs}."
    )


def _time_sentence(cost: Mapping[str, Any], out: Path) -> str:
    if cost["n_missing"] == 0:
        return f"Time: none, because all tasks have records in {out}."
    if cost["n_timed"] == 0:
        return UNKNOWN_TIME
    text = (
        f"Time: about {_duration(cost['seconds'])} for {cost['n_timed']} tasks without a record, "
        f"estimated from {_basis(cost, out)}"
    )
    untimed = ", ".join(cost["untimed"])
    text = f"{text}; not known for {untimed}." if untimed else f"{text}."
    return f"{text} Reading and filtering of recordings, and the report, take additional minutes."


def _basis(cost: Mapping[str, Any], out: Path) -> str:
    """Return which records an estimate of time is based on."""
    earlier = "earlier runs on this machine, in proportion to trials and channels"
    if cost["n_from_earlier_runs"] == 0:
        return f"the records in {out}"
    if cost["n_from_earlier_runs"] == cost["n_timed"]:
        return earlier
    return f"the records in {out} and {earlier}"


def _megabytes(value: float) -> str:
    return f"{value / 1000:.1f} GB" if value >= 1000 else f"{max(1.0, value):.0f} MB"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1.0, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
