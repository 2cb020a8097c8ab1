"""What a report is drawn from: scores, trials, what is missing, commands and cues of one run."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bci_dann.evaluation import open_results
from bci_dann.evaluation.metrics import METRICS, score
from bci_dann.evaluation.record_frames import TASK
from bci_dann.evaluation.regimes.regimes_folder import is_regimes_folder
from bci_dann.evaluation.runs.invocations import Invocation, read_invocations
from bci_dann.evaluation.runs.results import COLUMNS, ResultsFolder
from bci_dann.evaluation.stored_results import StoredResults
from bci_dann.evaluation.summary import reference_among
from bci_dann.exceptions import ResultsError
from bci_dann.reporting.run_report.completeness import Completeness, completeness_of
from bci_dann.reporting.run_report.scored_group import ScoredGroup

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RunContent", "read_run"]

SESSION = [*TASK, "session"]
# The simplest pipelines first: the first one that a run has is the one that others must beat.
SAME_SCORE = 1e-9  # results.csv holds all digits of a score


@dataclass(frozen=True, eq=False)
class RunContent:
    """A results folder as a report shows it.

    Attributes
    ----------
    stored : StoredResults
        The records.
    results : pandas.DataFrame
        As ``results.csv``; ``attrs`` holds ``n_classes``.
    is_recomputed : bool
        Whether ``results.csv`` was missing or did not agree with the records.
    completeness : Completeness
        What is missing, damaged and failed.
    invocations : list of Invocation
        The commands that filled the folder.
    account : pandas.DataFrame or None
        How many cues became trials, where the folder says so.
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
            For titles.
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
        order = {name: place for place, name in enumerate(self.stored.manifest.protocols)}
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
        names = set(rows["pipeline"])
        return reference_among([one for one in self.stored.manifest.pipelines if one in names])


def read_run(folder: str | Path) -> RunContent:
    """Read what a report shows of a results folder.

    Parameters
    ----------
    folder : str or pathlib.Path
        As ``bci-dann run`` has written it, finished or not.

    Returns
    -------
    RunContent
        Scores are those of ``results.csv`` where it agrees with the records, else they are
        computed from the records.

    Raises
    ------
    ResultsError
        When it is no results folder.
    """
    path = Path(folder)
    if is_regimes_folder(path):
        raise ResultsError(
            f"{path} holds regimes, each of which is a run: give the folder of one, such as "
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
    """Read ``results.csv``; ``None`` where it does not hold the accuracies of the records."""
    import pandas as pd

    try:
        table = pd.read_csv(
            stored.folder / "results.csv", dtype={"subject": str, "session": str, "pipeline": str}
        )
    except (OSError, ValueError):
        return None
    if not {*COLUMNS[:14]} <= set(table.columns) or stored.trials.empty:
        return None
    trials = stored.trials
    hits = trials["truth"] == trials["prediction"]
    expected = hits.groupby([trials[name] for name in SESSION]).mean()
    found = table.set_index(SESSION)["accuracy"]
    if len(found) != len(expected) or not found.index.is_unique:
        return None
    difference = (found - expected).abs()
    agrees = bool((difference <= SAME_SCORE).all())  # NaN, of a task in one of the two, does not
    return table if agrees else None


def _table_of_records(stored: StoredResults) -> pd.DataFrame:
    """Compute the rows of ``results.csv`` from the records."""
    import pandas as pd

    if stored.trials.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    names = [name for name in stored.trials if name.startswith("p_")]
    classes = [name.removeprefix("p_") for name in names]
    rows = []
    for key, trials in stored.trials.groupby(SESSION, sort=False):
        probabilities = trials[names].to_numpy(dtype=np.float64)
        scores = score(probabilities, trials["truth"].to_numpy(dtype=str), classes)
        rows.append({**dict(zip(SESSION, key, strict=True)), "n_test": len(trials), **scores})
    tasks = stored.tasks.drop(columns=["n_test", "predict_seconds", "version", "key"])
    table = pd.DataFrame(rows).merge(tasks, on=list(TASK))
    return table[[name for name in COLUMNS if name in table or name in METRICS]]
