"""Tables for publication: a CSV file whose head says which commands computed it, where and when."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann._files import write_atomically
from bci_dann.evaluation.pseudo_online.window_results import read_window_scores
from bci_dann.evaluation.regimes.regime_table import (
    REGIME_COLUMNS,
    SUMMARY_NAMES,
    TABLE_FILE,
    compare_with_baselines,
    summarise_regimes,
)
from bci_dann.evaluation.runs.invocations import (
    Invocation,
    current_invocation,
    read_invocations,
)
from bci_dann.evaluation.runs.records import versions
from bci_dann.evaluation.score_table import parse_score_table, read_score_table
from bci_dann.evaluation.summary import REFERENCE, reference_among
from bci_dann.exceptions import ConfigError, ResultsError
from bci_dann.reporting.trial_curve import online_curve

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PublishedTable", "publish", "publish_own", "read_published"]

# Digits of the figures in a file: more than any page shows, few enough to compare two files.
SIGNIFICANT_DIGITS = 6


@dataclass(frozen=True, eq=False)
class PublishedTable:
    """A table with its provenance.

    Attributes
    ----------
    rows : pandas.DataFrame
        The table.
    note : str
        What was measured on which data, in one sentence.
    invocations : list of Invocation
        The commands that computed the table, the first one first.
    """

    rows: pd.DataFrame
    note: str
    invocations: list[Invocation] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Write the table as CSV, below its provenance in lines that begin with ``#``.

        Parameters
        ----------
        path : pathlib.Path
            The file; an existing one is replaced in one step. ``pandas.read_csv(path,
            comment="#")`` reads it.

        Raises
        ------
        ResultsError
            When the file cannot be written.
        """
        lines = [f"# note: {_in_one_line(self.note)}", *_provenance(self.invocations)]
        buffer = io.StringIO()
        self.rows.to_csv(buffer, index=False, float_format=f"%.{SIGNIFICANT_DIGITS}g")
        write_atomically(path, "\n".join([*lines, buffer.getvalue()]).encode())


def publish(
    folder: str | Path,
    note: str,
    reference: str | None = None,
    join: str | Path | None = None,
    over_trials: bool = False,
) -> PublishedTable:
    """Summarise a results folder, with the commands that filled it.

    Parameters
    ----------
    folder : str or pathlib.Path
        A results folder, as ``bci-dann run`` writes it; or one with a results folder for each
        regime, whose ``regimes.csv`` is then the table.
    note : str
        What was measured on which data, in one sentence.
    reference : str or None
        The pipeline that gains are taken against. By default that of the report: ``source_only``,
        or the simplest pipeline of the run. In regimes it is the best of the baselines.
    join : str, pathlib.Path or None
        A published table of the same configuration, with other regimes or other pipelines. Its
        rows and its commands are kept, but for pipelines and regimes that the folder holds.
    over_trials : bool
        Whether the table is :func:`online_curve`, accuracy over the number of trials.

    Returns
    -------
    PublishedTable
        One row a pipeline and protocol, as :func:`bci_dann.evaluation.summarise` returns them, or
        :func:`bci_dann.evaluation.summarise_windows` of a pseudo-online run; of
        regimes one row a regime, pipeline and protocol, and at the end the worst and the mean
        difference over regimes, ``worst`` and ``mean`` in the column ``regime``.

    Raises
    ------
    ConfigError
        When a reference is given for a folder of regimes, or a table to join for another one.
    ResultsError
        When it is no results folder, holds no finished task, or was filled by a version that
        did not keep its commands.

    See Also
    --------
    read_published : The way back.
    """
    from bci_dann.evaluation import open_results, summarise, summarise_windows

    path = Path(folder)
    if (path / TABLE_FILE).is_file():
        if reference is not None or over_trials:
            raise ConfigError(
                f"{path} holds regimes, whose table compares with the best of the baselines: leave "
                "--reference and --over-trials out, or give the folder of one regime."
            )
        return _published_regimes(path, note, None if join is None else read_published(join))
    if join is not None:
        raise ConfigError(
            f"tables are joined regime by regime, and {path} holds no {TABLE_FILE}. Give the "
            "folder of a run over regimes, or leave --join out."
        )
    invocations = read_invocations(path)
    if not invocations:
        raise ResultsError(
            f"{path} does not say which commands filled it: there is no invocations.json. Give the "
            "folder that `bci-dann run` has written; one of an earlier version must be run again."
        )
    if over_trials:
        return PublishedTable(online_curve(path), note, invocations)
    windows = read_window_scores(path)
    if windows is not None:
        return PublishedTable(summarise_windows(windows), note, invocations)
    results = _results(path)
    if reference is None:
        names = list(open_results(path).manifest.pipelines)
        reference = reference_among(names, set(results["pipeline"])) or REFERENCE
    return PublishedTable(summarise(results, _n_classes(path), reference), note, invocations)


def publish_own(rows: pd.DataFrame, note: str, path: Path) -> None:
    """Write a table that this process has computed, with its command as provenance.

    Parameters
    ----------
    rows : pandas.DataFrame
        The table.
    note : str
        What was measured on which data, in one sentence.
    path : pathlib.Path
        The CSV file; an existing one is replaced.

    Raises
    ------
    ResultsError
        When the file cannot be written.
    """
    PublishedTable(rows, note, [current_invocation(versions())]).write(path)


