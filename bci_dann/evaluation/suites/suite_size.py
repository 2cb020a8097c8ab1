"""Tasks of a suite in a dry run, and estimates of its trials, disk space, memory and time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann.evaluation.runs.cost.run_cost import planned_cost
from bci_dann.evaluation.runs.preflight import check_pipelines
from bci_dann.evaluation.runs.runner import LEAVE_ONE_SUBJECT_OUT, planned_tasks, task_table

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.evaluation.runs.resolved_run import ResolvedRun

__all__ = ["planned_suite"]


def planned_suite(runs: dict[str, ResolvedRun]) -> pd.DataFrame:
    """Check pipelines, and return the tasks of a suite with estimates of the effort in ``attrs``.

    Parameters
    ----------
    runs : dict of str to ResolvedRun
        The run on each dataset, by name of the dataset in the suite.

    Returns
    -------
    pandas.DataFrame
        One row for each task: ``dataset`` (its name in the suite), ``pipeline``, ``protocol``,
        ``seed``, ``subject``. For each dataset, ``attrs["sizes"]`` contains ``n_subjects``,
        ``n_tasks``, and the results of :func:`planned_cost`, such as ``trials`` and ``seconds``.

    Raises
    ------
    ConfigError, DataError, ResultsError
        See :func:`bci_dann.run_benchmark`.
    """
    import pandas as pd

    first = next(iter(runs.values()))  # runs of a suite differ only in their data
    check_pipelines(first.pipelines, first.config.seeds[0], first.config.preprocessing)
    tables, sizes = [], {}
    for name, run in runs.items():
        table = task_table(planned_tasks(run, LEAVE_ONE_SUBJECT_OUT)).assign(dataset=name)
        tables.append(table)
        n_subjects = table["subject"].nunique()
        sizes[name] = {
            "n_subjects": n_subjects,
            "n_tasks": len(table),
            **planned_cost(run, table),
        }
    tasks = pd.concat(tables, ignore_index=True)
    tasks.attrs["sizes"] = sizes
    return tasks
