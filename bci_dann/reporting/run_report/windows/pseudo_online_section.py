"""Section on windows over whole recordings: detected tasks, and decisions in idle time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bci_dann.evaluation.pseudo_online.window_results import read_window_scores
from bci_dann.evaluation.pseudo_online.window_scores import SCORES, summarise_windows
from bci_dann.evaluation.statistics.intervals import mean_interval
from bci_dann.reporting.pseudo_online_table import NOTE, causal_text, score_texts
from bci_dann.reporting.run_report.html_parts import (
    Explanation,
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
    MAX_RANKED,
    ROW,
    empty_figure,
)
from bci_dann.reporting.subject_figure import mark_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bci_dann.reporting.run_report.run_content import RunContent

__all__ = ["draw_windows", "pseudo_online_section"]

# Number of pipelines with distinguishable colours and markers.
MAX_MARKED = 12
INTRODUCTION = (
    "This run scores windows over the whole recordings of the left-out subject, {step:g} s "
    "apart, as in online decoding. The class of a window is the task that most of it lies in, or "
    "{idle}. All other sections refer to the same windows: there, a trial is a window."
)
EXPLANATION = Explanation(
    "Left: Matthews' correlation between true and decided classes over all windows: mean with 95 % "
    "interval over subjects, and subjects in grey. Right: share of tasks that were detected at "
    "least once, by the share of idle windows in which a task was decided; means over subjects.",
    "Left: the interval is well above 0. Right: points at the top left: tasks are detected, with "
    "few decisions in idle time.",
    "Left: near 0, decisions are unrelated to the tasks. Right: a method at the top right detects "
    "tasks only because it decides for a task most of the time.",
    "Compare methods only under the same protocol. To reduce decisions in idle time, decide for a "
    "task only if several consecutive windows agree, or if the probability is high. The keys "
    "`step`, `window` and `idle` of the configuration change the evaluation.",
)


def pseudo_online_section(run: RunContent) -> Section | None:
    """Return the section on windows over recordings.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section or None
        ``None`` if the run scores trials.
    """
    plan = run.stored.manifest.fixed.get("pseudo_online")
    table = read_window_scores(run.stored.folder)
    if plan is None or table is None or table.empty:
        return None
    parts = [paragraph_html(INTRODUCTION.format(**plan))]
    for protocol, rows in table.groupby("protocol", sort=False):
        summary = summarise_windows(rows)
        n_subjects = rows["subject"].nunique()
        parts.append(heading_html(f"{protocol} ({causal_text(rows)})", 3))
        title = f"Windows under {protocol}, N = {n_subjects} subjects"
        parts.append(
            figure_html(draw_windows(rows, summary["pipeline"].tolist()), title, EXPLANATION)
        )
        if len(summary) > MAX_RANKED:
            note = f"The figure shows the best {MAX_RANKED} of {len(summary)}."
            parts.append(paragraph_html(note))
        parts.append(table_html(score_texts(summary)))
    parts.append(paragraph_html(NOTE))
    return Section("Pseudo-online", "".join(parts))


def draw_windows(rows: pd.DataFrame, pipelines: list[str]) -> Figure:
    """Draw the correlation of each pipeline, and detected tasks by decisions in idle time.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of ``pseudo_online.csv`` under one protocol.
    pipelines : list of str
        Pipelines from top to bottom, the best first.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels.
    """
    shown = pipelines[:MAX_RANKED]
    by_subject = rows.groupby(["pipeline", "subject"], sort=False)[list(SCORES)].mean()
    n_subjects = rows["subject"].nunique()
    figure = empty_figure(max(3.2, MARGIN + ROW * len(shown)))
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    for row, name in enumerate(shown):
        values = by_subject.loc[name]["mcc"].dropna().to_numpy(dtype=float)
        left.scatter(values, row + np.linspace(-0.2, 0.2, len(values)), s=7, color=GREY)
        if len(values) > 1:
            left.hlines(row, *mean_interval(values, (-1.0, 1.0)), color=BLUE, linewidth=2.5)
        if len(values):
            left.plot(values.mean(), row, "o", color=BLUE, markersize=8)
    left.axvline(0, color="0.3", linestyle=":")
    left.set_yticks(range(len(shown)), shown)
    left.set_ylim(len(shown) - 0.4, -0.6)
    left.set_xlabel("Matthews' correlation (0: chance)")
    means = by_subject.groupby(level="pipeline", sort=False).mean()
    for index, name in enumerate(shown[:MAX_MARKED]):
        hits = 100 * means.loc[name, "hit_rate"]
        right.plot(
            100 * means.loc[name, "idle_decisions"],
            hits,
            linestyle="none",
            markersize=7,
            label=name,
            **mark_of(index),
        )
    right.set_xlim(-3, 103)
    right.set_ylim(-3, 103)
    right.set_xlabel("idle windows with a task decided (%)")
    right.set_ylabel("detected tasks (%)")
    right.legend(fontsize=8, frameon=False, loc="best")
    for ax in (left, right):
        ax.set_title(f"N = {n_subjects} subjects", fontsize=10)
        ax.grid(alpha=0.25)
        ax.spines[["top", "right"]].set_visible(False)
    return figure
