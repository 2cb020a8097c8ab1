"""Paired comparisons of pipelines: exact tests, Holm's correction, effect sizes, intervals.

The folds of different subjects share most of their training data, so their scores are not
independent. All tests over subjects of one dataset are therefore approximate (Nadeau and Bengio
2003, "Inference for the generalization error", Machine Learning 52, 239-281).
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._validation import check_option
from bci_dann.evaluation.statistics.intervals import mean_interval
from bci_dann.evaluation.statistics.paired_scores import paired_differences, scores_by_subject
from bci_dann.evaluation.statistics.sign_flips import DECIMALS, EXACT_SUBJECTS, sign_flip_p_value

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compare_pipelines", "paired_p_values", "with_holm"]

COLUMNS = (
    *("dataset", "protocol", "pipeline", "reference", "n_subjects", "difference"),
    *("low", "high", "std_difference", "effect_size", "p_greater", "p_value", "p_holm"),
)

Floats = NDArray[np.float64]


def compare_pipelines(
    results: pd.DataFrame,
    reference: str | None = None,
    metric: str = "accuracy",
) -> pd.DataFrame:
    """Compare pipelines over the subjects of each dataset and protocol.

    Parameters
    ----------
    results : pandas.DataFrame
        The result of :func:`bci_dann.run_benchmark`, or the content of ``results.csv``. Seeds are
        first averaged within each subject, since repetitions are not additional subjects.
    reference : str, optional
        The pipeline that all others are compared with; by default, all pairs are compared.
    metric : str
        A metric of the table.

    Returns
    -------
    pandas.DataFrame
        One row for each comparison, with the columns

        - ``dataset``, ``protocol``, ``pipeline``, ``reference``, ``n_subjects``;
        - ``difference``: mean over subjects, in units of the metric;
        - ``low``, ``high``: 95 % interval of the difference, by Student's distribution;
        - ``std_difference``: standard deviation of the differences over subjects;
        - ``effect_size``: the mean difference divided by this standard deviation (Cohen's d_z);
        - ``p_greater``, ``p_value``: one-sided and two-sided p-value of an exact sign-flip
          permutation test (up to 13 subjects with a difference) or Wilcoxon's signed-rank test
          (more such subjects);
        - ``p_holm``: two-sided p-value after Holm's correction over the comparisons of this
          dataset and protocol (Holm 1979).

        NaN if fewer than two subjects can be compared.

    Raises
    ------
    ConfigError
        When the metric or the reference is unknown.

    See Also
    --------
    combine_datasets : Combines comparisons of several datasets.
    average_ranks : Compares many pipelines at once.

    Examples
    --------
    >>> import pandas as pd
    >>> from bci_dann.evaluation.statistics.paired_tests import compare_pipelines
    >>> results = pd.DataFrame(
    ...     {
    ...         "dataset": "Mine",
    ...         "pipeline": ["ea_dann"] * 6 + ["source_only"] * 6,
    ...         "protocol": "train",
    ...         "seed": 0,
    ...         "subject": [*"123456"] * 2,
    ...         "session": "0",
    ...         "n_test": 40,
    ...         "accuracy": [0.7, 0.75, 0.8, 0.65, 0.7, 0.9, 0.6, 0.7, 0.75, 0.6, 0.6, 0.85],
    ...     }
    ... )
    >>> table = compare_pipelines(results, reference="source_only")
    >>> table[["pipeline", "n_subjects", "difference", "p_value"]].round(3)
      pipeline  n_subjects  difference  p_value
    0  ea_dann           6       0.067    0.031
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    if reference is not None:
        check_option("reference", reference, sorted(set(results["pipeline"])))
    for dataset, protocol, scores in scores_by_subject(results, metric):
        place = {"dataset": dataset, "protocol": protocol}
        compared = [
            {**place, "pipeline": one, "reference": other, **_comparison(differences)}
            for one, other in _pairs(list(scores), reference)
            if len(differences := paired_differences(scores, one, other).to_numpy(dtype=float))
        ]
        rows.extend(with_holm(compared))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def paired_p_values(differences: Floats) -> tuple[float, float]:
    """Test whether paired differences are greater than zero, and whether they differ from zero.

    Parameters
    ----------
    differences : ndarray, shape (n_subjects,)
        One difference for each subject.

    Returns
    -------
    p_greater, p_two_sided : float
        The p-values of an exact sign-flip permutation test of the mean (up to 13 differences that
        are not zero) or Wilcoxon's signed-rank test (more such differences). NaN for fewer than two
        subjects; 1 if all differences are zero.

    See Also
    --------
    bci_dann.evaluation.statistics.sign_flips.sign_flip_p_value : Used for up to 13 differences.
    scipy.stats.wilcoxon : Used for more differences.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.evaluation.statistics.paired_tests import paired_p_values
    >>> paired_p_values(np.array([0.1, 0.2, 0.1, 0.3]))
    (0.0625, 0.125)
    """
    from scipy.stats import wilcoxon

    if len(differences) < 2:
        return math.nan, math.nan
    differences = np.round(differences, DECIMALS)
    if not np.any(differences):
        return 1.0, 1.0
    # with few differences that are not zero, the normal approximation of Wilcoxon's test is far off
    if np.count_nonzero(differences) > EXACT_SUBJECTS:
        greater, two_sided = (
            float(wilcoxon(differences, alternative=side).pvalue)
            for side in ("greater", "two-sided")
        )
        return greater, two_sided
    # the p-value does not depend on subjects without a difference
    differences = differences[np.argsort(-np.abs(differences), kind="stable")][:EXACT_SUBJECTS]
    return (
        sign_flip_p_value(differences, "greater"),
        sign_flip_p_value(differences, "two-sided"),
    )


def _pairs(pipelines: list[str], reference: str | None) -> list[tuple[str, str]]:
    if reference is None:
        return list(itertools.combinations(pipelines, 2))
    return [(one, reference) for one in pipelines if one != reference and reference in pipelines]


def _comparison(differences: Floats) -> dict[str, float]:
    p_greater, p_value = paired_p_values(differences)
    low, high = mean_interval(differences)
    return {
        "n_subjects": len(differences),
        "difference": float(differences.mean()),
        "low": low,
        "high": high,
        "std_difference": float(differences.std(ddof=1)) if len(differences) > 1 else math.nan,
        "effect_size": _effect_size(differences),
        "p_greater": p_greater,
        "p_value": p_value,
    }


def _effect_size(differences: Floats) -> float:
    """Return the standardised mean; infinite if the difference is the same for all subjects."""
    if len(differences) < 2:
        return math.nan
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    if np.ptp(differences) == 0:
        return math.copysign(math.inf, mean) if mean else 0.0
    return mean / spread


def with_holm(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add Holm's correction of the two-sided p-values to comparisons, as ``p_holm``.

    Parameters
    ----------
    rows : list of dict
        Comparisons with ``p_value``.

    Returns
    -------
    list of dict
        The same dictionaries; ``p_holm`` is NaN without a p-value.

    See Also
    --------
    statsmodels.stats.multitest.multipletests : The correction.

    Examples
    --------
    >>> from bci_dann.evaluation.statistics.paired_tests import with_holm
    >>> [row["p_holm"] for row in with_holm([{"p_value": 0.01}, {"p_value": 0.04}])]
    [0.02, 0.04]
    """
    from statsmodels.stats.multitest import multipletests

    tested = [row for row in rows if not math.isnan(row["p_value"])]
    for row in rows:
        row["p_holm"] = math.nan
    if tested:
        corrected = multipletests([row["p_value"] for row in tested], method="holm")[1]
        for row, p_value in zip(tested, corrected, strict=True):
            row["p_holm"] = float(p_value)
    return rows
