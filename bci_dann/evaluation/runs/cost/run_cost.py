"""Estimated cost of a run before it begins: number of trials, disk space, memory and time."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from bci_dann.data.combined.combined_config import CombinedDataConfig, RunData
from bci_dann.data.dataset_names import RECORDINGS, SIMULATED
from bci_dann.data.dataset_summaries import DatasetSummary, dataset_summaries
from bci_dann.evaluation.runs.cost.durations import Durations
from bci_dann.evaluation.runs.manifest import manifest_of
from bci_dann.exceptions import ResultsError

if TYPE_CHECKING:
    import pandas as pd
    from moabb.datasets.base import BaseDataset

    from bci_dann.data import DataConfig
    from bci_dann.data.subset import Subset
    from bci_dann.evaluation.config.run_config import RunConfig
    from bci_dann.evaluation.runs.resolved_run import ResolvedRun

__all__ = ["planned_cost", "stated_size"]

# Size of a sample in single precision.
BYTES_PER_SAMPLE = 4
# Memory of a process (MB) without trials, and additional memory as a multiple of the trials' size.
# Measured on 1600 simulated trials of 15 channels and 4 s: csp_lda and ea_csp_lda need 8 times the
# size of the trials, mdm and bci_dann_light 5 times, in addition to 0.35 to 0.5 GB for libraries.
PROCESS_MEMORY_MB, MEMORY_PER_TRIALS_SIZE = 500.0, 8.0
# Columns by which planned tasks are matched with records. The dataset may have another name in a
# suite than in the records.
MATCHED_COLUMNS = ["pipeline", "protocol", "seed", "subject"]


def planned_cost(run: ResolvedRun, tasks: pd.DataFrame) -> dict[str, Any]:
    """Return the estimated disk space, memory and time of a run.

    Parameters
    ----------
    run : ResolvedRun
        The run.
    tasks : pandas.DataFrame
        Tasks of the run, in the form of a dry run.

    Returns
    -------
    dict
        ``trials``, ``megabytes`` (on disk) and ``memory_megabytes`` (of each process, on a CPU),
        NaN if they are not known; ``n_jobs``; ``n_missing``, the number of tasks without a record;
        ``n_timed``, the number of these whose pipeline has records, in the folder or of an earlier
        run on this machine; ``seconds``, the estimated time of these; ``n_from_earlier_runs``, how
        many of them are estimated by earlier runs; and ``untimed``, the other pipelines.
    """
    size = stated_size(run)
    n_jobs = run.options.n_jobs if run.options.n_jobs > 0 else (os.cpu_count() or 1)
    missing, seconds = _records(run, tasks)
    by_records = missing["pipeline"].map(seconds).astype(float)
    earlier = _earlier_seconds(run, size.pop("trials_times_channels"))
    timed = by_records.fillna(missing["pipeline"].map(earlier).astype(float))
    return {
        **size,
        "megabytes": size["megabytes"] * _n_files(run.config.data),
        "memory_megabytes": PROCESS_MEMORY_MB + MEMORY_PER_TRIALS_SIZE * size["megabytes"],
        "n_jobs": n_jobs,
        "n_missing": len(missing),
        "n_timed": int(timed.notna().sum()),
        "seconds": float(timed.sum()) / min(n_jobs, max(1, len(missing))),
        "n_from_earlier_runs": int((timed.notna() & by_records.isna()).sum()),
        "untimed": missing.loc[timed.isna(), "pipeline"].unique().tolist(),
    }


def _n_files(data: RunData) -> int:
    """Return how many copies of trials are stored: regimes store modified trials in addition."""
    return 1 if data.regime is None else 2


def _records(run: ResolvedRun, tasks: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the tasks without a record, and the mean duration (s) of the others by pipeline."""
    from bci_dann.evaluation.stored_results import open_results

    try:
        stored = open_results(run.folder.path)
    except ResultsError:
        return tasks, {}
    rows = stored.tasks
    times = (rows["fit_seconds"] + rows["predict_seconds"]).groupby(rows["pipeline"]).mean()
    same_code = stored.manifest.versions == dict(run.versions)
    same_data = stored.manifest.fixed == manifest_of(run.config, run.pipelines).fixed
    if not (same_code and same_data):  # tasks have other keys, and are all computed again
        return tasks, times.to_dict()
    finished = set(_task_tuples(rows))
    is_missing = [task not in finished for task in _task_tuples(tasks)]
    return tasks[is_missing], times.to_dict()


