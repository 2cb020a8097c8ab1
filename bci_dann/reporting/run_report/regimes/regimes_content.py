"""Content of a report over regimes: the run of each regime, and the table of all regimes."""

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
    """Content of a folder of regimes.

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
        The table of ``regimes.csv``, computed from the records.
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
            Name for titles.
        """
        return self.folder.resolve().name

    @property
    def not_begun(self) -> list[str]:
        """The regimes without a results folder.

        Returns
        -------
        list of str
            Names of the regimes.
        """
        return [name for name in self.plan.held_out if name not in {**self.runs, **self.unreadable}]

    @property
    def invocations(self) -> list[Invocation]:
        """The commands that computed the results.

        Returns
        -------
        list of Invocation
            A command that computed several regimes occurs once, with the time of the first regime.
        """
        latest_first = sorted(
            (command for run in self.runs.values() for command in run.invocations),
            key=lambda command: command.date,
            reverse=True,
        )
        # of equal commands, the earliest replaces later ones
        earliest = {
            (command.command, command.commit, command.machine): command for command in latest_first
        }
        return sorted(earliest.values(), key=lambda command: command.date)


def read_regimes(folder: Path) -> RegimesContent:
    """Read the content of a report over regimes.

    Parameters
    ----------
    folder : pathlib.Path
        The folder of a finished or unfinished run.

    Returns
    -------
    RegimesContent
        The content, with scores from the records of each regime.

    Raises
    ------
    ResultsError
        When the folder contains no regimes.
    """
    plan = open_regimes(folder)
    existing = sorted(path.parent.name for path in folder.glob(f"*/{MANIFEST_FILE}"))
    runs, unreadable = {}, {}
    for name in [name for name in plan.held_out if name in existing]:
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
    others = [name for name in existing if name not in plan.held_out]
    return RegimesContent(folder, plan, runs, unreadable, table, others)


def _n_subjects(run: RunContent) -> int:
    subjects = run.stored.manifest.subjects
    # folders of earlier versions do not contain the list of subjects
    return run.results["subject"].nunique() if subjects is None else len(subjects)
