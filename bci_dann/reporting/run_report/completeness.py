"""What a results folder lacks: tasks without a record, damaged records, and failures."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann.evaluation.runs.dispatch import FAILURES

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.evaluation.stored_results import StoredResults

__all__ = ["Completeness", "completeness_of"]

COLUMNS = ["pipeline", "protocol", "seed", "subject"]


@dataclass(frozen=True, eq=False)
class Completeness:
    """How much of a run is there.

    Attributes
    ----------
    n_planned : int
        Tasks that the folder's configuration consists of; 0 where its subjects are not known.
    missing : pandas.DataFrame
        Those without a record: ``pipeline``, ``protocol``, ``seed``, ``subject``.
    damaged : list of str
        Names of files that cannot be read.
    n_others : int
        Records of other code, other data or of nested choices, which no table shows.
    failures : dict of str to str
        Tasks of the last run that failed and still have no record, and the error of each.
    """

    n_planned: int
    missing: pd.DataFrame
    damaged: list[str] = field(default_factory=list)
    n_others: int = 0
    failures: dict[str, str] = field(default_factory=dict)


def completeness_of(stored: StoredResults, account: pd.DataFrame | None) -> Completeness:
    """Compare what a folder's configuration asks for with its records.

    Parameters
    ----------
    stored : StoredResults
        The records.
    account : pandas.DataFrame or None
        How many cues became trials; it names subjects that have no record yet.

    Returns
    -------
    Completeness
        Every pipeline of the folder counts under each of its protocols and seeds.
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
    """Return the target subjects, those without any record among them."""
    if stored.manifest.subjects is not None:
        return stored.manifest.subjects
    # folders of earlier versions do not name them
    known = list(stored.tasks["subject"].unique())
    if account is not None and stored.manifest.fixed.get("data", {}).get("regime") is None:
        known += account.loc[account["used"] > 0, "subject"].tolist()
    return sorted(set(known), key=lambda name: (len(name), name))


def _failures(folder: Path, missing: list[tuple[str, str, int, str]]) -> dict[str, str]:
    """Read the errors of the last run, of tasks that still have no record."""
    try:
        text = (folder / FAILURES).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    labels = {f"{name}, {where}, subject {who}, seed {n}" for name, where, n, who in missing}
    errors = {}
    for block in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
        label, _, traceback = block.partition("\n")
        if label in labels and traceback.strip():
            errors[label] = traceback.strip().splitlines()[-1]
    return errors
