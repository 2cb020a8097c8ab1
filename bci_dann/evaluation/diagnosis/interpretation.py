"""Interpretation of a diagnosis in words: overlap of domains, and what reweighting can do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bci_dann.reweighting import SEPARATE_AUC

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "OVERLAP_LEVELS",
    "describe_overlap",
    "describe_shifts",
    "overlap_level",
    "reweighting_advice",
]

OVERLAP_LEVELS = ("too few trials", "no overlap", "little overlap", "overlap", "no shift")

# Domain AUC below which weights change little (empirical); with few target trials, chance alone
# exceeds it.
SMALL_AUC = 0.6
# Effective sample size, as a share of the sources, below which few trials have all the weight, and
# above which weights are nearly even (empirical).
SMALL_ESS_SHARE, EVEN_ESS_SHARE = 0.1, 0.9
# Significance level, and the corresponding quantile of the normal distribution (one-sided).
SIGNIFICANCE_LEVEL, NORMAL_QUANTILE = 0.05, 1.645


def overlap_level(row: Mapping[str, Any]) -> str:
    """Return which of :data:`OVERLAP_LEVELS` a row of the table shows.

    Parameters
    ----------
    row : mapping
        The values of ``domain_auc``, ``ess_share``, ``n_source`` and ``n_target``.

    Returns
    -------
    str
        For example ``"no overlap"`` if the domain classifier separates source and target, and
        ``"no shift"`` if it is not better than chance.
    """
    if math.isnan(row["domain_auc"]):
        return "too few trials"
    if row["domain_auc"] >= SEPARATE_AUC:
        return "no overlap"
    if row["ess_share"] < SMALL_ESS_SHARE:
        return "little overlap"
    if row["domain_auc"] < max(SMALL_AUC, _auc_of_chance(row["n_source"], row["n_target"])):
        return "no shift"
    return "overlap"


def reweighting_advice(row: Mapping[str, Any], least_trials: int) -> str:
    """Return one or two sentences on what reweighting can do for a subject.

    Parameters
    ----------
    row : mapping
        A row of the table of a diagnosis, with its ``overlap``.
    least_trials : int
        Number of trials of source and of target that a comparison needs.

    Returns
    -------
    str
        The advice; it begins with the row's ``overlap``.
    """
    sources, ess = f"{row['n_source']} source trials", f"{row['ess']:.0f}"
    remedy = "align first" if row["alignment"] == "none" else "this alignment is not enough"
    overlap = row["overlap"]
    if overlap == "too few trials":
        return (
            f"too few trials: {row['n_target']} of the subject and {row['n_source']} of the "
            f"others, and a comparison needs {least_trials} of each."
        )
    if overlap == "no overlap":
        return _advice_without_overlap(row, sources, ess, remedy)
    if overlap == "little overlap":
        return (
            f"little overlap: the effective sample size of {sources} is only {ess}. Reweighting "
            f"would train on those few; {remedy}."
        )
    if overlap == "overlap":
        return f"overlap: reweighting may help; the effective sample size of {sources} is {ess}."
    has_mmd_shift = row["mmd_p"] <= SIGNIFICANCE_LEVEL
    exception = f", though the MMD shows one (p = {row['mmd_p']:.3f})" if has_mmd_shift else ""
    return (
        f"no shift for the domain classifier{exception}: weights would be nearly even and change "
        "nothing."
    )


def _advice_without_overlap(row: Mapping[str, Any], sources: str, ess: str, remedy: str) -> str:
    n_mistaken = round(row["source_error"] * row["n_source"])
    advice = (
        f"no overlap: of {sources} {n_mistaken} are taken for this subject's (domain AUC "
        f"{row['domain_auc']:.3f}). Reweighting cannot help; {remedy}."
    )
    if row["ess_share"] <= EVEN_ESS_SHARE:
        return advice
    return f"{advice} The weights are even (ESS {ess}) only because they are clipped."


def describe_overlap(table: pd.DataFrame) -> list[str]:
    """Describe the overlap of all subjects in a sentence for each alignment.

    Parameters
    ----------
    table : pandas.DataFrame
        The ``table`` of a diagnosis.

    Returns
    -------
    list of str
        One sentence for each alignment, in the order in which alignments occur.
    """
    return [
        _sentence(str(alignment), rows)
        for alignment, rows in table.groupby("alignment", sort=False)
    ]


def describe_shifts(shifts: pd.DataFrame, n_largest: int = 3) -> list[str]:
    """Name the bands and channels in which each subject differs most from the others.

    Parameters
    ----------
    shifts : pandas.DataFrame
        The ``shifts`` of a diagnosis.
    n_largest : int
        Number of bands and channels to name.

    Returns
    -------
    list of str
        One sentence for each subject, with differences of the mean log-power in standard
        deviations.
    """
    return [
        f"subject {subject} differs most in {_largest(rows, n_largest)}."
        for subject, rows in shifts.dropna(subset="mean_shift").groupby("subject", sort=False)
    ]


def _largest(shifts: pd.DataFrame, n_largest: int) -> str:
    order = shifts["mean_shift"].abs().sort_values(ascending=False, kind="stable").index
    largest = shifts.loc[order[:n_largest]]
    columns = (largest["band"], largest["channel"], largest["mean_shift"])
    return ", ".join(f"{b} {c} {size:+.1f} SD" for b, c, size in zip(*columns, strict=True))


def _sentence(alignment: str, rows: pd.DataFrame) -> str:
    condition = "without alignment" if alignment == "none" else f"after {alignment} alignment"
    compared = rows.dropna(subset="domain_auc")
    if compared.empty:
        return f"{condition}: no subject has enough trials for a comparison."
    n_of_level = rows["overlap"].value_counts()
    counts = [
        f"{level} for {n_of_level[level]} of {len(rows)} subjects"
        for level in OVERLAP_LEVELS
        if level in n_of_level
    ]
    median = compared[["domain_auc", "distance"]].median()
    return (
        f"{condition}: {', '.join(counts)}. Median domain AUC {median['domain_auc']:.3f}, distance "
        f"{median['distance']:.2f}. {_general_advice(compared)}"
    )


def _general_advice(compared: pd.DataFrame) -> str:
    share = compared["overlap"].value_counts(normalize=True)
    if share.get("no overlap", 0.0) + share.get("little overlap", 0.0) >= 0.5:
        return "Reweighting cannot help most of them, for lack of overlap."
    if share.get("no shift", 0.0) >= 0.5:
        return "Reweighting has almost no shift left to correct."
    return "Reweighting may help where there is overlap."


def _auc_of_chance(n_source: int, n_target: int) -> float:
    """Return the AUC that two samples of one distribution exceed in 5 % of cases.

    Mann and Whitney (1947), "On a test of whether one of two random variables is stochastically
    larger than the other", Ann. Math. Statist. 18(1), 50-60, in the normal approximation.
    """
    deviation = math.sqrt((n_source + n_target + 1) / (12.0 * n_source * n_target))
    return 0.5 + NORMAL_QUANTILE * deviation