def read_published(path: str | Path) -> PublishedTable:
    """Read a table that :meth:`PublishedTable.write` has written.

    Parameters
    ----------
    path : str or pathlib.Path
        The CSV file.

    Returns
    -------
    PublishedTable
        The rows and their provenance.

    Raises
    ------
    ResultsError
        When the file is missing, or is no table with provenance.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines(keepends=True)
    except OSError as error:
        raise ResultsError(f"{path} cannot be read: {error.strerror or error}.") from error
    head = [line[1:].strip() for line in lines if line.startswith("#")]
    pairs = [line.partition(": ")[::2] for line in head]
    if not pairs or pairs[0][0] != "note":
        raise ResultsError(
            f"{path} is no published table: its first line must be `# note: ...`. Write it with "
            "`bci-dann publish`."
        )
    body = "".join(line for line in lines if not line.startswith("#"))
    return PublishedTable(parse_score_table(body), pairs[0][1], _invocations(pairs[1:]))


def _published_regimes(folder: Path, note: str, others: PublishedTable | None) -> PublishedTable:
    """Return the table of a folder with regimes; a command that filled several is named once."""
    import pandas as pd

    rows = read_score_table(folder / TABLE_FILE)
    if rows.empty:
        raise ResultsError(f"{folder / TABLE_FILE} is empty: no regime has been finished yet.")
    names = rows["regime"].unique()
    every = [one for name in names for one in read_invocations(folder / name)]
    if others is not None:
        every = [*others.invocations, *every]
        rows = _with_published_rows(rows, others.rows)
    first: dict[tuple[str, str, str], Invocation] = {}
    for one in sorted(every, key=lambda one: one.date):
        first.setdefault((one.command, one.commit, one.machine), one)
    summary = summarise_regimes(rows).rename(columns={"summary": "regime"})
    return PublishedTable(pd.concat([rows, summary], ignore_index=True), note, list(first.values()))


def _with_published_rows(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Return rows of a table of regimes, and those of a published table that these do not hold."""
    import pandas as pd

    if not set(REGIME_COLUMNS) <= set(others):
        raise ResultsError(
            "the table to join is none of regimes: it has the columns "
            f"{', '.join(map(str, others))}. Give one that was published from a run over regimes."
        )
    others = others.loc[~others["regime"].isin(SUMMARY_NAMES), list(REGIME_COLUMNS)]
    keys = ["regime", "pipeline", "protocol"]
    joined = pd.concat([others, rows], ignore_index=True).drop_duplicates(keys, keep="last")
    places = {name: place for place, name in enumerate(joined["regime"].unique())}
    joined = joined.sort_values("regime", key=lambda names: names.map(places), kind="stable")
    return compare_with_baselines(joined.reset_index(drop=True).astype({"is_baseline": bool}))


def _results(folder: Path) -> pd.DataFrame:
    path = folder / "results.csv"
    try:
        table = read_score_table(path)
    except (OSError, ValueError) as error:
        raise ResultsError(
            f"{path} cannot be read: {error}. Run into this folder first."
        ) from error
    if table.empty:
        raise ResultsError(f"{path} is empty: no task of this run has finished yet.")
    return table


def _n_classes(folder: Path) -> int:
    from bci_dann.evaluation.selection.subject_predictions import read_predictions

    for record in read_predictions(folder):
        return len(record.classes)
    raise ResultsError(
        f"{folder} has results.csv, but none of its records, which contain the classes. Restore "
        f"{folder / 'records'}, or run the configuration again."
    )


def _in_one_line(text: str) -> str:
    return " ".join(text.splitlines())


def _provenance(invocations: Sequence[Invocation]) -> list[str]:
    """Return the lines of the head; versions are those of the last command."""
    lines = []
    for one in invocations:
        lines += [f"# command: {_in_one_line(one.command)}", f"# commit: {one.commit}"]
        lines += [f"# date: {one.date}", f"# machine: {one.machine}"]
        lines += [f"# versions: {_joined(one.versions)}"]
        if one.platform:
            lines += [f"# platform: {_joined(one.platform)}"]
    return lines


def _invocations(pairs: Sequence[tuple[str, str]]) -> list[Invocation]:
    found: list[dict[str, str]] = []
    for key, value in pairs:
        if key == "command":
            found.append({})
        if found:
            found[-1][key] = value
    return [
        Invocation(
            date=one.get("date", ""),
            command=one["command"],
            commit=one.get("commit", ""),
            machine=one.get("machine", ""),
            versions=_separated(one.get("versions", "")),
            platform=_separated(one.get("platform", "")),
        )
        for one in found
    ]


def _joined(values: Mapping[str, str]) -> str:
    """Return names with their values as in ``"numpy 2.4.6, scipy 1.17.1"``."""
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _separated(text: str) -> dict[str, str]:
    """Return the values by name from the text of :func:`_joined`."""
    pairs = (one.partition(" ") for one in text.split(", ") if one)
    return {name: value for name, _, value in pairs}
