"""Ranking of the pipelines of a run: means with intervals, average ranks, scores over protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bci_dann.evaluation import average_ranks, common_accuracy, summarise
from bci_dann.evaluation.metrics import METRICS
from bci_dann.evaluation.statistics.intervals import mean_interval
from bci_dann.evaluation.summary import per_subject_and_seed
from bci_dann.exceptions import ResultsError
from bci_dann.reporting.run_report.html_parts import (
    Reading,
    Section,
    figure_html,
    heading_html,
    p_value_text,
    paragraph_html,
    table_html,
)
from bci_dann.reporting.run_report.ranking_figures import (
    MOST_RANKED,
    draw_critical_difference,
    draw_means,
)

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.reporting.run_report.run_content import RunContent
    from bci_dann.reporting.run_report.scored_group import ScoredGroup

__all__ = ["ranking_section"]

COMMON = "accuracy on common trials %"
MEANS = Reading(
    "A thick point is the mean accuracy of a pipeline over subjects, each of whom was the target "
    "in turn; the line is the 95 % interval of the mean over subjects; small points are subjects. "
    "The dotted line is the accuracy that guessing exceeds for one subject in 5 % of cases.",
    "An interval well above the dotted line, and subjects close to each other.",
    "Subjects at the dotted line: for them the pipeline may be guessing. A mean that is high "
    "because of a few subjects.",
    "Take differences from the comparison table and not from overlapping intervals: all "
    "pipelines see the same subjects, and pairs say more. Name the interval and N beside every "
    "mean.",
)
RANKS = Reading(
    "The average rank of each pipeline over subjects, 1 for the best. A bar joins pipelines "
    "that Nemenyi's procedure cannot tell apart at 5 %.",
    "The pipeline that you favour stands leftmost, and no bar joins it with the reference.",
    "One bar over all: the subjects are too few, or the pipelines too alike, for any order.",
    "Report pipelines under one bar as equal, and prefer the simplest of them. More subjects "
    "separate more.",
)


def ranking_section(run: RunContent) -> Section:
    """Return the section with the order of the pipelines in each protocol.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section
        One part a dataset and protocol, since scores of two protocols cannot be compared.
    """
    parts = []
    common = common_accuracy(run.stored.trials)
    for group in run.groups:
        parts += [heading_html(group.title, 3), _means(group), _ranks(group)]
        parts.append(_table(group, common))
    return Section("Ranking", "".join(parts))


def _means(group: ScoredGroup) -> str:
    names = group.shown(MOST_RANKED)
    table = group.accuracies[names]
    intervals = {name: mean_interval(table[name].dropna().to_numpy(dtype=float)) for name in names}
    chance = float(summarise(group.table_of(names[:1]))["chance"].mean())
    figure = draw_means(table, intervals, chance, group.reference)
    title = f"Mean accuracy under {group.protocol}, N = {group.n_subjects} subjects"
    return figure_html(figure, title, MEANS) + _cap(len(names), len(group.best_first))


def _ranks(group: ScoredGroup) -> str:
    try:
        ranks = average_ranks(group.results, group.protocol)
    except ResultsError as error:
        return paragraph_html(f"There is no critical-difference diagram: {error}")
    if not np.isfinite(ranks.p_friedman):
        return paragraph_html("All pipelines have equal scores: there are no ranks to compare.")
    figure, n_shown = draw_critical_difference(ranks)
    title = (
        f"Average ranks by accuracy under {group.protocol}, N = {ranks.n_subjects} subjects "
        f"(p of Friedman's test over all: {p_value_text(ranks.p_friedman)})"
    )
    return figure_html(figure, title, RANKS) + _cap(n_shown, len(ranks.ranks))


def _cap(n_shown: int, n_all: int) -> str:
    if n_shown == n_all:
        return ""
    return paragraph_html(f"The figure shows {n_shown} of {n_all} pipelines; tables show all.")


def _table(group: ScoredGroup, common: pd.DataFrame) -> str:
    """Return every metric of every pipeline, as means over subjects."""
    import pandas as pd

    by_seed = per_subject_and_seed(group.results, METRICS)
    subjects = by_seed.groupby(["pipeline", "subject"])[list(METRICS)].mean()
    means = subjects.groupby("pipeline").mean()
    counts = group.accuracies.notna().sum()
    rows = {
        "pipeline": group.best_first,
        "subjects": [str(counts[name]) for name in group.best_first],
        **{
            header: [_number(means.loc[name, metric], form) for name in group.best_first]
            for metric, header, form in (
                ("accuracy", "accuracy %", ".1%"),
                ("balanced_accuracy", "balanced accuracy %", ".1%"),
                ("roc_auc", "ROC AUC", ".3f"),
                ("kappa", "Cohen's kappa", ".3f"),
                ("nll", "log loss (nats)", ".3f"),
                ("ece", "calibration error", ".3f"),
            )
        },
    }
    head = f"Means over subjects under {group.protocol}, N = {group.n_subjects} subjects"
    own = common[(common["dataset"] == group.dataset) & (common["protocol"] == group.protocol)]
    if own.empty:
        return heading_html(head, 4) + table_html(pd.DataFrame(rows))
    shared = own.set_index("pipeline")["common_accuracy"].reindex(group.best_first)
    rows[COMMON] = [f"{value:.1f}" if np.isfinite(value) else "–" for value in shared]
    note = (
        f"{COMMON}: on the {own['n_common'].max()} trials that all protocols of the run score. "
        "Only this column may be compared between protocols."
    )
    return heading_html(head, 4) + table_html(pd.DataFrame(rows)) + paragraph_html(note)


def _number(value: float, form: str) -> str:
    return format(value, form).removesuffix("%") if np.isfinite(value) else "–"
