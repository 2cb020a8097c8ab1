"""Protocols and time of a run: accuracy over what training sees of the target, time of tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bci_dann.evaluation import common_trials
from bci_dann.evaluation.protocols import PROTOCOLS
from bci_dann.reporting.run_report.curves.seen_trials_figure import (
    SEEN_TRIALS,
    curves_of,
    draw_seen_trials,
)
from bci_dann.reporting.run_report.html_parts import (
    Reading,
    Section,
    figure_html,
    paragraph_html,
)
from bci_dann.reporting.run_report.ranking_figures import BLUE, GREY, ROW, empty_figure
from bci_dann.reporting.run_report.trial_figures import MOST_DRAWN
from bci_dann.reporting.subject_figure import mark_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bci_dann.reporting.run_report.run_content import RunContent

__all__ = ["draw_protocols", "draw_times", "protocols_section", "times_section"]

LADDER = Reading(
    "Mean accuracy of each pipeline under each protocol, on the trials that all protocols "
    "score, so that the points of a line can be compared.",
    "A line that rises where training sees more of the target: the pipeline uses what it sees.",
    "A level line: the method ignores the target. A falling one: it is misled by the target's "
    "trials.",
    "Choose the protocol that your application allows first, and a pipeline within it second.",
)
TIMES = Reading(
    "Time of one task, training and prediction, on a logarithmic scale: the point is the "
    "median, the line runs from the 5th to the 95th percentile.",
    "Short times of pipelines that are high in the ranking.",
    "Times that vary widely: other programs used the machine, so that they say little.",
    "Compare within one machine and one command only. For many subjects see the page on "
    "performance in the documentation.",
)


def protocols_section(run: RunContent) -> Section | None:
    """Return the section that compares protocols.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section or None
        ``None`` where there is one protocol only.
    """
    if len(run.groups) < 2:
        return None
    parts = [_ladder(run, trials) for _, trials in run.stored.trials.groupby("dataset")]
    return Section("Protocols", "".join(parts))


def _ladder(run: RunContent, trials: pd.DataFrame) -> str:
    common = _under_all_protocols(trials)
    if common.empty:
        text = "No trial is scored by all protocols, so that they cannot be compared."
        return paragraph_html(text)
    names = [name for name in run.groups[-1].shown(MOST_DRAWN) if name in set(common["pipeline"])]
    n_subjects, n_trials = common["subject"].nunique(), common["trial"].nunique()
    size = f"N = {n_subjects} subjects, {n_trials} trials that all score"
    title = f"Accuracy over protocols, {size}"
    text = figure_html(draw_protocols(common, names), title, LADDER)
    means = _means(common)
    if curves_of(list(means.columns)):
        title = f"Accuracy over the trials of the target that training sees, {size}"
        text += figure_html(draw_seen_trials(means, names, n_subjects), title, SEEN_TRIALS)
    return text


def times_section(run: RunContent) -> Section:
    """Return the section with the time that pipelines take.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section
        One figure over all protocols.
    """
    tasks = run.stored.tasks
    figure = draw_times(tasks)
    title = f"Time of one task, N = {len(tasks)} tasks of {tasks['subject'].nunique()} subjects"
    return Section("Run time", figure_html(figure, title, TIMES))


def draw_protocols(trials: pd.DataFrame, pipelines: Sequence[str]) -> Figure:
    """Draw the accuracy of each pipeline over protocols.

    Parameters
    ----------
    trials : pandas.DataFrame
        Trials that all protocols score.
    pipelines : sequence of str
        Which to draw.

    Returns
    -------
    matplotlib.figure.Figure
        One line a pipeline, means over subjects.
    """
    figure = empty_figure(5.2)
    ax = figure.subplots()
    order = [name for name in PROTOCOLS if name in set(trials["protocol"])]
    means = _means(trials)
    for index, name in enumerate(pipelines):
        ax.plot(
            range(len(order)),
            means.loc[name].reindex(order).to_numpy(),
            **mark_of(index),
            label=name,
        )
    ax.set_xticks(range(len(order)), order, rotation=25, ha="right")
    ax.set_ylabel("accuracy on common trials (%)")
    ax.set_title(f"N = {trials['subject'].nunique()} subjects", fontsize=10)
    ax.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def draw_times(tasks: pd.DataFrame) -> Figure:
    """Draw the time of a task of each pipeline.

    Parameters
    ----------
    tasks : pandas.DataFrame
        One row for each finished task, with ``fit_seconds`` and ``predict_seconds``.

    Returns
    -------
    matplotlib.figure.Figure
        One row a pipeline, the fastest first.
    """
    from matplotlib.ticker import LogFormatter

    seconds = (tasks["fit_seconds"] + tasks["predict_seconds"]).groupby(tasks["pipeline"])
    spread = seconds.quantile([0.05, 0.5, 0.95]).unstack().sort_values(0.5).clip(lower=1e-3)
    figure = empty_figure(1.1 + ROW * max(3, len(spread)))
    ax = figure.subplots()
    rows = np.arange(len(spread))
    ax.hlines(rows, spread[0.05], spread[0.95], color=GREY, linewidth=2.5)
    ax.plot(spread[0.5], rows, "o", color=BLUE)
    for row, value in zip(rows.tolist(), spread[0.5], strict=True):
        ax.annotate(
            f"{value:.3g} s",
            (1.0, row),
            (6, 0),
            ("axes fraction", "data"),
            "offset points",
            va="center",
        )
    ax.set_yticks(rows, spread.index)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(LogFormatter())
    ax.xaxis.set_minor_formatter(LogFormatter())
    ax.set_xlabel("time of one task (s)")
    ax.set_title(f"N = {len(tasks)} tasks", fontsize=10)
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def _means(trials: pd.DataFrame) -> pd.DataFrame:
    """Return accuracies (%), means over subjects: one row a pipeline, one column a protocol."""
    frame = trials.assign(hit=trials["truth"] == trials["prediction"])
    by_subject = frame.groupby(["pipeline", "protocol", "subject"])["hit"].mean()
    return 100 * by_subject.groupby(level=["pipeline", "protocol"]).mean().unstack()


def _under_all_protocols(trials: pd.DataFrame) -> pd.DataFrame:
    """Return common trials of pipelines that ran under all protocols, so that lines are whole."""
    n_protocols = trials["protocol"].nunique()
    counts = trials.groupby("pipeline")["protocol"].nunique()
    whole = trials[trials["pipeline"].isin(counts.index[counts == n_protocols])]
    tasks = whole[["pipeline", "protocol", "subject"]].drop_duplicates()
    per_subject = tasks.groupby("subject").size()
    everywhere = per_subject.index[per_subject == per_subject.max()]
    return common_trials(whole[whole["subject"].isin(everywhere)])
