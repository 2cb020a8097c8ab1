"""Average ranks of pipelines over subjects, with tests of their differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bci_dann.evaluation.statistics.paired_scores import scores_by_subject
from bci_dann.evaluation.statistics.sign_flips import DECIMALS
from bci_dann.exceptions import ResultsError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Ranks", "average_ranks"]

# Smallest number of pipelines for Friedman's test and Nemenyi's post-hoc procedure.
LEAST_PIPELINES = 3


@dataclass(frozen=True, eq=False)
class Ranks:
    """Average ranks of pipelines.

    Attributes
    ----------
    ranks : pandas.Series
        The average rank of each pipeline, 1 for the best; sorted.
    p_values : pandas.DataFrame
        p-value for each pair of pipelines, by Nemenyi's procedure.
    p_friedman : float
        p-value of Friedman's test, whose null hypothesis is that no pipeline differs.
    n_subjects : int
        Number of subjects, over all datasets.

    See Also
    --------
    average_ranks : Returns the ranks.

    Examples
    --------
    >>> import pandas as pd
    >>> from bci_dann.evaluation import Ranks
    >>> ranks = pd.Series({"ea_dann": 1.2, "csp_lda": 1.8})
    >>> p_values = pd.DataFrame(1.0, index=ranks.index, columns=ranks.index)
    >>> Ranks(ranks, p_values, p_friedman=0.3, n_subjects=5).ranks.idxmin()
    'ea_dann'
    """

    ranks: pd.Series
    p_values: pd.DataFrame
    p_friedman: float
    n_subjects: int


def average_ranks(results: pd.DataFrame, protocol: str, metric: str = "accuracy") -> Ranks:
    """Rank the pipelines for each subject, and test which average ranks differ.

    Demšar (2006), "Statistical comparisons of classifiers over multiple datasets", J. Machine
    Learning Research 7, 1-30.

    Parameters
    ----------
    results : pandas.DataFrame
        The result of :func:`bci_dann.run_benchmark`, or the content of ``results.csv``.
    protocol : str
        The protocol whose scores are ranked; ranks of different protocols cannot be compared.
    metric : str
        A metric of the table for which higher values are better.

    Returns
    -------
    Ranks
        Ranks over the subjects of all datasets for which all pipelines have scores.

    Raises
    ------
    ResultsError
        When there are fewer than three pipelines, or fewer than two subjects with scores of all
        pipelines.

    See Also
    --------
    compare_pipelines : Compares pairs of pipelines.

    Examples
    --------
    >>> import pandas as pd
    >>> from bci_dann.evaluation.statistics.ranks import average_ranks
    >>> results = pd.DataFrame(
    ...     {
    ...         "dataset": "Mine",
    ...         "pipeline": ["csp_lda"] * 4 + ["ea_csp_lda"] * 4 + ["ea_dann"] * 4,
    ...         "protocol": "train",
    ...         "seed": 0,
    ...         "subject": [*"1234"] * 3,
    ...         "session": "0",
    ...         "n_test": 40,
    ...         "accuracy": [0.5, 0.6, 0.5, 0.7, 0.7, 0.7, 0.6, 0.8, 0.8, 0.6, 0.7, 0.9],
    ...     }
    ... )
    >>> average_ranks(results, "train").ranks.to_dict()
    {'ea_dann': 1.375, 'ea_csp_lda': 1.75, 'csp_lda': 2.875}
    """
    import pandas as pd
    from scikit_posthocs import posthoc_nemenyi_friedman
    from scipy.stats import friedmanchisquare

    frames = {
        dataset: scores.groupby(level="subject").mean()
        for dataset, name, scores in scores_by_subject(results, metric)
        if name == protocol
    }
    scores = pd.concat(frames).dropna().round(DECIMALS) if frames else pd.DataFrame()
    n_subjects, n_pipelines = scores.shape
    if n_pipelines < LEAST_PIPELINES or n_subjects < 2:
        raise ResultsError(
            f"ranks need {LEAST_PIPELINES} pipelines or more, and two subjects or more that all "
            f"of them have, under {protocol}; got {n_pipelines} pipelines and {n_subjects} "
            "subjects."
        )
    ranks = scores.rank(axis=1, ascending=False).mean().sort_values()
    p_values = posthoc_nemenyi_friedman(scores.to_numpy())
    p_values.index = p_values.columns = scores.columns
    test = friedmanchisquare(*scores.to_numpy().T)
    order = list(ranks.index)
    return Ranks(ranks, p_values.loc[order, order], float(test.pvalue), n_subjects)
