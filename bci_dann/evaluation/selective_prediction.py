"""Risk-coverage curves: the error rate among the most certain trials, by the share of these trials.

El-Yaniv and Wiener (2010), "On the foundations of noise-free selective classification", J. Mach.
Learn. Res. 11, 1605-1641; the area under the curve as in Geifman, Uziel and El-Yaniv (2019),
"Bias-reduced uncertainty estimation for deep neural classifiers", ICLR, arXiv:1805.08206.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.stored_results import open_results
from bci_dann.exceptions import DataError, ResultsError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["coverage_curves", "risk_coverage", "selective_errors"]

# Coverages of a curve: shares of answered trials, in steps of 5 %.
COVERAGES = np.arange(1, 21) / 20


def selective_errors(
    probabilities: NDArray[np.float64], truth: NDArray[np.str_], classes: Sequence[str]
) -> NDArray[np.float64]:
    """Return the share of errors among the k most certain trials, for each k.

    Parameters
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        Rows that sum to one. The certainty of a trial is the largest value of its row.
    truth : ndarray of str, shape (n_trials,)
        The true classes.
    classes : sequence of str
        The class of each column.

    Returns
    -------
    ndarray, shape (n_trials,)
        At index ``k - 1`` the error rate among the ``k`` most certain trials (0 to 1), averaged
        over all orders of equally certain trials. The last value is the error rate of all trials;
        the mean is the area under the risk-coverage curve (AURC).

    Raises
    ------
    DataError
        When there are no trials, or the arrays do not fit together.

    See Also
    --------
    risk_coverage : Averages the curves of the subjects in a results folder.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.evaluation import selective_errors
    >>> probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    >>> selective_errors(probabilities, np.array(["a", "b", "b"]), ["a", "b"]).round(2).tolist()
    [0.0, 0.0, 0.33]
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if probabilities.shape != (len(truth), len(classes)) or not len(truth):
        raise DataError(
            "probabilities must have a row for each of at least one trial and a column for each "
            f"class, here {(len(truth), len(classes))}; got shape {probabilities.shape}."
        )
    wrong = np.asarray(classes)[probabilities.argmax(axis=1)] != truth
    # equally certain trials get their mean error, so that their order has no effect
    _, level, counts = np.unique(
        -probabilities.max(axis=1), return_inverse=True, return_counts=True
    )
    error_at_level = np.bincount(level, weights=wrong) / counts
    errors: NDArray[np.float64] = np.cumsum(np.repeat(error_at_level, counts))
    return errors / np.arange(1, len(errors) + 1)


def risk_coverage(folder: str | Path) -> pd.DataFrame:
    """Return the risk-coverage curves of the pipelines of a run, averaged over subjects.

    Parameters
    ----------
    folder : str or pathlib.Path
        A results folder, as written by ``bci-dann run --out``.

    Returns
    -------
    pandas.DataFrame
        One row for each pipeline, protocol and share of answered trials, with the columns
        ``pipeline``, ``protocol``, ``n_subjects``, ``coverage`` (0.05 to 1), ``error`` (%) and
        ``aurc``, the area under the curve (%, the same in all rows of a curve). Of each subject,
        the most certain trials of all its sessions are answered. Curves are averaged over seeds,
        and then over subjects with equal weight.

    Raises
    ------
    ResultsError
        When it is no results folder, or has no finished task.

    See Also
    --------
    selective_errors : Computes the curve of one subject.
    bci_dann.CalibratedClassifier : A method that may abstain.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann.evaluation import risk_coverage, run_benchmark
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}
    >>> with TemporaryDirectory() as folder:
    ...     results = run_benchmark(config, folder, progress=False)
    ...     table = risk_coverage(folder)
    >>> len(table), float(table["coverage"].iloc[-1])
    (20, 1.0)
    """
    trials = open_results(folder).trials
    if trials.empty:
        raise ResultsError(f"{folder} holds no finished task; run the configuration first.")
    return coverage_curves(trials)


def coverage_curves(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the risk-coverage curves of the pipelines of trials, averaged over subjects.

    Parameters
    ----------
    trials : pandas.DataFrame
        At least one row of :attr:`StoredResults.trials`.

    Returns
    -------
    pandas.DataFrame
        See :func:`risk_coverage`.

    See Also
    --------
    risk_coverage : Computes the curves of a results folder.
    """
    import pandas as pd

    columns = [name for name in trials if name.startswith("p_")]
    classes = [name.removeprefix("p_") for name in columns]
    curves = []
    keys = ["pipeline", "protocol", "subject", "seed"]
    for key, one in trials.groupby(keys, sort=False):
        truth = one["truth"].to_numpy(dtype=str)
        errors = selective_errors(one[columns].to_numpy(dtype=float), truth, classes)
        answered = np.ceil(COVERAGES * len(errors) - 1e-9).astype(int)
        of_subject = {
            **dict(zip(keys, key, strict=True)),
            "coverage": COVERAGES,
            "error": 100 * errors[answered - 1],
            "aurc": 100 * errors.mean(),
        }
        curves.append(pd.DataFrame(of_subject))
    curve = ["pipeline", "protocol", "coverage"]
    measures = ["error", "aurc"]
    by_subject = pd.concat(curves).groupby([*curve, "subject"], as_index=False)[measures].mean()
    table = by_subject.groupby(curve, as_index=False).agg(
        n_subjects=("subject", "size"), error=("error", "mean"), aurc=("aurc", "mean")
    )
    return table[["pipeline", "protocol", "n_subjects", "coverage", *measures]]
