"""First section of a report: comparison, main results and missing tasks, in sentences."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bci_dann.data.screening.cues import account_sentence
from bci_dann.evaluation import detectable_difference
from bci_dann.evaluation.statistics.intervals import mean_interval
from bci_dann.reporting.run_report.html_parts import (
    Section,
    details_html,
    heading_html,
    list_html,
    p_value_text,
    paragraph_html,
    signed_text,
    table_html,
)

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.reporting.run_report.completeness import Completeness
    from bci_dann.reporting.run_report.run_content import RunContent
    from bci_dann.reporting.run_report.scored_group import ScoredGroup

__all__ = ["missing_html", "overview_section"]

# Significance level in sentences.
SIGNIFICANT = 0.05
CAUTION = (
    "Folds share most of their training data, so the scores of subjects are not independent, and "
    "intervals and p-values are approximate (Nadeau and Bengio 2003)."
)
HINDSIGHT = (
    "The best pipeline was selected by the same scores, so its mean is optimistic. `bci-dann "
    "choose` estimates the accuracy of a choice that does not use the scores of the target."
)


def overview_section(run: RunContent) -> Section:
    """Return the section that describes the results of a run, and missing tasks, in sentences.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section
        The section; it always states whether tasks are missing.
    """
    groups = run.groups
    parts = [paragraph_html(_compared(run, groups))]
    if groups:
        parts.append(heading_html("Main results", 3))
        for group in groups:
            parts += [heading_html(group.title, 4), list_html(_findings(group))]
        parts += [heading_html("For all results", 4), list_html([HINDSIGHT, CAUTION])]
    parts += [heading_html("Failed and missing tasks", 3), missing_html(run)]
    return Section("Overview", "".join(parts))


def missing_html(run: RunContent) -> str:
    """Return a description of missing, damaged and failed tasks of a run.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    str
        HTML; highlighted if there are any.
    """
    complete = run.completeness
    sentences = [_tasks_sentence(complete)]
    if complete.damaged:
        sentences.append(
            f"{_count(len(complete.damaged), 'record')} cannot be read and count as missing: "
            f"{', '.join(complete.damaged[:3])}{' …' if len(complete.damaged) > 3 else ''}. Run "
            "the same command again to compute them."
        )
    if complete.n_others:
        sentences.append(
            f"{_count(complete.n_others, 'further record')} in the folder are not shown: of other "
            "code, other data, another definition of a pipeline, or a nested choice."
        )
    if run.is_recomputed and len(run.results):
        sentences.append(
            "results.csv is missing or differs from the records. All figures in this report are "
            "computed from the records. Run the same command again to write it."
        )
    if run.account is None:
        sentences.append("How many cues of the recordings are used as trials is not known.")
    else:
        sentences.append(account_sentence(run.account))
    failed = [f"{label}: {error}" for label, error in complete.failures.items()]
    parts = [list_html(sentences)]
    if failed:
        text = "Tasks that failed in the last command (tracebacks are in failures.txt):"
        parts += [paragraph_html(text), list_html(failed[:20])]
        if len(failed) > 20:
            parts.append(paragraph_html(f"and {len(failed) - 20} more."))
    if len(complete.missing):
        parts.append(details_html("Tasks without a record", table_html(_listed(complete))))
    is_complete = not (len(complete.missing) or complete.damaged or failed)
    return "".join(parts) if is_complete else f'<div class="missing">{"".join(parts)}</div>'


def _compared(run: RunContent, groups: list[ScoredGroup]) -> str:
    names, protocols = run.stored.manifest.pipelines, run.stored.manifest.protocols
    compared = f"{_count(len(names), 'pipeline')} under {_count(len(protocols), 'protocol')}"
    if not groups:
        return f"The run compares {compared}. No task has finished yet, so there are no scores."
    unit = "scored window" if "pseudo_online" in run.stored.manifest.fixed else "scored trial"
    trials, seeds = run.stored.trials, run.results["seed"].nunique()
    n_sessions = len(trials[["subject", "session"]].drop_duplicates())
    return (
        f"The run compares {compared} on {', '.join(sorted(trials['dataset'].unique()))}: "
        f"{_count(trials['subject'].nunique(), 'subject')}, {_count(n_sessions, 'session')} and "
        f"{_count(trials['trial'].nunique(), unit)} of the classes "
        f"{', '.join(run.classes)}, with {_count(seeds, 'seed')}. Each subject in turn "
        "is left out of training, and its trials are predicted."
    )


def _findings(group: ScoredGroup) -> Iterator[str]:
    """Yield sentences on the best pipeline in a protocol, and on how certain this is."""
    best = group.best_first[0]
    accuracies = group.accuracies[best].dropna()
    low, high = mean_interval(accuracies.to_numpy(dtype=float), (0.0, 100.0))
    count = _count(len(accuracies), "subject")
    interval = f"95 % interval {low:.1f} to {high:.1f}, " if len(accuracies) > 1 else ""
    yield (f"{best} has the highest mean accuracy, {accuracies.mean():.1f} % ({interval}{count}).")
    if group.reference is not None:
        yield from _against_reference(group, best)
    if group.n_subjects < (needed := _subjects_needed(group)):
        n_tests = len(group.comparisons)
        corrected = f" with Holm's correction over {n_tests} comparisons" if n_tests > 1 else ""
        yield (
            f"With {_count(group.n_subjects, 'subject')}, no difference can be significant at 5 % "
            f"in an exact two-sided test{corrected}; this needs at least {needed} subjects."
        )


def _subjects_needed(group: ScoredGroup) -> int:
    """Return the number of subjects with which a corrected p-value can be significant.

    The smallest p-value of a two-sided sign-flip test of n subjects is 2 / 2**n; Holm's correction
    multiplies it by the number of comparisons.
    """
    n_tests = max(len(group.comparisons), 1)
    return next(n for n in itertools.count(2) if n_tests * 2.0 ** (1 - n) <= SIGNIFICANT)


def _against_reference(group: ScoredGroup, best: str) -> Iterator[str]:
    reference, rows = group.reference, group.comparisons
    for _, row in rows[rows["pipeline"] == best].iterrows():
        yield (
            f"{best} differs from {reference}, the reference, by "
            f"{signed_text(100 * row['difference'])} points (95 % interval "
            f"{signed_text(100 * row['low'])} to {signed_text(100 * row['high'])}; "
            f"p {_equals(row['p_holm'])} after Holm's correction over "
            f"{_count(len(rows), 'comparison')})."
        )
    spread = _median_spread(group)
    if best == reference:
        yield f"No pipeline has a higher mean than {reference}, the reference."
    if spread is not None and group.n_subjects >= _subjects_needed(group):
        smallest = detectable_difference(group.n_subjects, spread)
        yield (
            f"Differences from {reference} have a standard deviation over subjects of {spread:.1f} "
            f"points (median over pipelines). With {_count(group.n_subjects, 'subject')}, a true "
            f"mean difference of {smallest:.1f} points would be significant in 80 % of such "
            "studies; smaller differences are detected less often."
        )


def _median_spread(group: ScoredGroup) -> float | None:
    gains = group.gains
    complete = gains.loc[:, gains.notna().sum() == gains.notna().sum().max()]
    spreads = complete.std().dropna()
    return float(spreads.median()) if len(spreads) and spreads.median() > 0 else None


def _tasks_sentence(complete: Completeness) -> str:
    if not complete.n_planned:
        return (
            "The number of missing tasks is not known, because the folder contains no subjects yet."
        )
    if complete.missing.empty:
        return f"All {complete.n_planned} tasks have their records."
    return (
        f"{len(complete.missing)} of {complete.n_planned} tasks (each pipeline under each protocol "
        "and seed, for each subject) have no record: they have not run, or have failed. Run the "
        "same command again to compute them. Until then, the means of pipelines may be over "
        "different subjects."
    )


def _listed(complete: Completeness) -> pd.DataFrame:
    """Return one row for each pipeline, protocol and seed with missing subjects."""
    keys = ["pipeline", "protocol", "seed"]
    return (
        complete.missing.groupby(keys, sort=False)["subject"]
        .agg(tasks="size", subjects=lambda names: _shortened(list(names)))
        .reset_index()
    )


def _shortened(names: list[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _equals(p_value: float) -> str:
    text = p_value_text(p_value)
    return text if text.startswith("<") else f"= {text}"
