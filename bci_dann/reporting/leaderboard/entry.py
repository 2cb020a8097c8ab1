"""Entries of a leaderboard: the scores of one run, as a JSON file that others can write, too."""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from bci_dann._config import StrictModel, validate
from bci_dann.evaluation import common_accuracy, summarise
from bci_dann.evaluation.statistics.intervals import mean_interval
from bci_dann.exceptions import ConfigError, ResultsError
from bci_dann.reporting.run_report.run_content import read_run

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.reporting.run_report.run_content import RunContent
    from bci_dann.reporting.run_report.scored_group import ScoredGroup

__all__ = ["SCHEMA", "Entry", "Score", "entry_of_run", "read_entry", "slug"]

SCHEMA: Literal["bci_dann.leaderboard/1"] = "bci_dann.leaderboard/1"
LONGEST_NAME = 100  # of an entry, and so of its file
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Percent = Annotated[float, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
# Links stay below the site: no address of elsewhere, and no script, comes in by an entry.
LINK = re.compile(r"(?!/)(?:(?!\.\.(?:/|$))[\w.@-]+/?)+")


class Score(StrictModel):  # numpydoc ignore=PR02
    """The scores of one method on one dataset under one protocol.

    Parameters
    ----------
    dataset, protocol, method : str
        What was compared.
    n_subjects, n_seeds : int
        How many entered, each subject being left out of training in turn.
    accuracy : float
        Mean over subjects (%), seeds averaged first.
    low, high : float or None
        The 95 % interval of this mean over subjects (%).
    common_accuracy : float or None
        The accuracy on the trials that all protocols of the run score (%).
    balanced_accuracy : float or None
        Mean over subjects (%).
    roc_auc : float or None
        Mean over subjects, 0 to 1.
    chance : float or None
        The accuracy that guessing exceeds for one subject in 5 % of cases (%).
    """

    dataset: Text
    protocol: Text
    method: Text
    n_subjects: Count
    n_seeds: Count
    accuracy: Percent
    low: Percent | None = None
    high: Percent | None = None
    common_accuracy: Percent | None = None
    balanced_accuracy: Percent | None = None
    roc_auc: Share | None = None
    chance: Percent | None = None


class Entry(StrictModel):  # numpydoc ignore=PR02
    """The scores of one run, with where they come from.

    Parameters
    ----------
    schema : str
        ``"bci_dann.leaderboard/1"``.
    name : str
        Names the file, without ``.json``.
    run : str
        A digest of what the run was: data, preprocessing, and when it began.
    scores : list of Score
        One for each dataset, protocol and method.
    date : str
        The day of the last command, ISO 8601.
    commit, version, machine : str
        Of the code that computed the scores, and where; ``"unknown"`` where it is not known.
    n_missing : int
        Tasks of the run without a result.
    report, configuration : str or None
        Where these files are, from the site's folder on.
    """

    schema_name: Literal["bci_dann.leaderboard/1"] = Field(alias="schema")
    name: Annotated[str, Field(pattern=r"^\w[\w.-]*$", max_length=LONGEST_NAME)]
    run: Text
    scores: list[Score] = Field(min_length=1)
    date: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    commit: Text = "unknown"
    version: Text = "unknown"
    machine: Text = "unknown"
    n_missing: int = Field(default=0, ge=0)
    report: str | None = None
    configuration: str | None = None

    @field_validator("report", "configuration")
    @classmethod
    def _check_link(cls, link: str | None) -> str | None:
        if link is not None and not LINK.fullmatch(link):
            raise ValueError("a path below the site is needed, such as runs/NAME/report.html")
        return link

    def to_json(self) -> bytes:
        """Return the content of the file.

        Returns
        -------
        bytes
            JSON with one score a line, so that a pull request shows what changes.
        """
        content = self.model_dump(mode="json", by_alias=True)
        scores = ",\n".join(f"    {json.dumps(score)}" for score in content.pop("scores"))
        head = json.dumps(content, indent=2).removesuffix("\n}")
        return f'{head},\n  "scores": [\n{scores}\n  ]\n}}\n'.encode()


def read_entry(path: Path) -> Entry:
    """Read and check an entry.

    Parameters
    ----------
    path : pathlib.Path
        ``entries/NAME.json``.

    Returns
    -------
    Entry
        Named like its file.

    Raises
    ------
    ConfigError
        When it is no JSON, a key is missing, unknown or out of range, or the name is another.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"the entry {path} cannot be read: {error}") from error
    entry = validate(Entry, content, str(path))
    if entry.name != path.stem:
        raise ConfigError(f"{path}: the name is {entry.name!r}, and the file must be named alike.")
    return entry


def entry_of_run(folder: Path, name: str) -> Entry:
    """Return the scores of a run as an entry.

    Parameters
    ----------
    folder : pathlib.Path
        A results folder, finished or not.
    name : str
        The entry's name.

    Returns
    -------
    Entry
        Without links.

    Raises
    ------
    ResultsError
        When it is no results folder, scores windows, or nothing has finished yet.
    """
    run = read_run(folder)
    if "pseudo_online" in run.stored.manifest.fixed:
        raise ResultsError(
            f"{folder} is a pseudo-online run, whose scores are of windows; a leaderboard compares "
            "scores of trials. Run the configuration without the key pseudo_online."
        )
    if not run.groups:
        raise ResultsError(f"{folder} has no finished task yet: there is nothing to show.")
    common = common_accuracy(run.stored.trials)
    last = run.invocations[-1] if run.invocations else None
    return Entry(
        schema=SCHEMA,
        name=name,
        run=_digest(run),
        scores=[score for group in run.groups for score in _scores(group, common)],
        date=_date(run, folder),
        commit=last.commit if last else "unknown",
        version=last.versions.get("bci_dann", "unknown") if last else "unknown",
        machine=last.machine if last else "unknown",
        n_missing=len(run.completeness.missing),
    )


def slug(text: str) -> str:
    """Return a text as the name of an entry.

    Parameters
    ----------
    text : str
        The name of a folder.

    Returns
    -------
    str
        Letters, digits, dots, underscores and hyphens.
    """
    return re.sub(r"[^\w.-]+", "-", text).strip("-.")[:LONGEST_NAME] or "run"


def _digest(run: RunContent) -> str:
    """Return what tells a folder from others and stays when tasks or pipelines are added to it."""
    manifest = run.stored.manifest
    began = run.invocations[0].date if run.invocations else None
    content = [manifest.fixed, manifest.recordings, began]
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _date(run: RunContent, folder: Path) -> str:
    if run.invocations:
        return run.invocations[-1].date[:10]
    from datetime import UTC, datetime

    seconds = (folder / "config.json").stat().st_mtime
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _scores(group: ScoredGroup, common: pd.DataFrame) -> list[Score]:
    summary = summarise(group.results)
    keys = ["dataset", "pipeline", "protocol"]
    rows = summary.merge(common[[*keys, "common_accuracy"]], on=keys, how="left")
    scores = []
    for _, row in rows.iterrows():
        values = group.accuracies[row["pipeline"]].dropna().to_numpy(dtype=float)
        low, high = mean_interval(values, (0.0, 100.0))
        scores.append(
            Score(
                dataset=row["dataset"],
                protocol=row["protocol"],
                method=row["pipeline"],
                n_subjects=row["n_subjects"],
                n_seeds=row["n_seeds"],
                accuracy=_rounded(row["accuracy"], 3) or 0.0,
                low=_rounded(low, 3),
                high=_rounded(high, 3),
                common_accuracy=_rounded(row["common_accuracy"], 3),
                balanced_accuracy=_rounded(row["balanced_accuracy"], 3),
                roc_auc=_rounded(row["roc_auc"], 5),
                chance=_rounded(row["chance"], 3),
            )
        )
    return scores


def _rounded(value: float, digits: int) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None
