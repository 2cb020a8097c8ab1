"""Ranking of the pipelines of a run: means with intervals, average ranks, table of metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bci_dann.evaluation import average_ranks, common_accuracy, summarise
from bci_dann.evaluation.metrics import METRICS
from bci_dann.evaluation.statistics.intervals import mean_interval
from bci_dann.evaluation.summary import per_subject_and_seed
from bci_dann.exceptions import ResultsError
from bci_dann.reporting.run_report.html_parts import (
    Explanation,
    Section,
    figure_html,
    heading_html,
    p_value_text,
    paragraph_html,
    table_html,
)
from bci_dann.reporting.run_report.ranking_figures import (
    MAX_RANKED,
    draw_critical_difference,
    draw_means,
)

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.reporting.run_report.run_content import RunContent
    from bci_dann.reporting.run_report.scored_group import ScoredGroup

__all__ = ["ranking_section"]

COMMON_HEADER = "accuracy on common trials %"
MEANS_EXPLANATION = Explanation(
    "A large marker is the mean accuracy of a pipeline over left-out subjects, the horizontal line "
    "is the 95 % interval of this mean, and small points are subjects. The dotted line is the "
    "accuracy that guessing exceeds for a subject with a probability of 5 %.",
    "The interval is well above the dotted line, and subjects are close to each other.",
    "Subjects near the dotted line: for them, the pipeline may be guessing. A high mean that is "
    "due to a few subjects.",
    "Use the comparison table, not overlapping intervals, to judge differences: all pipelines are "
    "evaluated on the same subjects, so paired differences are more precise. Report each mean with "
    "its interval and N.",
)
RANKS_EXPLANATION = Explanation(
    "Average rank of each pipeline over subjects; 1 is the best. A bar connects pipelines that do "
    "not differ significantly at 5 % according to Nemenyi's procedure.",
    "Your preferred pipeline is leftmost, and no bar connects it with the reference.",
    "One bar over all pipelines: there are too few subjects, or the differences are too small, for "
    "a ranking.",
    "Do not rank pipelines under the same bar, and prefer the simplest of them. With more "
    "subjects, smaller differences become significant.",
)


def ranking_section(run: RunContent) -> Section:
    """Return the section with the ranking of the pipelines in each protocol.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section
        One part for each dataset and protocol, since scores of different protocols cannot be
        compared.
    """
    parts = []
    common = common_accuracy(run.stored.trials)
    for group in run.groups:
        parts += [heading_html(group.title, 3), _means(group), _ranks(group)]
        parts.append(_table(group, common))
    return Section("Ranking", "".join(parts))


def _means(group: ScoredGroup) -> str:
    names = group.shown(MAX_RANKED)
    table = group.accuracies[names]
    intervals = {
        name: mean_interval(table[name].dropna().to_numpy(dtype=float), (0.0, 100.0))
        for name in names
    }
    chance = float(summarise(group.table_of(names[:1]))["chance"].mean())
    figure = draw_means(table, intervals, chance, group.reference)
    title = f"Mean accuracy under {group.protocol}, N = {group.n_subjects} subjects"
    return figure_html(figure, title, MEANS_EXPLANATION) + _note_on_selection(
        len(names), len(group.best_first)
    )


def _ranks(group: ScoredGroup) -> str:
    try:
        ranks = average_ranks(group.results, group.protocol)
    except ResultsError as error:
        return paragraph_html(f"There is no critical-difference diagram: {error}")
    if not np.isfinite(ranks.p_friedman):
        return paragraph_html("All pipelines have equal scores, so there is no ranking.")
    figure, n_shown = draw_critical_difference(ranks)
    title = (
        f"Average ranks by accuracy under {group.protocol}, N = {ranks.n_subjects} subjects "
        f"(p of Friedman's test of all pipelines: {p_value_text(ranks.p_friedman)})"
    )
    return figure_html(figure, title, RANKS_EXPLANATION) + _note_on_selection(
        n_shown, len(ranks.ranks)
    )


def _note_on_selection(n_shown: int, n_all: int) -> str:
    if n_shown == n_all:
        return ""
    return paragraph_html(f"The figure shows {n_shown} of {n_all} pipelines; tables show all.")


def _table(group: ScoredGroup, common: pd.DataFrame) -> str:
    """Return the table of all metrics, means over subjects, with one row for each pipeline."""
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
    rows[COMMON_HEADER] = [f"{value:.1f}" if np.isfinite(value) else "–" for value in shared]
    note = (
        f"{COMMON_HEADER}: on the {own['n_common'].max()} trials that all protocols of the run "
        "score. Only this column can be compared between protocols."
    )
    return heading_html(head, 4) + table_html(pd.DataFrame(rows)) + paragraph_html(note)


def _number(value: float, form: str) -> str:
    return format(value, form).removesuffix("%") if np.isfinite(value) else "–"
