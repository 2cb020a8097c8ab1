"""What the figures of a diagnosis mean, in words."""

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

# Below this one weights change little; few target trials reach it by chance.
ALIKE_AUC = 0.6
LITTLE_ESS_SHARE, EVEN_ESS_SHARE = 0.1, 0.9
LEVEL, LEVEL_QUANTILE = 0.05, 1.645  # one-sided


def overlap_level(row: Mapping[str, Any]) -> str:
    """Return which of :data:`OVERLAP_LEVELS` a row of the table shows.

    Parameters
    ----------
    row : mapping
        With ``domain_auc``, ``ess_share``, ``n_source`` and ``n_target``.

    Returns
    -------
    str
    """
    if math.isnan(row["domain_auc"]):
        return "too few trials"
    if row["domain_auc"] >= SEPARATE_AUC:
        return "no overlap"
    if row["ess_share"] < LITTLE_ESS_SHARE:
        return "little overlap"
    if row["domain_auc"] < max(ALIKE_AUC, _auc_of_chance(row["n_source"], row["n_target"])):
        return "no shift"
    return "overlap"


def reweighting_advice(row: Mapping[str, Any], least_trials: int) -> str:
    """Return one or two sentences on what reweighting can do for a person.

    Parameters
    ----------
    row : mapping
        A row of the table of a diagnosis, with its ``overlap``.
    least_trials : int
        How many trials a side needs.

    Returns
    -------
    str
    """
    n_source, worth = f"{row['n_source']} source trials", f"{row['ess']:.0f}"
    advice = "align first" if row["alignment"] == "none" else "this alignment is not enough"
    found = row["overlap"]
    if found == "too few trials":
        return (
            f"too few trials: {row['n_target']} of the person and {row['n_source']} of the others, "
            f"and a comparison takes {least_trials} of each."
        )
    if found == "no overlap":
        alike = round(row["source_error"] * row["n_source"])
        even = f" That the weights are even (ESS {worth}) is the work of their clipping."
        return (
            f"no overlap: of {n_source} {alike} could pass for this person's (domain AUC "
            f"{row['domain_auc']:.3f}). Reweighting cannot help; {advice}."
            + (even if row["ess_share"] > EVEN_ESS_SHARE else "")
        )
    if found == "little overlap":
        return (
            f"little overlap: the weights of {n_source} are worth only {worth}. Reweighting would "
            f"train on those few; {advice}."
        )
    if found == "overlap":
        return f"overlap: reweighting may help; {n_source} are worth {worth} with their weights."
    unseen = row["mmd_p"] <= LEVEL
    rest = f", though the MMD sees some (p = {row['mmd_p']:.3f})" if unseen else ""
    return (
        f"no shift that the domain classifier sees{rest}: weights would be nearly even and change "
        "nothing."
    )


def describe_overlap(table: pd.DataFrame) -> list[str]:
    """Return a sentence for each alignment, on all people together.

    Parameters
    ----------
    table : pandas.DataFrame
        The ``table`` of a diagnosis.

    Returns
    -------
    list of str
    """
    return [
        _sentence(str(alignment), rows)
        for alignment, rows in table.groupby("alignment", sort=False)
    ]


def describe_shifts(shifts: pd.DataFrame, n_largest: int = 3) -> list[str]:
    """Name the bands and channels in which each person differs most from the others.

    Parameters
    ----------
    shifts : pandas.DataFrame
        The ``shifts`` of a diagnosis.
    n_largest : int
        How many to name.

    Returns
    -------
    list of str
        A sentence for each person, by the mean of the log-power, in standard deviations.
    """
    return [
        f"{subject} differs most in {_largest(own, n_largest)}."
        for subject, own in shifts.dropna(subset="mean_shift").groupby("subject", sort=False)
    ]


def _largest(own: pd.DataFrame, n_largest: int) -> str:
    order = own["mean_shift"].abs().sort_values(ascending=False, kind="stable").index
    largest = own.loc[order[:n_largest]]
    columns = (largest["band"], largest["channel"], largest["mean_shift"])
    return ", ".join(f"{b} {c} {size:+.1f} SD" for b, c, size in zip(*columns, strict=True))


def _sentence(alignment: str, rows: pd.DataFrame) -> str:
    how = "without alignment" if alignment == "none" else f"after {alignment} alignment"
    measured = rows.dropna(subset="domain_auc")
    if measured.empty:
        return f"{how}: nobody has enough trials for a comparison."
    counts = [
        f"{name} for {len(people)} of {len(rows)} people"
        for name in OVERLAP_LEVELS
        if len(people := rows.loc[rows["overlap"] == name, "subject"])
    ]
    middle = measured[["domain_auc", "distance"]].median()
    return (
        f"{how}: {', '.join(counts)}. Median domain AUC {middle['domain_auc']:.3f}, distance "
        f"{middle['distance']:.2f}. {_advice(measured)}"
    )


def _advice(measured: pd.DataFrame) -> str:
    share = measured["overlap"].value_counts(normalize=True)
    if share.get("no overlap", 0.0) + share.get("little overlap", 0.0) >= 0.5:
        return "Reweighting cannot help most of them, for want of overlap."
    if share.get("no shift", 0.0) >= 0.5:
        return "Reweighting has hardly anything left to correct."
    return "Reweighting may help where there is overlap."


def _auc_of_chance(n_source: int, n_target: int) -> float:
    """Return what the AUC of two samples that are alike exceeds in 5 % of cases.

    Mann and Whitney (1947), "On a test of whether one of two random variables is stochastically
    larger than the other", Ann. Math. Statist. 18(1), 50-60, in the normal approximation.
    """
    deviation = math.sqrt((n_source + n_target + 1) / (12.0 * n_source * n_target))
    return 0.5 + LEVEL_QUANTILE * deviation
