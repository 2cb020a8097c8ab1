"""Meta-analysis of a comparison of pipelines over several datasets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["combine_datasets"]

# Standard deviations up to this are zero apart from rounding: the difference is the same for all
# subjects.
SMALLEST_SPREAD = 1e-9
# The largest number below 1 is 1 - 2 ** -53.
DOUBLE_PRECISION = 53


def combine_datasets(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Combine the comparisons of pipelines over datasets.

    Parameters
    ----------
    comparisons : pandas.DataFrame
        The result of :func:`compare_pipelines` for several datasets.

    Returns
    -------
    pandas.DataFrame
        One row for each protocol and pair of pipelines that at least two datasets have:

        - ``n_datasets``, ``n_subjects``: numbers of datasets and subjects;
        - ``difference``, ``low``, ``high``: the mean of a random-effects model and its 95 %
          interval (DerSimonian and Laird 1986), in units of the metric;
        - ``heterogeneity``: the share of the variance that is between datasets (I², 0 to 1);
        - ``p_greater``: Stouffer's combination of the one-sided p-values, weighted by the square
          roots of the numbers of subjects, as in MOABB: a p-value of 1 counts as ``1 - 2 ** -n``
          for ``n`` subjects, or as 0.5 if no subject of the dataset differs.

    See Also
    --------
    compare_pipelines : Comparison within each dataset.
    moabb.analysis.meta_analysis : The same combination of p-values.

    Examples
    --------
    >>> import pandas as pd
    >>> from bci_dann.evaluation.statistics.meta_analysis import combine_datasets
    >>> comparisons = pd.DataFrame(
    ...     {
    ...         "dataset": ["A", "B"],
    ...         "protocol": "train",
    ...         "pipeline": "ea_dann",
    ...         "reference": "source_only",
    ...         "n_subjects": [9, 16],
    ...         "difference": [0.04, 0.02],
    ...         "std_difference": [0.04, 0.04],
    ...         "p_greater": [0.02, 0.04],
    ...     }
    ... )
    >>> combine_datasets(comparisons)[["n_datasets", "n_subjects", "p_greater"]].round(3)
       n_datasets  n_subjects  p_greater
    0           2          25      0.004
    """
    import pandas as pd

    pairs = comparisons.dropna(subset=["p_greater"]).groupby(
        ["protocol", "pipeline", "reference"], sort=False
    )
    rows = [
        {**dict(zip(("protocol", "pipeline", "reference"), pair, strict=True)), **_combined(rows)}
        for pair, rows in pairs
        if len(rows) > 1
    ]
    columns = ["protocol", "pipeline", "reference", "n_datasets", "n_subjects", "difference"]
    columns += ["low", "high", "heterogeneity", "p_greater"]
    return pd.DataFrame(rows, columns=columns)


def _combined(rows: pd.DataFrame) -> dict[str, Any]:
    from scipy.stats import combine_pvalues

    subjects = rows["n_subjects"].to_numpy(dtype=float)
    stouffer = combine_pvalues(_below_one(rows), method="stouffer", weights=np.sqrt(subjects))
    return {
        "n_datasets": len(rows),
        "n_subjects": int(subjects.sum()),
        **_random_effects(rows),
        "p_greater": float(stouffer.pvalue),
    }


def _below_one(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return p-values that can be combined: with a p-value of 1, other datasets have no effect.

    The p-value of an exact test is 1 if the difference is negative in all subjects, or always zero.
    """
    exponents = np.minimum(rows["n_subjects"].to_numpy(dtype=float), DOUBLE_PRECISION)
    p_values = np.minimum(rows["p_greater"].to_numpy(dtype=float), 1 - 2.0**-exponents)
    is_equal = ((rows["difference"] == 0) & (rows["std_difference"] == 0)).to_numpy()
    return np.where(is_equal, 0.5, p_values)


def _random_effects(rows: pd.DataFrame) -> dict[str, float]:
    from statsmodels.stats.meta_analysis import combine_effects

    difference = rows["difference"].to_numpy(dtype=float)
    spread = rows["std_difference"].to_numpy(dtype=float)
    variance = spread**2 / rows["n_subjects"].to_numpy(dtype=float)
    if not np.all(np.isfinite(variance)) or not np.all(spread > SMALLEST_SPREAD):
        # differences with zero standard deviation over subjects have no weight in this model
        return dict.fromkeys(("difference", "low", "high", "heterogeneity"), math.nan)
    with np.errstate(invalid="ignore"):
        combined = combine_effects(difference, variance, method_re="dl")
        # the estimated variance between datasets is at least 0 (DerSimonian and Laird 1986), where
        # the model is that of fixed effects; statsmodels does not clip a negative estimate
        model = "random effect" if combined.tau2 > 0 else "fixed effect"
        mean, _, low, high = combined.summary_frame().loc[model].iloc[:4]
    return {
        "difference": float(mean),
        "low": float(low),
        "high": float(high),
        "heterogeneity": max(0.0, float(combined.i2)),
    }
