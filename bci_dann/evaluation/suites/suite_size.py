"""What a suite takes before it is run: tasks, trials, disk, memory and time, where known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann.evaluation.runs.cost.run_cost import planned_cost
from bci_dann.evaluation.runs.runner import LEAVE_ONE_SUBJECT_OUT, planned_tasks, task_table

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.evaluation.runs.resolved_run import ResolvedRun

__all__ = ["planned_suite"]


def planned_suite(runs: dict[str, ResolvedRun]) -> pd.DataFrame:
    """Return the tasks of a suite, with the size of each dataset in ``attrs``.

    Parameters
    ----------
    runs : dict of str to ResolvedRun
        The run on each dataset, by its name in the suite.

    Returns
    -------
    pandas.DataFrame
        One row a task: ``dataset``, the name in the suite, ``pipeline``, ``protocol``, ``seed``,
        ``subject``. ``attrs["sizes"]`` has for each dataset ``n_subjects``, ``n_tasks``, and
        what :func:`planned_cost` returns, such as ``trials`` and ``seconds``.

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
            **planned_cost(run, table),
        }
    tasks = pd.concat(tables, ignore_index=True)
    tasks.attrs["sizes"] = sizes
    return tasks
