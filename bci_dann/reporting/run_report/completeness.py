"""Missing parts of a results folder: tasks without a record, damaged records, failures."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann.evaluation.runs.dispatch import FAILURES_FILE, failure_reason

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.evaluation.stored_results import StoredResults

__all__ = ["Completeness", "completeness_of"]

COLUMNS = ["pipeline", "protocol", "seed", "subject"]


@dataclass(frozen=True, eq=False)
class Completeness:
    """Completeness of the results of a run.

    Attributes
    ----------
    n_planned : int
        Number of tasks of the configuration; 0 if its subjects are not known.
    missing : pandas.DataFrame
        The tasks without a record: ``pipeline``, ``protocol``, ``seed``, ``subject``.
    damaged : list of str
        Names of record files that cannot be read.
    n_others : int
        Number of records that are not shown: of other code, other data or nested choices.
    failures : dict of str to str
        Errors of the last run by task, for tasks that still have no record.
    """

    n_planned: int
    missing: pd.DataFrame
    damaged: list[str] = field(default_factory=list)
    n_others: int = 0
    failures: dict[str, str] = field(default_factory=dict)


def completeness_of(stored: StoredResults, account: pd.DataFrame | None) -> Completeness:
    """Compare the tasks of a folder's configuration with its records.

    Parameters
    ----------
    stored : StoredResults
        The records.
    account : pandas.DataFrame or None
        Counts of used cues, which contain the subjects without a record.

    Returns
    -------
    Completeness
        Each pipeline is expected under each protocol and seed of the folder.
    """
    import pandas as pd

    manifest = stored.manifest
    grid = itertools.product(
        manifest.pipelines, manifest.protocols, manifest.seeds, _subjects(stored, account)
    )
    planned = list(grid)
    finished = set(stored.tasks[COLUMNS].itertuples(index=False, name=None))
    missing = [task for task in planned if task not in finished]
    n_files = len(list((stored.folder / "records").glob("*.npz")))
    return Completeness(
        n_planned=len(planned),
        missing=pd.DataFrame(missing, columns=COLUMNS),
        damaged=[path.name for path in stored.damaged],
        n_others=n_files - len(stored.tasks) - len(stored.damaged),
        failures=_failures(stored.folder, missing),
    )


def _subjects(stored: StoredResults, account: pd.DataFrame | None) -> list[str]:
    """Return the target subjects, including those without a record."""
    if stored.manifest.subjects is not None:
        return stored.manifest.subjects
    # folders of earlier versions do not contain the list of subjects
    known = list(stored.tasks["subject"].unique())
    if account is not None and stored.manifest.fixed.get("data", {}).get("regime") is None:
        known += account.loc[account["used"] > 0, "subject"].tolist()
    return sorted(set(known), key=lambda name: (len(name), name))


def _failures(folder: Path, missing: list[tuple[str, str, int, str]]) -> dict[str, str]:
    """Read the errors of the last run, for tasks that still have no record."""
    try:
        text = (folder / FAILURES_FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    labels = {
        f"{pipeline}, {protocol}, subject {subject}, seed {seed}"
        for pipeline, protocol, seed, subject in missing
    }
    errors = {}
    for block in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
        label, _, traceback = block.partition("\n")
        if label in labels and traceback.strip():
            errors[label] = failure_reason(traceback)
    return errors
