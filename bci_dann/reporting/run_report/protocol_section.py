"""Sections with the accuracy by protocol, and with the computing time of tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bci_dann.evaluation import common_trials
from bci_dann.evaluation.protocols import PROTOCOLS
from bci_dann.reporting.run_report.curves.seen_trials_figure import (
    SEEN_TRIALS_EXPLANATION,
    curves_of,
    draw_seen_trials,
)
from bci_dann.reporting.run_report.html_parts import (
    Explanation,
    Section,
    figure_html,
    paragraph_html,
)
from bci_dann.reporting.run_report.ranking_figures import BLUE, GREY, ROW, empty_figure
from bci_dann.reporting.run_report.trial_figures import MAX_DRAWN
from bci_dann.reporting.subject_figure import mark_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bci_dann.reporting.run_report.run_content import RunContent

__all__ = ["draw_protocols", "draw_times", "protocols_section", "times_section"]

PROTOCOLS_EXPLANATION = Explanation(
    "Mean accuracy of each pipeline under each protocol, on the trials that all protocols "
    "score, so that the points of a line can be compared.",
    "A line that rises with the amount of target data in training: the pipeline benefits from "
    "them.",
    "A horizontal line: the pipeline does not benefit from target data. A falling line: the trials "
    "of the target harm.",
    "First choose the protocol that your application permits, then a pipeline for this protocol.",
)
TIMES_EXPLANATION = Explanation(
    "Time of a task (training and prediction) on a logarithmic scale: the point is the median, the "
    "line spans the 5th to the 95th percentile.",
    "Short times of pipelines with a high rank.",
    "Times that vary widely: other programs may have used the machine, so the times are not "
    "reliable.",
    "Compare only times of one command on one machine. For many subjects, see the page on "
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
        ``None`` if there is only one protocol.
    """
    if len(run.groups) < 2:
        return None
    parts = [
        _protocols_of_dataset(run, trials) for _, trials in run.stored.trials.groupby("dataset")
    ]
    return Section("Protocols", "".join(parts))


def _protocols_of_dataset(run: RunContent, trials: pd.DataFrame) -> str:
    common = _under_all_protocols(trials)
    if common.empty:
        text = "No trial is scored by all protocols, so they cannot be compared."
        return paragraph_html(text)
    names = [name for name in run.groups[-1].shown(MAX_DRAWN) if name in set(common["pipeline"])]
    n_subjects, n_trials = common["subject"].nunique(), common["trial"].nunique()
    size = f"N = {n_subjects} subjects, {n_trials} common trials"
    title = f"Accuracy by protocol, {size}"
    text = figure_html(draw_protocols(common, names), title, PROTOCOLS_EXPLANATION)
    means = _means(common)
    if curves_of(list(means.columns)):
        title = f"Accuracy by number of target trials in training, {size}"
        text += figure_html(
            draw_seen_trials(means, names, n_subjects), title, SEEN_TRIALS_EXPLANATION
        )
    return text


def times_section(run: RunContent) -> Section:
    """Return the section with the computing times of pipelines.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section
        One figure for all protocols.
    """
    tasks = run.stored.tasks
    figure = draw_times(tasks)
    title = f"Time of a task, N = {len(tasks)} tasks of {tasks['subject'].nunique()} subjects"
    return Section("Run time", figure_html(figure, title, TIMES_EXPLANATION))


def draw_protocols(trials: pd.DataFrame, pipelines: Sequence[str]) -> Figure:
    """Draw the accuracy of each pipeline by protocol.

    Parameters
    ----------
    trials : pandas.DataFrame
        Trials that all protocols score.
    pipelines : sequence of str
        Pipelines to draw.

    Returns
    -------
    matplotlib.figure.Figure
        One line for each pipeline: means over subjects.
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
        One row for each pipeline, the fastest first.
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
    ax.set_xlabel("time of a task (s)")
    ax.set_title(f"N = {len(tasks)} tasks", fontsize=10)
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def _means(trials: pd.DataFrame) -> pd.DataFrame:
    """Return mean accuracies over subjects (%) by pipeline (rows) and protocol (columns)."""
    frame = trials.assign(is_correct=trials["truth"] == trials["prediction"])
    by_subject = frame.groupby(["pipeline", "protocol", "subject"])["is_correct"].mean()
    return 100 * by_subject.groupby(level=["pipeline", "protocol"]).mean().unstack()


def _under_all_protocols(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the common trials of the pipelines that have results for all protocols."""
    n_protocols = trials["protocol"].nunique()
    counts = trials.groupby("pipeline")["protocol"].nunique()
    complete = trials[trials["pipeline"].isin(counts.index[counts == n_protocols])]
    tasks = complete[["pipeline", "protocol", "subject"]].drop_duplicates()
    per_subject = tasks.groupby("subject").size()
    subjects = per_subject.index[per_subject == per_subject.max()]
    return common_trials(complete[complete["subject"].isin(subjects)])
