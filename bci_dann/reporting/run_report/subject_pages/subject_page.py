"""Page about one subject: its scores among all, its sessions, and the patterns of decoders."""

from __future__ import annotations

import functools
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann._files import write_atomically
from bci_dann.evaluation.decision_patterns import TRUE_CLASS
from bci_dann.reporting.leaderboard.entry import slug
from bci_dann.reporting.run_report.html_parts import (
    Reading,
    figure_html,
    list_html,
    paragraph_html,
    signed_text,
    table_html,
)
from bci_dann.reporting.run_report.patterns.patterns_section import (
    draw_patterns,
    group_patterns,
    usable_power,
)
from bci_dann.reporting.run_report.subject_pages.subject_figures import draw_subject
from bci_dann.reporting.run_report.trial_figures import MOST_DRAWN

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.evaluation.runs.channel_power import ChannelPower
    from bci_dann.reporting.run_report.run_content import RunContent
    from bci_dann.reporting.run_report.scored_group import ScoredGroup

__all__ = ["SUBJECTS_FOLDER", "subject_files", "write_subject_pages"]

# Beside the report.
SUBJECTS_FOLDER = "subjects"
STYLES = (
    Path(__file__).parents[1] / "report.css",
    Path(__file__).with_name("subject_page.css"),
)
# Nothing is loaded from anywhere.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
PLACE = Reading(
    "Left: the accuracy of each pipeline on this subject (diamond) among that on all others. "
    "Right: its accuracy in the quarters of each session, in the order of recording.",
    "Left: the diamond among the upper half of the others, and further right for pipelines that "
    "adapt. Right: level lines.",
    "Left: the diamond far left of all others under every pipeline: the recordings, or a subject "
    "whose rhythms hardly change. Left of plain training under one that adapts: negative transfer. "
    "Right: a fall, from fatigue or drying electrodes.",
    "Look at the recordings (`bci-dann check`) and the shift (`bci-dann diagnose`) of a subject "
    "who is last everywhere. One subject's accuracy is uncertain: of 100 trials, by up to "
    "ten points in either direction.",
)
OWN_PATTERNS = Reading(
    "Correlation over this subject's trials between the log-power of a channel and the true class, "
    "and the logit of each pipeline's probability of it (Haufe et al. 2014).",
    "Maps of pipelines like that of the true class, extremes over the motor areas.",
    "Extremes at the rim or at a single electrode, or no colour under the true class: this "
    "subject's power tells little of the class in this pass band.",
    "Compare with the mean over subjects in the report; leave a bad channel out with `drop`.",
)


def subject_files(run: RunContent) -> dict[str, str]:
    """Return the address of each subject's page from the report.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    dict of str to str
        By the name of the subject, in the order of the report.
    """
    subjects = list(
        dict.fromkeys(str(name) for group in run.groups for name in group.accuracies.index)
    )
    names: dict[str, str] = {}
    for subject in subjects:
        name, number = slug(subject), 1
        while f"{SUBJECTS_FOLDER}/{name}.html" in names.values():
            number += 1
            name = f"{slug(subject)}-{number}"
        names[subject] = f"{SUBJECTS_FOLDER}/{name}.html"
    return names


def write_subject_pages(run: RunContent, report: Path) -> list[Path]:
    """Write one page for each subject of a run.

    Parameters
    ----------
    run : RunContent
        The run.
    report : pathlib.Path
        The report that the pages lead back to; they are in ``subjects`` beside it.

    Returns
    -------
    list of pathlib.Path
        The pages, each in one file that needs no other.

    Raises
    ------
    ResultsError
        When a file cannot be written.
    """
    files = subject_files(run)
    power = usable_power(run)
    patterns = {} if power is None else _patterns(run, power)
    pages = []
    for subject, address in files.items():
        parts = [_links(subject, files, report.name), f"<h1>Subject {html.escape(subject)}</h1>"]
        parts.append(_cues(run, subject))
        for group in run.groups:
            if subject in group.accuracies.index:
                parts += [f"<h2>{html.escape(group.title)}</h2>", _group_parts(group, subject)]
                table = patterns.get(group.title)
                if table is not None and power is not None:
                    parts.append(_pattern_figure(table, power, group, subject))
        pages.append(report.parent / address)
        write_atomically(pages[-1], _page(f"Subject {subject} of {run.name}", "".join(parts)))
    return pages


