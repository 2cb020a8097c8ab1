"""Page of one subject: scores compared with other subjects, sessions, patterns of decoders."""

from __future__ import annotations

import functools
import html
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann._files import write_atomically
from bci_dann.evaluation.decision_patterns import TRUE_CLASS
from bci_dann.evaluation.summary import per_subject_and_seed
from bci_dann.reporting.leaderboard.entry import slug
from bci_dann.reporting.run_report.html_parts import (
    Explanation,
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
from bci_dann.reporting.run_report.trial_figures import MAX_DRAWN

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.evaluation.runs.channel_power import ChannelPower
    from bci_dann.reporting.run_report.run_content import RunContent
    from bci_dann.reporting.run_report.scored_group import ScoredGroup

__all__ = ["SUBJECTS_FOLDER", "subject_files", "write_subject_pages"]

# Folder beside the report.
SUBJECTS_FOLDER = "subjects"
STYLES = (
    Path(__file__).parents[1] / "report.css",
    Path(__file__).with_name("subject_page.css"),
)
# The page is self-contained: it loads nothing from other addresses.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
SCORES_EXPLANATION = Explanation(
    "Left: the accuracy of each pipeline for this subject (diamond) and for all others (grey). "
    "Right: its accuracy in the quarters of each session, in the order of recording.",
    "Left: the diamond is in the right half of the others, and further right for pipelines that "
    "adapt. Right: horizontal lines.",
    "Left: the diamond is left of all others for every pipeline, because of faulty recordings, or "
    "because the rhythms of the subject hardly change; or it is further left for a pipeline that "
    "adapts than without adaptation (negative transfer). Right: the accuracy falls, because of "
    "fatigue or drying electrodes.",
    "Check the recordings (`bci-dann check`) and the distribution shift (`bci-dann diagnose`) of a "
    "subject with low accuracy for all pipelines. The accuracy of a single subject is uncertain: "
    "with 100 trials, by up to ten points in either direction.",
)
PATTERNS_EXPLANATION = Explanation(
    "Correlation over the trials of this subject between the log-power of a channel and the true "
    "class, or the logit of the probability that a pipeline gives to this class (Haufe et al. "
    "2014).",
    "Maps of pipelines resemble that of the true class, with extremes over the motor areas.",
    "Extremes at the edge or at a single electrode: the pipeline uses other signals. A pale map of "
    "the true class: the power contains little information on the class in this pass band.",
    "Compare with the mean over subjects in the report; leave out a bad channel with `drop`.",
)


def subject_files(run: RunContent) -> dict[str, str]:
    """Return the address of the page of each subject, relative to the report.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    dict of str to str
        Addresses by name of the subject, in the order of the report.
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
        The report that the pages link to; they are written to the folder ``subjects`` beside it.

    Returns
    -------
    list of pathlib.Path
        The pages, each a self-contained file.

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
    position = names.index(subject)
    links = [("report of the run", f"../{report}")]
    if position:
        before = names[position - 1]
        links.append((f"previous: {before}", Path(files[before]).name))
    if position + 1 < len(names):
        after = names[position + 1]
        links.append((f"next: {after}", Path(files[after]).name))
    items = (f'<a href="{html.escape(address)}">{html.escape(text)}</a>' for text, address in links)
    return f"<nav>{''.join(items)}</nav>"


def _cues(run: RunContent, subject: str) -> str:
    if run.account is None:
        return ""
    from bci_dann.data.screening.cues import account_sentence

    own = run.account[run.account["subject"].astype(str) == subject]
    return paragraph_html(account_sentence(own)) if len(own) else ""


def _group_parts(group: ScoredGroup, subject: str) -> str:
    names = [name for name in group.shown(MAX_DRAWN) if _is_known(group, subject, name)]
    trials = group.trials[group.trials["subject"].astype(str) == subject]
    title = (
        f"Subject {subject} under {group.protocol}, N = {trials['trial'].nunique()} trials, "
        f"compared with all {group.n_subjects} subjects"
    )
    parts = [table_html(_scores(group, subject))]
    if names:
        figure = draw_subject(subject, group.accuracies, trials, names)
        parts.append(figure_html(figure, title, SCORES_EXPLANATION))
    parts.append(list_html(_confused(trials, names[:1])))
    return "".join(parts)


def _is_known(group: ScoredGroup, subject: str, pipeline: str) -> bool:
    return bool(group.accuracies[pipeline].notna()[subject])


def _scores(group: ScoredGroup, subject: str) -> pd.DataFrame:
    """Return scores of this subject, its rank and the mean of all, one row for each pipeline."""
    import pandas as pd

    own = group.results[group.results["subject"].astype(str) == subject]
    means = per_subject_and_seed(own, ["balanced_accuracy", "roc_auc"])
    rows = []
    for name in group.best_first:
        of_all = group.accuracies[name].dropna()
        if subject not in of_all.index:
            continue
        value = of_all[subject]
        scores = means[means["pipeline"] == name]
        rows.append(
            {
                "pipeline": name,
                "accuracy %": f"{value:.1f}",
                "mean of all %": f"{of_all.mean():.1f}",
                "difference": signed_text(value - of_all.mean()),
                "rank": f"{int((of_all > value).sum()) + 1} of {len(of_all)}",
                "balanced accuracy %": _shown(100 * scores["balanced_accuracy"].mean(), ".1f"),
                "ROC AUC": _shown(scores["roc_auc"].mean(), ".3f"),
                "sessions": str(own.loc[own["pipeline"] == name, "session"].nunique()),
            }
        )
    return pd.DataFrame(rows)


def _shown(value: float, form: str) -> str:
    return format(value, form) if math.isfinite(value) else "–"


def _confused(trials: pd.DataFrame, pipelines: Sequence[str]) -> list[str]:
    """Return sentences on the predictions of the best pipeline for trials of each class."""
    sentences = []
    for name in pipelines:
        own = trials[trials["pipeline"] == name]
        for truth, rows in own.groupby("truth"):
            counts = rows["prediction"].value_counts()
            listed = ", ".join(f"{label} {count} times" for label, count in counts.items())
            sentences.append(f"For trials of {truth}, {name} predicted {listed}.")
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
    return figure_html(draw_patterns(own, power, size), title, PATTERNS_EXPLANATION)
