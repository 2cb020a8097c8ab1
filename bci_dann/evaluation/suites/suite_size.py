"""What a suite takes before it is run: tasks, trials and disk space, as far as they are known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from bci_dann.data.combined.combined_config import one_dataset
from bci_dann.data.dataset_names import RECORDINGS, SIMULATED
from bci_dann.data.dataset_summaries import DatasetSummary, dataset_summaries
from bci_dann.evaluation.runs.runner import LEAVE_ONE_SUBJECT_OUT, planned_tasks, task_table

if TYPE_CHECKING:
    import pandas as pd
    from moabb.datasets.base import BaseDataset

    from bci_dann.data import DataConfig
    from bci_dann.evaluation.config.run_config import RunConfig
    from bci_dann.evaluation.runs.resolved_run import ResolvedRun

__all__ = ["planned_suite"]

BYTES = 4  # of a sample in single precision


def planned_suite(runs: dict[str, ResolvedRun]) -> pd.DataFrame:
    """Return the tasks of a suite, with the size of each data set in ``attrs``.

    Parameters
    ----------
    runs : dict of str to ResolvedRun
        The run on each data set, by its name in the suite.

    Returns
    -------
    pandas.DataFrame
        One row a task: ``dataset``, the name in the suite, ``pipeline``, ``protocol``, ``seed``,
        ``subject``. ``attrs["sizes"]`` has for each data set ``n_subjects``, ``n_tasks``,
        ``trials`` and ``megabytes``, the last two at most and by MOABB's own summary; NaN where
        that does not tell them.

    Raises
    ------
    ConfigError, DataError, ResultsError
        As :func:`bci_dann.run_benchmark` does in a dry run.
    """
    import pandas as pd

    tables, sizes = [], {}
    for name, run in runs.items():
        table = task_table(planned_tasks(run, LEAVE_ONE_SUBJECT_OUT)).assign(dataset=name)
        tables.append(table)
        n_subjects = table["subject"].nunique()
        sizes[name] = {
            "n_subjects": n_subjects,
            "n_tasks": len(table),
            **_stated_size(run, n_subjects),
        }
    tasks = pd.concat(tables, ignore_index=True)
    tasks.attrs["sizes"] = sizes
    return tasks


def _stated_size(run: ResolvedRun, n_subjects: int) -> dict[str, float]:
    """Return trials and megabytes after preparation, at most, by what the data set states."""
    data, dataset = one_dataset(run.config.data, "a suite"), cast("BaseDataset", run.dataset)
    if data.dataset == RECORDINGS:  # its account of cues is exact, and told elsewhere
        return {"trials": math.nan, "megabytes": math.nan}
    stated = _simulated(run) if data.dataset == SIMULATED else _of_moabb(run.config, data)
    classes = data.classes or list(dataset.event_id)
    trials = n_subjects * len(classes) * stated["sessions"] * stated["trials"]
    start, end = run.config.preprocessing.window
    begin_of_task, end_of_task = dataset.interval
    duration = (end_of_task - begin_of_task if end is None else end) - start
    sfreq = run.config.preprocessing.resample or stated["sfreq"]
    samples = duration * sfreq + 1
    return {"trials": trials, "megabytes": trials * stated["channels"] * samples * BYTES / 1e6}


def _simulated(run: ResolvedRun) -> dict[str, float]:
    dataset: Any = run.dataset
    return {
        "sessions": float(dataset.n_sessions),
        "trials": float(dataset.n_trials),
        "sfreq": float(dataset.sfreq),
        "channels": float(len(run.config.preprocessing.channels or dataset.ch_names)),
    }


def _of_moabb(config: RunConfig, data: DataConfig) -> dict[str, float]:
    """Read MOABB's summary, whose trials are of a session in some data sets, else of a subject."""
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