def _task_tuples(table: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Yield what identifies the task of each row."""
    yield from table[MATCHED_COLUMNS].itertuples(index=False, name=None)


def _earlier_seconds(run: ResolvedRun, n_values: float) -> dict[str, float | None]:
    """Return the duration of a task (s) by pipeline, estimated by runs in other folders."""
    durations = Durations.load(run.cache_folder)
    return {spec.name: durations.seconds(spec, n_values) for spec in run.pipelines}


def stated_size(run: ResolvedRun) -> dict[str, float]:
    """Return the maximum size of the prepared trials, from statements of the dataset.

    Parameters
    ----------
    run : ResolvedRun
        The run.

    Returns
    -------
    dict of str to float
        ``trials``, ``trials_times_channels`` and ``megabytes`` (10^6 bytes, on disk), from the cues
        of a folder of recordings, the parameters of the simulator, or the summary of MOABB. NaN if
        they are not known, as for several datasets or pseudo-online runs. Regimes use fewer trials,
        in separate files.
    """
    from bci_dann.data.subset import resolve_subset

    data, dataset = run.config.data, cast("BaseDataset", run.dataset)
    if isinstance(data, CombinedDataConfig) or run.config.pseudo_online is not None:
        return dict.fromkeys(("trials", "trials_times_channels", "megabytes"), math.nan)
    subset = resolve_subset(dataset, data)
    if data.dataset == RECORDINGS:
        trials, stated = _of_recordings(run, subset)
    else:
        stated = _simulated(run) if data.dataset == SIMULATED else _of_moabb(run.config, data)
        trials = len(subset.subjects) * len(subset.classes) * stated["sessions"] * stated["trials"]
    start, end = run.config.preprocessing.window
    begin_of_task, end_of_task = dataset.interval
    duration = (end_of_task - begin_of_task if end is None else end) - start
    sfreq = run.config.preprocessing.resample or stated["sfreq"]
    samples = duration * sfreq + 1
    n_values = trials * stated["channels"]
    megabytes = n_values * samples * BYTES_PER_SAMPLE / 1e6
    return {"trials": trials, "trials_times_channels": n_values, "megabytes": megabytes}


def _of_recordings(run: ResolvedRun, subset: Subset) -> tuple[float, dict[str, float]]:
    """Count the cues and channels of recordings; their sampling frequency is not read."""
    dataset: Any = run.dataset
    account = dataset.planned_account(subset)
    channels = run.config.preprocessing.channels
    used = dataset.channel_account().query("used_as != ''")["used_as"]
    return float(account["used"].sum()), {
        "sfreq": math.nan,
        "channels": float(len(channels) if channels else used.nunique()),
    }


def _simulated(run: ResolvedRun) -> dict[str, float]:
    dataset: Any = run.dataset
    return {
        "sessions": float(dataset.n_sessions),
        "trials": float(dataset.n_trials),
        "sfreq": float(dataset.sfreq),
        "channels": float(len(run.config.preprocessing.channels or dataset.ch_names)),
    }


def _of_moabb(config: RunConfig, data: DataConfig) -> dict[str, float]:
    """Read MOABB's summary, which counts trials per session or per subject."""
    name = data.dataset
    found = [one for one in dataset_summaries(name) if one.name == name]
    summary = found[0] if found else DatasetSummary(name)
    sessions = 1.0 if data.sessions == "first" else _number(summary.sessions)
    if isinstance(data.sessions, list):
        sessions = float(len(data.sessions))
    channels = config.preprocessing.channels
    return {
        "sessions": sessions,
        "trials": _number(summary.trials),
        "sfreq": _number(summary.sfreq),
        "channels": float(len(channels)) if channels else _number(summary.channels),
    }


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # a range, or nothing
        return math.nan
