"""What a report of regimes is drawn from: the run of each regime, and the table over all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann.evaluation.regimes.regime_table import RegimeResults, regime_table
from bci_dann.evaluation.regimes.regimes_folder import RegimesFolder, open_regimes
from bci_dann.evaluation.runs.invocations import Invocation
from bci_dann.evaluation.runs.results import MANIFEST_FILE
from bci_dann.exceptions import ResultsError
from bci_dann.reporting.run_report.run_content import RunContent, read_run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RegimesContent", "read_regimes"]


@dataclass(frozen=True, eq=False)
class RegimesContent:
    """A folder of regimes as a report shows it.

    Attributes
    ----------
    folder : pathlib.Path
        The folder.
    plan : RegimesFolder
        The regimes of the last command, and the baselines.
    runs : dict of str to RunContent
        The regimes that have a results folder.
    unreadable : dict of str to str
        The regimes whose results folder cannot be read, and why.
    table : pandas.DataFrame
        As ``regimes.csv``, computed anew.
    others : list of str
        Results folders of regimes that the last command did not name.
    """

    folder: Path
    plan: RegimesFolder
    runs: dict[str, RunContent]
    unreadable: dict[str, str]
    table: pd.DataFrame
    others: list[str]

    @property
    def name(self) -> str:
        """The name of the folder.

        Returns
        -------
        str
            For titles.
        """
        return self.folder.resolve().name

    @property
    def not_begun(self) -> list[str]:
        """The regimes without a results folder.

        Returns
        -------
        list of str
            Their names.
        """
        return [name for name in self.plan.held_out if name not in {**self.runs, **self.unreadable}]

    @property
    def invocations(self) -> list[Invocation]:
        """The commands that filled the folders.

        Returns
        -------
        list of Invocation
            A command that filled several is named once, with the time at which it came to the
            first of them.
        """
        found = sorted(
            (one for run in self.runs.values() for one in run.invocations),
            key=lambda one: one.date,
        )
        once = {(one.command, one.commit, one.machine): one for one in reversed(found)}
        return sorted(once.values(), key=lambda one: one.date)


def read_regimes(folder: Path) -> RegimesContent:
    """Read what a report shows of a run over regimes.

    Parameters
    ----------
    folder : pathlib.Path
        As ``bci-dann run`` has written it, finished or not.

    Returns
    -------
    RegimesContent
        Scores are those of the records of each regime.

    Raises
    ------
    ResultsError
        When it is no folder of regimes.
    """
    plan = open_regimes(folder)
    begun = sorted(path.parent.name for path in folder.glob(f"*/{MANIFEST_FILE}"))
    runs, unreadable = {}, {}
    for name in [name for name in plan.held_out if name in begun]:
        try:
            runs[name] = read_run(folder / name)
        except ResultsError as error:
            unreadable[name] = str(error)
    results = [
        RegimeResults(name, run.results, _n_subjects(run), plan.held_out[name])
        for name, run in runs.items()
        if not run.results.empty
    ]
    table = regime_table(results, plan.baselines)
    others = [name for name in begun if name not in plan.held_out]
    return RegimesContent(folder, plan, runs, unreadable, table, others)


def _n_subjects(run: RunContent) -> int:
    subjects = run.stored.manifest.subjects
    # folders of earlier versions do not name them
    return run.results["subject"].nunique() if subjects is None else len(subjects)
