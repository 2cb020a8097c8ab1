"""Trials of a run: which classes are confused, how far probabilities can be trusted, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann.evaluation.selective_prediction import coverage_curves
from bci_dann.reporting.risk_coverage_figure import draw_risk_coverage
from bci_dann.reporting.run_report.html_parts import (
    Reading,
    Section,
    figure_html,
    heading_html,
    paragraph_html,
)
from bci_dann.reporting.run_report.trial_figures import (
    MOST_DRAWN,
    draw_confusion,
    draw_reliability,
    draw_time_course,
)

if TYPE_CHECKING:
    from bci_dann.reporting.run_report.run_content import RunContent
    from bci_dann.reporting.run_report.scored_group import ScoredGroup

__all__ = ["trials_section"]

CONFUSION = Reading(
    "Each row is a true class, each column a predicted one; a cell is the share of the row's "
    "trials (%), over all subjects and seeds.",
    "High numbers on the diagonal, about equal to each other.",
    "A column that is high in every row: the pipeline prefers that class, often because the "
    "target's signals are shifted.",
    "Compare balanced accuracy as well. A preference for one class calls for alignment or an "
    "adaptation; see label shift in the documentation.",
)
RELIABILITY = Reading(
    "Trials are grouped by the probability of the predicted class (horizontal); the height is "
    "the share of them that are right. Groups of fewer than 20 trials are not drawn. ECE is the "
    "mean distance from the diagonal (expected calibration error).",
    "A line on the diagonal: a probability of 80 % is right in 80 % of cases.",
    "A line below the diagonal: the pipeline is too certain; thresholds on its probabilities "
    "then promise too much.",
    "Use the probabilities as they are only where the line follows the diagonal; else "
    "calibrate, as bci_dann_light_calibrated does on source subjects.",
)
RISK = Reading(
    "The error among the most certain trials, against the share of trials that is answered; the "
    "rest gets no decision. The last point on the right is the error of all trials.",
    "A line that falls steeply to the left: leaving the uncertain trials out removes most errors.",
    "A flat line: certainty says nothing about being right, and abstaining only costs trials.",
    "Pick the share that your application can afford, and serve with `bci-dann predict "
    "--abstain-below`; choose the threshold on source subjects.",
)
COURSE = Reading(
    "Accuracy in the quarters of each session, in the order of recording, the mean over subjects.",
    "A level line, or one that rises.",
    "A fall towards the end of the session: fatigue, drying electrodes or another drift.",
    "Where it falls, compare pipelines under the protocol `online`, which adapt as trials pass.",
)


def trials_section(run: RunContent) -> Section:
    """Return the section about single trials.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section
        One part a dataset and protocol.
    """
    parts = []
    for group in run.groups:
        parts += [heading_html(group.title, 3), _figures(group, run.classes)]
    return Section("Trials", "".join(parts))


def _figures(group: ScoredGroup, classes: list[str]) -> str:
    names = group.shown(MOST_DRAWN)
    trials = group.trials[group.trials["pipeline"].isin(names)]
    n_trials, n_subjects = trials["trial"].nunique(), trials["subject"].nunique()
    size = f"under {group.protocol}, N = {n_subjects} subjects, {n_trials} trials"
    curves = coverage_curves(trials)
    order = {name: place for place, name in enumerate(names)}
    curves = curves.sort_values(["pipeline", "coverage"], key=lambda c: c.map(order).fillna(c))
    parts = [
        figure_html(draw_confusion(trials, names, classes), f"Confusion {size}", CONFUSION),
        figure_html(draw_reliability(trials, names, classes), f"Calibration {size}", RELIABILITY),
        figure_html(draw_risk_coverage(curves), f"Errors of the most certain trials {size}", RISK),
        figure_html(draw_time_course(trials, names), f"Accuracy over the session {size}", COURSE),
    ]
    if len(names) < len(group.best_first):
        parts.append(
            paragraph_html(
                f"These figures show {len(names)} of {len(group.best_first)} pipelines: the best, "
                "and the reference."
            )
        )
    return "".join(parts)
