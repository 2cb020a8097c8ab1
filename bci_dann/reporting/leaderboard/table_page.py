"""The page of a leaderboard: a table that sorts and filters, in one file without requests."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from bci_dann.reporting.leaderboard.entry import Entry, Score

__all__ = ["leaderboard_page"]

FOLDER = Path(__file__).parent
# Nothing is loaded from anywhere: what an entry says cannot change that.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
# Heading, explanation, and whether the column is of numbers and sorts from high to low.
COLUMNS = (
    ("Method", "The pipeline", False),
    ("Accuracy %", "Mean over subjects, with its 95 % interval", True),
    ("Common trials %", "Accuracy on the trials that all protocols of the run score", True),
    ("ROC AUC", "Mean over subjects", True),
    ("Subjects", "Each was left out of training in turn", True),
    ("Seeds", "Averaged within each subject", True),
    ("Dataset", "", False),
    ("Protocol", "What training sees of the target", False),
    ("Run", "Date, report and configuration", False),
)
FILTERS = (("dataset", "Dataset"), ("protocol", "Protocol"), ("method", "Method"))
NOTE = (
    "Accuracies may be compared within one dataset and protocol only, and within one run with "
    "more certainty than between two: preprocessing may differ. Intervals are over subjects; "
    "the thin line marks the accuracy that guessing exceeds for one subject in 5 % of cases. The "
    "best of many methods is optimistic, since its scores chose it."
)


def leaderboard_page(entries: Sequence[Entry], title: str) -> str:
    """Return the page.

    Parameters
    ----------
    entries : sequence of Entry
        What to show.
    title : str
        The heading.

    Returns
    -------
    str
        HTML with style and script inside; without the script the table is whole, and unsorted.
    """
    pairs = [(entry, score) for entry in entries for score in entry.scores]
    pairs.sort(key=lambda pair: (pair[1].dataset, pair[1].protocol, -pair[1].accuracy))
    scores = [score for _, score in pairs]
    rows = "\n".join(_row(entry, score) for entry, score in pairs)
    style = (FOLDER / "leaderboard.css").read_text(encoding="utf-8")
    script = (FOLDER / "leaderboard.js").read_text(encoding="utf-8")
    heading = html.escape(title)
    n_datasets = len({score.dataset for score in scores})
    n_methods = len({score.method for score in scores})
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<link rel="icon" href="data:,">
<title>{heading}</title>
<style>
{style}</style>
</head>
<body>
<main>
<h1>{heading}</h1>
<p>Motor imagery of subjects whom training has not seen: {_count(n_methods, "method")} on
{_count(n_datasets, "dataset")}, from {_count(len(entries), "run")}.</p>
<form id="filters">
{_filters(scores)}
<p id="shown" role="status">{_count(len(pairs), "row")}</p>
</form>
<p id="mixed" hidden>Rows of several datasets or protocols are shown, which cannot be compared.
Choose one of each.</p>
<table>
<thead><tr>{_heads()}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
<p class="note">{NOTE}</p>
</main>
<script>
{script}</script>
</body>
</html>
"""


def _filters(scores: Sequence[Score]) -> str:
    return "\n".join(
        f'<label>{label}<select name="{key}"><option value="">all</option>'
        f"{_options(getattr(score, key) for score in scores)}</select></label>"
        for key, label in FILTERS
    )


def _options(values: Iterable[str]) -> str:
    names = [html.escape(value) for value in sorted(set(values))]
    return "".join(f'<option value="{name}">{name}</option>' for name in names)


def _heads() -> str:
    return "".join(
        f'<th scope="col"{" class=number" if is_number else ""}>'
        f'<button type="button" title="{html.escape(text or name)}">{name}</button></th>'
        for name, text, is_number in COLUMNS
    )


def _row(entry: Entry, score: Score) -> str:
    cells: tuple[tuple[str | float | None, str], ...] = (
        (score.method, _name(score.method)),
        (score.accuracy, _accuracy(score)),
        (score.common_accuracy, _number(score.common_accuracy, ".1f")),
        (score.roc_auc, _number(score.roc_auc, ".3f")),
        (score.n_subjects, str(score.n_subjects)),
        (score.n_seeds, str(score.n_seeds)),
        (score.dataset, _name(score.dataset)),
        (score.protocol, _name(score.protocol)),
        (entry.date, _origin(entry)),
    )
    parts = [
        f'<td data-label="{name}" data-value="{_value(value)}"'
        f"{' class=number' if is_number else ''}><div>{text}</div></td>"
        for (name, _, is_number), (value, text) in zip(COLUMNS, cells, strict=True)
    ]
    data = " ".join(f'data-{key}="{html.escape(getattr(score, key))}"' for key, _ in FILTERS)
    return f"<tr {data}>{''.join(parts)}</tr>"


def _accuracy(score: Score) -> str:
    """Return the number, and a drawing of it on a scale from 0 to 100 %."""
    text = f"<b>{score.accuracy:.1f}</b>"
    marks = f'<i class="point" style="left:{score.accuracy:.1f}%"></i>'
    if score.chance is not None:
        marks += f'<i class="chance" style="left:{score.chance:.1f}%"></i>'
    if score.low is not None and score.high is not None:
        text += f" <small>{score.low:.1f} to {score.high:.1f}</small>"
        width = max(0.0, score.high - score.low)
        marks += f'<i class="interval" style="left:{score.low:.1f}%;width:{width:.1f}%"></i>'
    return f'{text}<span class="scale" aria-hidden="true">{marks}</span>'


def _origin(entry: Entry) -> str:
    links = " ".join(
        f'<a href="{html.escape(link)}">{label}</a>'
        for label, link in (("report", entry.report), ("configuration", entry.configuration))
        if link is not None
    )
    where = html.escape(f"{entry.machine}; {entry.version}; commit {entry.commit}")
    missing = ""
    if entry.n_missing:
        missing = f" <em>{_count(entry.n_missing, 'task')} missing</em>"
    name = html.escape(entry.name)
    return f'<span title="{where}">{name}</span> <small>{entry.date}</small>{missing} {links}'


def _name(text: str) -> str:
    """Return a name that may break after its parts, in the place of anywhere."""
    return re.sub(r"([_,=\[])", r"\1<wbr>", html.escape(text))


def _value(value: str | float | None) -> str:
    return "" if value is None else html.escape(str(value))


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
