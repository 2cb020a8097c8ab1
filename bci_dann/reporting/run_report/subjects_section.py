"""Subjects of a run: the accuracy of each with each method, gains and losses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bci_dann.reporting.run_report.html_parts import (
    Reading,
    Section,
    details_html,
    figure_html,
    heading_html,
    list_html,
    paragraph_html,
    signed_text,
    table_html,
)
from bci_dann.reporting.subject_figure import TOLERANCE, draw_subjects

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.reporting.run_report.run_content import RunContent
    from bci_dann.reporting.run_report.scored_group import ScoredGroup

__all__ = ["subjects_section"]

MANY = 20  # subjects from which on single ones are hard to see in one figure
MOST_DRAWN = 12  # pipelines whose names and numbers can still be read
PAIRED = Reading(
    "Above, each line is a subject and each column a pipeline; a black bar is the mean. Below, "
    "each mark is a subject's accuracy minus that of the reference: an upward mark gains, a "
    "downward mark loses.",
    "Lines that rise together, and marks above zero for nearly all subjects.",
    "Marks far below zero: negative transfer, a subject who would have been better off with the "
    "reference. A mean that is higher because of one or two subjects.",
    "Look up who loses in the table below, and whether it is always the same subject: then look "
    "at that subject's recordings (`bci-dann check`) and shift (`bci-dann diagnose`).",
)


def subjects_section(run: RunContent, pages: Mapping[str, str] | None = None) -> Section:
    """Return the section that shows every subject.

    Parameters
    ----------
    run : RunContent
        The run.
    pages : mapping of str to str, or None
        The address of each subject's page, where there are pages.

    Returns
    -------
    Section
        One part a dataset and protocol.
    """
    parts = []
    for group in run.groups:
        parts += [
            heading_html(group.title, 3),
            _figure(group),
            _harm(group),
            _every(group, pages or {}),
        ]
    if not pages and max((group.n_subjects for group in run.groups), default=0) > MANY:
        parts.append(
            paragraph_html(
                f"A page for each subject: `bci-dann report {run.stored.folder} --subjects`."
            )
        )
    return Section("Subjects", "".join(parts))


def _figure(group: ScoredGroup) -> str:
    names = group.shown(MOST_DRAWN)
    reference = group.reference or names[0]
    figure = draw_subjects(group.table_of(names), reference)
    against = f", and gain or loss against {reference}" if group.reference else ""
    title = (
        f"Accuracy of each subject under {group.protocol}{against}, N = {group.n_subjects} subjects"
    )
    text = figure_html(figure, title, PAIRED)
    if len(names) < len(group.best_first):
        text += paragraph_html(
            f"The figure shows {len(names)} of {len(group.best_first)} pipelines: the best, and "
            "the reference. The tables show all."
        )
    return text


def _harm(group: ScoredGroup) -> str:
    """Say for each pipeline how many subjects gain and lose, and who loses most."""
    import pandas as pd

    if group.reference is None:
        return paragraph_html("There is one pipeline only: nothing to gain or lose against.")
    gains = group.gains
    rows = [_harm_row(name, gains[name].dropna()) for name in gains]
    head = heading_html(f"Gain and loss against {group.reference} (points of accuracy)", 4)
    return head + table_html(pd.DataFrame(rows).fillna("–")) + list_html(_always_losing(gains))


def _harm_row(name: str, gains: pd.Series) -> dict[str, str]:
    if gains.empty:
        return {"pipeline": name, "subjects": "0"}
    worst = gains.idxmin()
    return {
        "pipeline": name,
        "subjects": str(len(gains)),
        "gain": str(int((gains > TOLERANCE).sum())),
        "lose": str(int((gains < -TOLERANCE).sum())),
        "mean": signed_text(gains.mean()),
        "median": signed_text(gains.median()),
        "worst": f"{signed_text(gains.min())} (subject {worst})",
        "best": f"{signed_text(gains.max())} (subject {gains.idxmax()})",
    }


def _always_losing(gains: pd.DataFrame) -> Iterator[str]:
    losing = (gains < -TOLERANCE).mean(axis=1)
    names = [str(name) for name in losing.index[losing == 1]]
    if names and len(gains.columns) > 1:
        yield f"Every pipeline but the reference harms: subject {', '.join(names)}."


def _every(group: ScoredGroup, pages: Mapping[str, str]) -> str:
    table = group.accuracies
    texts = table.map(lambda value: f"{value:.1f}" if math.isfinite(value) else "–")
    texts.insert(0, "subject", table.index.astype(str))
    addresses = {"subject": [pages.get(str(name)) for name in table.index]}
    return details_html(f"Accuracy (%) of all {len(table)} subjects", table_html(texts, addresses))
