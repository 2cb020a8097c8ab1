"""Section on single trials: confusion, calibration, selective prediction, accuracy over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann.evaluation.selective_prediction import coverage_curves
from bci_dann.reporting.risk_coverage_figure import draw_risk_coverage
from bci_dann.reporting.run_report.html_parts import (
    Explanation,
    Section,
    figure_html,
    heading_html,
    paragraph_html,
)
from bci_dann.reporting.run_report.trial_figures import (
    MAX_DRAWN,
    draw_confusion,
    draw_reliability,
    draw_time_course,
)

if TYPE_CHECKING:
    from bci_dann.reporting.run_report.run_content import RunContent
    from bci_dann.reporting.run_report.scored_group import ScoredGroup

__all__ = ["trials_section"]

CONFUSION_EXPLANATION = Explanation(
    "Each row is a true class, each column a predicted one; a cell is the share of the row's "
    "trials (%), over all subjects and seeds.",
    "High and similar numbers on the diagonal.",
    "A column with high numbers in every row: the pipeline prefers this class, often because the "
    "signals of the target are shifted.",
    "Also compare the balanced accuracy. If a class is preferred, use alignment or adaptation; see "
    "label shift in the documentation.",
)
CALIBRATION_EXPLANATION = Explanation(
    "Trials are grouped by the probability of the predicted class (horizontal axis); the vertical "
    "axis is the share of correct predictions in a group. Groups of fewer than 20 trials are not "
    "drawn. ECE (expected calibration error) is the mean distance from the diagonal.",
    "A line on the diagonal: predictions with a probability of 80 % are correct in 80 % of cases.",
    "A line below the diagonal: the pipeline is overconfident, and thresholds on its probabilities "
    "are too optimistic.",
    "Use the probabilities unchanged only if the line follows the diagonal. Otherwise calibrate "
    "them, as bci_dann_light_calibrated does on source subjects.",
)
SELECTION_EXPLANATION = Explanation(
    "Error rate of the most certain trials, by the share of trials that get a decision; the others "
    "get none. The rightmost point is the error rate of all trials.",
    "A line that falls steeply to the left: most errors are in uncertain trials.",
    "A horizontal line: certainty is unrelated to correctness, so abstaining does not help.",
    "Choose the share that your application permits, and use `bci-dann predict --abstain-below` "
    "with a threshold selected on source subjects.",
)
TIME_COURSE_EXPLANATION = Explanation(
    "Accuracy in the quarters of each session, in the order of recording; mean over subjects.",
    "A horizontal or rising line.",
    "A fall towards the end of the session: fatigue, drying electrodes or another drift.",
    "If the line falls, compare pipelines under the protocol `online`, in which they adapt to each "
    "trial.",
)


def trials_section(run: RunContent) -> Section:
    """Return the section on single trials.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section
        One part for each dataset and protocol.
    """
    parts = []
    for group in run.groups:
        parts += [heading_html(group.title, 3), _figures(group, run.classes)]
    return Section("Trials", "".join(parts))


def _figures(group: ScoredGroup, classes: list[str]) -> str:
    names = group.shown(MAX_DRAWN)
    trials = group.trials[group.trials["pipeline"].isin(names)]
    n_trials, n_subjects = trials["trial"].nunique(), trials["subject"].nunique()
    size = f"under {group.protocol}, N = {n_subjects} subjects, {n_trials} trials"
    curves = coverage_curves(trials)
    order = {name: index for index, name in enumerate(names)}
    curves = curves.sort_values(
        ["pipeline", "coverage"], key=lambda column: column.map(order).fillna(column)
    )
    parts = [
        figure_html(
            draw_confusion(trials, names, classes), f"Confusion {size}", CONFUSION_EXPLANATION
        ),
        figure_html(
            draw_reliability(trials, names, classes), f"Calibration {size}", CALIBRATION_EXPLANATION
        ),
        figure_html(
            draw_risk_coverage(curves),
            f"Errors of the most certain trials {size}",
            SELECTION_EXPLANATION,
        ),
        figure_html(
            draw_time_course(trials, names),
            f"Accuracy over the session {size}",
            TIME_COURSE_EXPLANATION,
        ),
    ]
    if len(names) < len(group.best_first):
        parts.append(
            paragraph_html(
                f"These figures show {len(names)} of {len(group.best_first)} pipelines: the best, "
                "and the reference."
            )
        )
    return "".join(parts)
