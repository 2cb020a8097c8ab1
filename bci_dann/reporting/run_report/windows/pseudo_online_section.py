"""Section about windows over recordings: detection of tasks, false starts, and time to decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bci_dann.evaluation.pseudo_online.window_results import read_window_scores
from bci_dann.evaluation.pseudo_online.window_scores import SCORES, summarise_windows
from bci_dann.evaluation.statistics.intervals import mean_interval
from bci_dann.reporting.pseudo_online_table import NOTE, causal_text, score_texts
from bci_dann.reporting.run_report.html_parts import (
    Reading,
    Section,
    figure_html,
    heading_html,
    paragraph_html,
    table_html,
)
from bci_dann.reporting.run_report.ranking_figures import (
    BLUE,
    GREY,
    MARGIN,
    MOST_RANKED,
    ROW,
    empty_figure,
)
from bci_dann.reporting.subject_figure import mark_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bci_dann.reporting.run_report.run_content import RunContent

__all__ = ["draw_windows", "pseudo_online_section"]

# So many pipelines can be told apart by colour and form.
MOST_MARKED = 12
WHAT = (
    "This run scores windows over the whole recordings of the subject that is left out, {step:g} s "
    "apart, as a decoder in use would meet them: a window counts as the class of the task that "
    "most of it lies in, or as {idle}. All other sections are about the same windows, one beside "
    "the other: where they say trial, it is a window."
)
FIGURE = Reading(
    "Left: Matthews' correlation between what was asked for and what was decided, over all windows "
    "and classes; the mean with its 95 % interval over subjects, and the subjects in grey. Right: "
    "how many tasks were hit at least once, and of how many idle windows a task was decided, means "
    "over subjects.",
    "Left: an interval well above 0. Right: up and to the left, tasks hit, and rest left alone.",
    "Left: around 0, decisions tell nothing of the tasks. Right: a method in the upper right "
    "corner hits tasks because it decides for one all the time.",
    "Compare methods under one protocol only. Against decisions in idle time: decide "
    "for a task only where several windows that follow each other agree, or where the probability "
    "is high; `step`, `window` and `idle` of the configuration change what is asked.",
)


def pseudo_online_section(run: RunContent) -> Section | None:
    """Return the section about windows over recordings.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section or None
        ``None`` where the run scores trials.
    """
    plan = run.stored.manifest.fixed.get("pseudo_online")
    table = read_window_scores(run.stored.folder)
    if plan is None or table is None or table.empty:
        return None
    parts = [paragraph_html(WHAT.format(**plan))]
    for protocol, rows in table.groupby("protocol", sort=False):
        summary = summarise_windows(rows)
        n_subjects = rows["subject"].nunique()
        parts.append(heading_html(f"{protocol} ({causal_text(rows)})", 3))
        title = f"Windows under {protocol}, N = {n_subjects} subjects"
        parts.append(figure_html(draw_windows(rows, summary["pipeline"].tolist()), title, FIGURE))
        if len(summary) > MOST_RANKED:
            note = f"The figure shows the best {MOST_RANKED} of {len(summary)}."
            parts.append(paragraph_html(note))
        parts.append(table_html(score_texts(summary)))
    parts.append(paragraph_html(NOTE))
    return Section("Pseudo-online", "".join(parts))


def draw_windows(rows: pd.DataFrame, pipelines: list[str]) -> Figure:
    """Draw the correlation of each pipeline, and its hits against its decisions in idle time.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of ``pseudo_online.csv`` under one protocol.
    pipelines : list of str
        From top to bottom, the best first.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels.
    """
    shown = pipelines[:MOST_RANKED]
    by_subject = rows.groupby(["pipeline", "subject"], sort=False)[list(SCORES)].mean()
    n_subjects = rows["subject"].nunique()
    figure = empty_figure(max(3.2, MARGIN + ROW * len(shown)))
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    for place, name in enumerate(shown):
        values = by_subject.loc[name]["mcc"].dropna().to_numpy(dtype=float)
        left.scatter(values, place + np.linspace(-0.2, 0.2, len(values)), s=7, color=GREY)
        if len(values) > 1:
            left.hlines(place, *mean_interval(values), color=BLUE, linewidth=2.5)
        if len(values):
            left.plot(values.mean(), place, "o", color=BLUE, markersize=8)
    left.axvline(0, color="0.3", linestyle=":")
    left.set_yticks(range(len(shown)), shown)
    left.set_ylim(len(shown) - 0.4, -0.6)
    left.set_xlabel("Matthews' correlation (0: chance)")
    means = by_subject.groupby(level="pipeline", sort=False).mean()
    for place, name in enumerate(shown[:MOST_MARKED]):
        hits = 100 * means.loc[name, "hit_rate"]
        right.plot(
            100 * means.loc[name, "idle_decisions"],
            hits,
            linestyle="none",
            markersize=7,
            label=name,
            **mark_of(place),
        )
    right.set_xlim(-3, 103)
    right.set_ylim(-3, 103)
    right.set_xlabel("idle windows with a task decided (%)")
    right.set_ylabel("tasks hit (%)")
    right.legend(fontsize=8, frameon=False, loc="best")
    for ax in (left, right):
        ax.set_title(f"N = {n_subjects} subjects", fontsize=10)
        ax.grid(alpha=0.25)
        ax.spines[["top", "right"]].set_visible(False)
    return figure
