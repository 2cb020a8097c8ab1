"""Scores of subjects by pipeline, for paired tests; seeds are averaged within each subject."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bci_dann._validation import check_option
from bci_dann.evaluation.metrics import METRICS
from bci_dann.evaluation.statistics.sign_flips import DECIMALS
from bci_dann.evaluation.summary import per_subject_and_seed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["paired_differences", "scores_by_subject"]


def scores_by_subject(
    results: pd.DataFrame, metric: str = "accuracy"
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield the scores of each dataset and protocol, with one column for each pipeline.

    Parameters
    ----------
    results : pandas.DataFrame
        The result of :func:`bci_dann.run_benchmark`, or the content of ``results.csv``.
    metric : str
        A metric of the table.

    Yields
    ------
    dataset, protocol : str
        Dataset and protocol of the scores.
    scores : pandas.DataFrame
        Scores with index ``(subject, seed)`` and one column for each pipeline; NaN for missing
        ones.

    Raises
    ------
    ConfigError
        When the metric is unknown.
    """
    check_option("metric", metric, METRICS)
    by_seed = per_subject_and_seed(results, (metric,))
    for (dataset, protocol), rows in by_seed.groupby(["dataset", "protocol"], sort=True):
        scores = rows.pivot(index=["subject", "seed"], columns="pipeline", values=metric)
        yield str(dataset), str(protocol), scores


def paired_differences(scores: pd.DataFrame, pipeline: str, reference: str) -> pd.Series:
    """Return the difference of two pipelines for each subject, averaged over common seeds.

    A deterministic pipeline has one seed; it is compared with the mean of the other pipeline over
    its seeds.

    Parameters
    ----------
    scores : pandas.DataFrame
        Scores from :func:`scores_by_subject`.
    pipeline, reference : str
        Two of its columns.

    Returns
    -------
    pandas.Series
        One value for each subject with scores of both pipelines, without rounding errors.
    """
    pair = scores[[pipeline, reference]]
    complete = pair.dropna()
    n_seeds = {name: pair[name].dropna().index.get_level_values("seed").nunique() for name in pair}
    if min(n_seeds.values()) > 1:
        pair = complete
    means = pair.groupby(level="subject", sort=False).mean()
    return (means[pipeline] - means[reference]).dropna().round(DECIMALS)
