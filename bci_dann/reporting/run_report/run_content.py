"""Content of the report of a run: scores, trials, missing tasks, commands and cues."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bci_dann.evaluation import open_results
from bci_dann.evaluation.metrics import METRICS, score
from bci_dann.evaluation.record_frames import TASK_COLUMNS
from bci_dann.evaluation.regimes.regimes_folder import is_regimes_folder
from bci_dann.evaluation.runs.invocations import Invocation, read_invocations
from bci_dann.evaluation.runs.results import COLUMNS, ResultsFolder
from bci_dann.evaluation.score_table import read_score_table
from bci_dann.evaluation.stored_results import StoredResults
from bci_dann.evaluation.summary import reference_among
from bci_dann.exceptions import ResultsError
from bci_dann.reporting.run_report.completeness import Completeness, completeness_of
from bci_dann.reporting.run_report.scored_group import ScoredGroup

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RunContent", "read_run"]

# Columns that identify a row of results.csv.
ROW_KEYS = [*TASK_COLUMNS, "session"]
# Largest difference of equal scores in results.csv and the records: the file contains all digits.
SCORE_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class RunContent:
    """Content of a results folder.

    Attributes
    ----------
    stored : StoredResults
        The records.
    results : pandas.DataFrame
        The table ``results.csv``, with ``n_classes`` in ``attrs``.
    is_recomputed : bool
        Whether ``results.csv`` was missing or differed from the records.
    completeness : Completeness
        Missing, damaged and failed tasks.
    invocations : list of Invocation
        The commands that computed the results.
    account : pandas.DataFrame or None
        Counts of used cues, if the folder contains them.
    """

    stored: StoredResults
    results: pd.DataFrame
    is_recomputed: bool
    completeness: Completeness
    invocations: list[Invocation]
    account: pd.DataFrame | None

    @property
    def name(self) -> str:
        """The name of the folder.

        Returns
        -------
        str
            Name for titles.
        """
        return self.stored.folder.resolve().name

    @property
    def classes(self) -> list[str]:
        """The classes of the trials.

        Returns
        -------
        list of str
            In the order of the columns of probabilities.
        """
        return [name.removeprefix("p_") for name in self.stored.trials if name.startswith("p_")]

    @functools.cached_property
    def groups(self) -> list[ScoredGroup]:
        """The datasets and protocols of the run.

        Returns
        -------
        list of ScoredGroup
            In the order of the configuration.
        """
        groups = []
        trials = self.stored.trials
        order = {name: index for index, name in enumerate(self.stored.manifest.protocols)}
        pairs = set(zip(self.results["dataset"], self.results["protocol"], strict=True))
        for dataset, protocol in sorted(pairs, key=lambda pair: (pair[0], order[pair[1]])):
            rows, own = (
                table[(table["dataset"] == dataset) & (table["protocol"] == protocol)]
                for table in (self.results, trials)
            )
            rows.attrs = dict(self.results.attrs)
            groups.append(ScoredGroup(dataset, protocol, rows, own, self._reference(rows)))
        return groups

    def _reference(self, rows: pd.DataFrame) -> str | None:
        return reference_among(list(self.stored.manifest.pipelines), set(rows["pipeline"]))


def read_run(folder: str | Path) -> RunContent:
    """Read the content of a results folder for a report.

    Parameters
    ----------
    folder : str or pathlib.Path
        The results folder of a finished or unfinished run.

    Returns
    -------
    RunContent
        The content. Scores are read from ``results.csv`` if it agrees with the records; otherwise
        they are computed from the records.

    Raises
    ------
    ResultsError
        When the folder is no results folder.
    """
    path = Path(folder)
    if is_regimes_folder(path):
        raise ResultsError(
            f"{path} contains several regimes: give the folder of a regime, such as "
            f"{path / _first_regime(path)}."
        )
    stored = open_results(path)
    results = _table_of_file(stored)
    is_recomputed = results is None
    if results is None:
        results = _table_of_records(stored)
    n_classes = sum(name.startswith("p_") for name in stored.trials)
    if n_classes and "pseudo_online" not in stored.manifest.fixed:  # windows overlap
        results.attrs["n_classes"] = n_classes
    account = ResultsFolder(path).account()
    complete = completeness_of(stored, account)
    return RunContent(stored, results, is_recomputed, complete, read_invocations(path), account)


def _first_regime(folder: Path) -> str:
    runs = sorted(path.parent.name for path in folder.glob("*/config.json"))
    return runs[0] if runs else "REGIME"


def _table_of_file(stored: StoredResults) -> pd.DataFrame | None:
    """Read ``results.csv``; ``None`` if its accuracies differ from those of the records."""
    try:
        table = read_score_table(stored.folder / "results.csv")
    except (OSError, ValueError):
        return None
    if not {*COLUMNS[:14]} <= set(table.columns) or stored.trials.empty:
        return None
    trials = stored.trials
    hits = trials["truth"] == trials["prediction"]
    expected = hits.groupby([trials[name] for name in ROW_KEYS]).mean()
    found = table.set_index(ROW_KEYS)["accuracy"]
    if len(found) != len(expected) or not found.index.is_unique:
        return None
    difference = (found - expected).abs()
    agrees = bool(
        (difference <= SCORE_TOLERANCE).all()
    )  # False for NaN: a task in only one of them
    return table if agrees else None


def _table_of_records(stored: StoredResults) -> pd.DataFrame:
    """Compute the rows of ``results.csv`` from the records."""
    import pandas as pd

    if stored.trials.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    names = [name for name in stored.trials if name.startswith("p_")]
    classes = [name.removeprefix("p_") for name in names]
    rows = []
    for key, trials in stored.trials.groupby(ROW_KEYS, sort=False):
        probabilities = trials[names].to_numpy(dtype=np.float64)
        scores = score(probabilities, trials["truth"].to_numpy(dtype=str), classes)
        rows.append({**dict(zip(ROW_KEYS, key, strict=True)), "n_test": len(trials), **scores})
    tasks = stored.tasks.drop(columns=["n_test", "predict_seconds", "version", "key"])
    table = pd.DataFrame(rows).merge(tasks, on=list(TASK_COLUMNS))
    return table[[name for name in COLUMNS if name in table or name in METRICS]]
