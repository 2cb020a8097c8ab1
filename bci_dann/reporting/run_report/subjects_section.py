"""Section with the accuracies of each subject, and gains and losses."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bci_dann.evaluation.diagnosis.exchanged_classes import exchanged_classes
from bci_dann.reporting.run_report.html_parts import (
    Explanation,
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

MAX_IN_FIGURE = 20  # subjects; of more, single subjects are hard to see in a figure
MAX_DRAWN = 12  # pipelines whose names and numbers are still readable
EXPLANATION = Explanation(
    "Top: each line is a subject, and each column a pipeline; black bars are means. Bottom: each "
    "marker is the accuracy of a subject minus that with the reference; upward triangles are "
    "gains, downward triangles are losses.",
    "Lines rise for nearly all subjects, and most markers are above zero.",
    "Markers far below zero: negative transfer, the reference is better for these subjects. A mean "
    "that is higher because of one or two subjects.",
    "Find the subjects with losses in the table below. If a subject loses with many pipelines, "
    "check the recordings (`bci-dann check`) and the distribution shift (`bci-dann diagnose`).",
)


def subjects_section(run: RunContent, pages: Mapping[str, str] | None = None) -> Section:
    """Return the section with the results of all subjects.

    Parameters
    ----------
    run : RunContent
        The run.
    pages : mapping of str to str, or None
        Addresses of the pages of subjects, if there are any.

    Returns
    -------
    Section
        One part for each dataset and protocol.
    """
    parts = []
    for group in run.groups:
        parts += [
            heading_html(group.title, 3),
            _figure(group),
            _gains_and_losses(group),
            list_html(exchanged_classes(group.results, group.results.attrs.get("n_classes"))),
            _all_subjects(group, pages or {}),
        ]
    if not pages and max((group.n_subjects for group in run.groups), default=0) > MAX_IN_FIGURE:
        parts.append(
            paragraph_html(
                "Pages of single subjects are written by `bci-dann report "
                f"{shlex.quote(str(run.stored.folder))} --subjects`."
            )
        )
    return Section("Subjects", "".join(parts))


def _figure(group: ScoredGroup) -> str:
    names = group.shown(MAX_DRAWN)
    reference = group.reference or names[0]
    figure = draw_subjects(group.table_of(names), reference)
    against = f", with gains and losses compared with {reference}" if group.reference else ""
    title = (
        f"Accuracy of each subject under {group.protocol}{against}, N = {group.n_subjects} subjects"
    )
    text = figure_html(figure, title, EXPLANATION)
    if len(names) < len(group.best_first):
        text += paragraph_html(
            f"The figure shows {len(names)} of {len(group.best_first)} pipelines: the best, and "
            "the reference. The tables show all."
        )
    return text


def _gains_and_losses(group: ScoredGroup) -> str:
    """Return the numbers of subjects with gains and losses, and the largest loss, by pipeline."""
    import pandas as pd

    if group.reference is None:
        return paragraph_html("There is only one pipeline, so there are no gains or losses.")
    gains = group.gains
    rows = [_gains_row(name, gains[name].dropna()) for name in gains]
    head = heading_html(f"Gains and losses compared with {group.reference} (points of accuracy)", 4)
    return head + table_html(pd.DataFrame(rows).fillna("–")) + list_html(_always_losing(gains))


def _gains_row(name: str, gains: pd.Series) -> dict[str, str]:
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
        yield f"Subjects that lose with every other pipeline: {', '.join(names)}."


def _all_subjects(group: ScoredGroup, pages: Mapping[str, str]) -> str:
    table = group.accuracies
    texts = table.map(lambda value: f"{value:.1f}" if math.isfinite(value) else "–")
    texts.insert(0, "subject", table.index.astype(str))
    addresses = {"subject": [pages.get(str(name)) for name in table.index]}
    return details_html(f"Accuracy (%) of all {len(table)} subjects", table_html(texts, addresses))