def _patterns(run: RunContent, power: ChannelPower) -> dict[str, pd.DataFrame]:
    tables = {group.title: group_patterns(group, power, run.classes) for group in run.groups}
    return {title: table for title, table in tables.items() if not table.empty}


def _page(title: str, body: str) -> bytes:
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_style()}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )
    return text.encode()


@functools.cache
def _style() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in STYLES)


def _links(subject: str, files: Mapping[str, str], report: str) -> str:
    names = list(files)
    place = names.index(subject)
    links = [("report of the run", f"../{report}")]
    if place:
        links.append((f"before: {names[place - 1]}", Path(files[names[place - 1]]).name))
    if place + 1 < len(names):
        links.append((f"next: {names[place + 1]}", Path(files[names[place + 1]]).name))
    items = (f'<a href="{html.escape(to)}">{html.escape(text)}</a>' for text, to in links)
    return f"<nav>{''.join(items)}</nav>"


def _cues(run: RunContent, subject: str) -> str:
    if run.account is None:
        return ""
    from bci_dann.data.screening.cues import account_sentence

    own = run.account[run.account["subject"].astype(str) == subject]
    return paragraph_html(account_sentence(own)) if len(own) else ""


def _group_parts(group: ScoredGroup, subject: str) -> str:
    names = [name for name in group.shown(MOST_DRAWN) if _is_known(group, subject, name)]
    trials = group.trials[group.trials["subject"].astype(str) == subject]
    title = (
        f"Subject {subject} under {group.protocol}, N = {trials['trial'].nunique()} trials, among "
        f"{group.n_subjects} subjects"
    )
    parts = [table_html(_scores(group, subject))]
    if names:
        figure = draw_subject(subject, group.accuracies, trials, names)
        parts.append(figure_html(figure, title, PLACE))
    parts.append(list_html(_confused(trials, names[:1])))
    return "".join(parts)


def _is_known(group: ScoredGroup, subject: str, pipeline: str) -> bool:
    return bool(group.accuracies[pipeline].notna()[subject])


def _scores(group: ScoredGroup, subject: str) -> pd.DataFrame:
    """Return one row a pipeline: this subject's scores, its rank, and the mean of all."""
    import pandas as pd

    own = group.results[group.results["subject"].astype(str) == subject]
    rows = []
    for name in group.best_first:
        of_all = group.accuracies[name].dropna()
        if subject not in of_all.index:
            continue
        value = of_all[subject]
        scores = own[own["pipeline"] == name]
        rows.append(
            {
                "pipeline": name,
                "accuracy %": f"{value:.1f}",
                "mean of all %": f"{of_all.mean():.1f}",
                "difference": signed_text(value - of_all.mean()),
                "rank": f"{int((of_all > value).sum()) + 1} of {len(of_all)}",
                "balanced accuracy %": f"{100 * scores['balanced_accuracy'].mean():.1f}",
                "ROC AUC": f"{scores['roc_auc'].mean():.3f}",
                "sessions": str(scores["session"].nunique()),
            }
        )
    return pd.DataFrame(rows)


def _confused(trials: pd.DataFrame, pipelines: Sequence[str]) -> list[str]:
    """Say what the best pipeline makes of each class."""
    sentences = []
    for name in pipelines:
        own = trials[trials["pipeline"] == name]
        for truth, rows in own.groupby("truth"):
            counts = rows["prediction"].value_counts()
            said = ", ".join(f"{what} {count} times" for what, count in counts.items())
            sentences.append(f"Where {truth} was asked for, {name} predicted {said}.")
    return sentences


def _pattern_figure(
    table: pd.DataFrame, power: ChannelPower, group: ScoredGroup, subject: str
) -> str:
    own = table[table["subject"].astype(str) == subject]
    if own.empty or set(own["pipeline"]) == {TRUE_CLASS}:
        return ""
    trials = group.trials[group.trials["subject"].astype(str) == subject]
    size = f"N = {trials['trial'].nunique()} trials"
    title = f"Patterns of subject {subject} under {group.protocol}, {size}"
    return figure_html(draw_patterns(own, power, size), title, OWN_PATTERNS)
