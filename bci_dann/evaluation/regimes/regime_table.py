"""The table of regimes by pipelines, with differences to the best baseline of each regime."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bci_dann.evaluation.summary import per_subject_and_seed

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "REGIME_COLUMNS",
    "SUMMARY_NAMES",
    "TABLE_FILE",
    "RegimeResults",
    "compare_with_baselines",
    "regime_table",
    "summarise_regimes",
]

TABLE_FILE = "regimes.csv"
REGIME_COLUMNS = (
    *("regime", "held_out", "pipeline", "is_baseline", "protocol", "n_subjects"),
    *("accuracy", "balanced_accuracy", "roc_auc"),
    *("best_baseline", "baseline_accuracy", "baseline_roc_auc"),
    *("accuracy_difference", "roc_auc_difference"),
)
# Summaries over regimes by name, with the function of pandas that computes each.
SUMMARY_NAMES = {"worst": "min", "mean": "mean"}
# Columns of the differences from the best baseline.
DIFFERENCE_COLUMNS = ["accuracy_difference", "roc_auc_difference"]
# Columns that depend on the baselines.
COMPARISON_COLUMNS = ["best_baseline", "baseline_accuracy", "baseline_roc_auc", *DIFFERENCE_COLUMNS]


@dataclass(frozen=True, eq=False)
class RegimeResults:
    """The results of one regime.

    Attributes
    ----------
    name : str
        Name of the regime.
    results : pandas.DataFrame
        The rows of ``results.csv``.
    n_subjects : int
        Number of target subjects.
    is_held_out : bool
        Whether the regime is reserved for a final test.
    """

    name: str
    results: pd.DataFrame
    n_subjects: int
    is_held_out: bool = False


def regime_table(regimes: Sequence[RegimeResults], baselines: Collection[str]) -> pd.DataFrame:
    """Return one row for each regime, pipeline and protocol.

    Parameters
    ----------
    regimes : sequence of RegimeResults
        The results of each regime.
    baselines : collection of str
        The pipelines of which the best in each regime is compared with all others.

    Returns
    -------
    pandas.DataFrame
        The columns :data:`REGIME_COLUMNS`. ``accuracy``, ``balanced_accuracy`` (%) and
        ``roc_auc`` (0 to 1) are means over subjects. ``best_baseline`` is the baseline with the
        highest accuracy in this regime and protocol. ``baseline_accuracy`` and
        ``baseline_roc_auc`` are the highest values of any baseline, which may be two different
        baselines; the differences (points, and ROC AUC) refer to these values. A pipeline that
        has not been computed for all subjects is left out.
    """
    import pandas as pd

    rows = [row for regime in regimes for row in _rows(regime, baselines)]
    return compare_with_baselines(pd.DataFrame(rows, columns=list(REGIME_COLUMNS)))


def summarise_regimes(table: pd.DataFrame) -> pd.DataFrame:
    """Return the worst and the mean difference over regimes.

    Parameters
    ----------
    table : pandas.DataFrame
        The result of :func:`run_regimes`.

    Returns
    -------
    pandas.DataFrame
        Two rows, ``worst`` and ``mean`` in the column ``summary``, for each pipeline and protocol,
        with ``accuracy_difference`` (points), ``roc_auc_difference``, and ``n_regimes``, the
        number of regimes with a difference: without those in which no baseline is complete.

    See Also
    --------
    run_regimes : Returns the table.

    Examples
    --------
    >>> import pandas as pd
    >>> from bci_dann.evaluation import summarise_regimes
    >>> table = pd.DataFrame(
    ...     {
    ...         "regime": ["whole", "few_subjects"],
    ...         "pipeline": "rts_im",
    ...         "protocol": "train",
    ...         "accuracy_difference": [9.0, -1.0],
    ...         "roc_auc_difference": [0.08, 0.0],
    ...     }
    ... )
    >>> summarise_regimes(table)[["summary", "accuracy_difference", "roc_auc_difference"]]
      summary  accuracy_difference  roc_auc_difference
    0   worst                 -1.0                0.00
    1    mean                  4.0                0.04
    """
    import pandas as pd

    groups = table.groupby(["pipeline", "protocol"], sort=False)
    parts = [
        groups[DIFFERENCE_COLUMNS]
        .agg(function)
        .assign(summary=name, n_regimes=groups["accuracy_difference"].count())
        for name, function in SUMMARY_NAMES.items()
    ]
    columns = ["summary", "pipeline", "protocol", "n_regimes", *DIFFERENCE_COLUMNS]
    return pd.concat(parts).reset_index()[columns]


def compare_with_baselines(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a table of regimes with the best baseline of each regime, and the differences from it.

    Parameters
    ----------
    rows : pandas.DataFrame
        Regimes, pipelines, protocols and scores; ``is_baseline`` selects the baselines.

    Returns
    -------
    pandas.DataFrame
        The columns :data:`REGIME_COLUMNS`; see :func:`regime_table`.
    """
    import pandas as pd

    scores = rows.drop(columns=[name for name in COMPARISON_COLUMNS if name in rows])
    groups = scores.groupby(["regime", "protocol"], sort=False)
    compared = [group.assign(**_best_baseline(group[group["is_baseline"]])) for _, group in groups]
    table = (
        pd.concat(compared).sort_index() if compared else scores.assign(**_best_baseline(scores))
    )
    for name in DIFFERENCE_COLUMNS:
        score = name.removesuffix("_difference")
        table[name] = table[score] - table[f"baseline_{score}"]
    return table[list(REGIME_COLUMNS)]


def _rows(regime: RegimeResults, baselines: Collection[str]) -> Iterator[dict[str, Any]]:
    for _, row in _scores(regime).iterrows():
        yield {
            "regime": regime.name,
            "held_out": regime.is_held_out,
            "is_baseline": row["pipeline"] in baselines,
            **row,
        }


def _best_baseline(baselines: pd.DataFrame) -> Mapping[str, Any]:
    """Return the best baseline of a regime by accuracy, and the highest scores of any baseline."""
    if baselines.empty:
        nan = float("nan")
        return {"best_baseline": "", "baseline_accuracy": nan, "baseline_roc_auc": nan}
    return {
        "best_baseline": baselines.loc[baselines["accuracy"].idxmax(), "pipeline"],
        "baseline_accuracy": baselines["accuracy"].max(),
        "baseline_roc_auc": baselines["roc_auc"].max(),
    }


def _scores(regime: RegimeResults) -> pd.DataFrame:
    """Return the means over subjects, without incomplete pipelines."""
    results = regime.results
    keys = ["pipeline", "protocol", "subject", "seed"]
    by_seed = per_subject_and_seed(results).set_index(keys)
    scores = by_seed[["accuracy", "balanced_accuracy", "roc_auc"]].copy()
    scores[["accuracy", "balanced_accuracy"]] *= 100
    by_subject = scores.groupby(keys[:3]).mean()
    groups = by_subject.groupby(keys[:2])
    means = groups.mean().assign(n_subjects=groups.size())
    n_seeds = by_seed.reset_index().groupby(keys[:2])["seed"].nunique()
    n_tasks = by_seed.groupby(keys[:2]).size()
    return means[n_tasks == regime.n_subjects * n_seeds].reset_index()
