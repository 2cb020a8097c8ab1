"""The file of window scores in the results folder of a pseudo-online run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann._files import write_atomically
from bci_dann.evaluation.score_table import read_score_table

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.evaluation.runs.records import Task
    from bci_dann.evaluation.runs.results import ResultsFolder

__all__ = ["WINDOW_TABLE", "read_window_scores", "write_window_scores"]

WINDOW_TABLE = "pseudo_online.csv"


def write_window_scores(folder: ResultsFolder, tasks: Sequence[Task]) -> None:
    """Write ``pseudo_online.csv``, if a folder has the results of a pseudo-online run.

    Parameters
    ----------
    folder : ResultsFolder
        The results folder.
    tasks : sequence of Task
        Tasks of the table; those without a record are left out.

    Raises
    ------
    ResultsError
        When the file cannot be written.
    """
    from bci_dann.evaluation.pseudo_online.window_scores import window_scores

    manifest = folder.manifest()
    plan = None if manifest is None else manifest.fixed.get("pseudo_online")
    if plan is not None:
        sessions = _sessions_with_trials(folder.account())
        table = window_scores(folder.finished(tasks), plan["idle"], sessions)
        write_atomically(folder.path / WINDOW_TABLE, table.to_csv(index=False).encode())


def read_window_scores(folder: str | Path) -> pd.DataFrame | None:
    """Read ``pseudo_online.csv``.

    Parameters
    ----------
    folder : str or pathlib.Path
        A results folder.

    Returns
    -------
    pandas.DataFrame or None
        See :func:`bci_dann.evaluation.pseudo_online.window_scores.window_scores`. ``None`` if
        there is no such file, because the run is not pseudo-online or no task is finished.
    """
    path = Path(folder) / WINDOW_TABLE
    if not path.is_file():
        return None
    return read_score_table(path)


def _sessions_with_trials(account: pd.DataFrame | None) -> dict[str, list[str]]:
    """Return the sessions of each subject in the order of recording, from the counts of cues."""
    if account is None:
        return {}
    subjects = account[account["used"] > 0].groupby("subject", sort=False)
    return {str(name): list(dict.fromkeys(rows["session"])) for name, rows in subjects}
