"""Summaries of results tables: means, standard deviations, gain and chance level by pipeline."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bci_dann.evaluation.protocols import PROTOCOLS
from bci_dann.evaluation.statistics.sign_flips import sign_flip_p_value

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "REFERENCE",
    "chance_level",
    "per_subject_and_seed",
    "reference_among",
    "summarise",
]

# The pipeline that others are compared with: training on the sources, without adaptation.
REFERENCE = "source_only"
# Simple pipelines, of which the first one in a run is the reference of its report.
SIMPLE_PIPELINES = (REFERENCE, "csp_lda", "ts_logistic", "mdm", "ea_csp_lda")
# Columns that identify a row of the summary.
GROUP = ["dataset", "pipeline", "protocol"]
# Further columns of the summary, and the columns of results that are averaged for it.
MEASURES = ("balanced_accuracy", "roc_auc", "gain", "p_value", "chance", "ess", "domain_auc")
AVERAGED = ("accuracy", "balanced_accuracy", "roc_auc", "ess", "domain_auc")


def summarise(
    results: pd.DataFrame, n_classes: int | None = None, reference: str = REFERENCE
) -> pd.DataFrame:
    """Return one row for each dataset, pipeline and protocol.

    Scores are averaged over the sessions of a subject, weighted by their numbers of trials, then
    over seeds, and then over subjects with equal weight.

    Parameters
    ----------
    results : pandas.DataFrame
        The result of :func:`bci_dann.evaluation.run_benchmark`, or the content of
        ``results.csv``.
    n_classes : int or None
        Number of classes, for the chance level; ``None`` uses ``results.attrs["n_classes"]``,
        which a table that is read from a CSV file does not have.
    reference : str
        The pipeline that the others are compared with.

    Returns
    -------
    pandas.DataFrame
        Sorted by dataset, protocol and decreasing accuracy, with the columns

        - ``n_subjects``, ``n_seeds``;
        - ``accuracy``: mean over subjects (%);
        - ``std_subjects``: standard deviation over subjects (points);
        - ``std_seeds``: standard deviation over seeds of the mean (points);
        - ``balanced_accuracy``: mean over subjects of the mean over classes (%);
        - ``roc_auc``: mean over subjects (0 to 1), without sessions that lack a class;
        - ``gain``: mean over subjects of the difference from ``reference`` in the same protocol,
          over the seeds that both have (points);
        - ``p_value``: one-sided p-value of a sign-flip test of these differences, exact for up to
          13 subjects; not corrected for the number of pipelines;
        - ``chance``: chance level for the number of trials of a subject, see
          :func:`chance_level` (%);
        - ``ess``, ``domain_auc``: for methods that weight source trials, the effective sample size
          of the weighted trials (trials), and the ROC AUC of a classifier of source against target
          (0 to 1); means over subjects.

        NaN if a value cannot be computed, or if there are no results of the reference.

    See Also
    --------
    bci_dann.run_benchmark : Returns the results.
    to_moabb : Returns the results in the form of ``moabb.analysis``.

    Examples
    --------
    >>> import pandas as pd
    >>> from bci_dann.evaluation import summarise
    >>> results = pd.DataFrame(
    ...     {
    ...         "dataset": "Mine",
    ...         "pipeline": ["source_only", "source_only", "dann", "dann"],
    ...         "protocol": "train",
    ...         "seed": 0,
    ...         "subject": ["1", "2"] * 2,
    ...         "session": "0",
    ...         "n_test": 40,
    ...         "accuracy": [0.60, 0.70, 0.70, 0.75],
    ...         "roc_auc": [0.65, 0.72, 0.74, 0.80],
    ...     }
    ... )
    >>> summarise(results, n_classes=2)[["pipeline", "accuracy", "gain", "chance"]]
          pipeline  accuracy  gain  chance
    0         dann      72.5   7.5    62.5
    1  source_only      65.0   NaN    62.5
    """
    import pandas as pd

    n_classes = n_classes or results.attrs.get("n_classes")
    by_seed = per_subject_and_seed(results)
    rows = [
        {**dict(zip(GROUP, group, strict=True)), **_row(rows, by_seed, group, n_classes, reference)}
        for group, rows in by_seed.groupby(GROUP, sort=True)
    ]
    columns = [*GROUP, "n_subjects", "n_seeds", "accuracy", "std_subjects", "std_seeds"]
    table = pd.DataFrame(rows, columns=[*columns, *MEASURES])
    order = ["dataset", "protocol", "accuracy", "pipeline"]
    return table.sort_values(order, ascending=[True, True, False, True], ignore_index=True)


def reference_among(pipelines: Sequence[str], present: Collection[str] | None = None) -> str | None:
    """Return the pipeline that the others of a run are compared with.

    Parameters
    ----------
    pipelines : sequence of str
        Names of the pipelines of the run, in the order of its configuration.
    present : collection of str, optional
        Those that have results; by default all.

    Returns
    -------
    str or None
        ``source_only`` if the run has it, otherwise a simple pipeline such as ``csp_lda``,
        otherwise the first pipeline; ``None`` if there are fewer than two pipelines.

    Examples
    --------
    >>> from bci_dann.evaluation.summary import reference_among
    >>> reference_among(["ea_dann", "ea_csp_lda", "csp_lda"])
    'csp_lda'
    """
    known = set(pipelines if present is None else present)
    names = [name for name in dict.fromkeys(pipelines) if name in known]
    listed = [*(name for name in SIMPLE_PIPELINES if name in names), *names]
    return listed[0] if len(names) > 1 else None


def chance_level(n_classes: int, n_trials: int, alpha: float = 0.05, share: float = 0.0) -> float:
    """Return the accuracy that guessing exceeds with a probability of at most ``alpha``.

    Combrisson and Jerbi (2015), "Exceeding chance level by chance", J. Neurosci. Methods 250,
    126-136; equal to MOABB's ``adjusted_chance_level`` for classes of equal frequency.

    Parameters
    ----------
    n_classes : int
        Number of classes.
    n_trials : int
        Number of scored trials.
    alpha : float
        Significance level.
    share : float
        Share of the most frequent class (0 to 1): guessing always gives this class. Classes are
        equally frequent if the share is at most ``1 / n_classes``.

    Returns
    -------
    float
        Between ``1 / n_classes`` and 1.
    """
    from scipy.stats import binom

    return float(binom.isf(alpha, n_trials, max(1 / n_classes, share)) / n_trials)


def per_subject_and_seed(results: pd.DataFrame, metrics: Sequence[str] = AVERAGED) -> pd.DataFrame:
    """Return one row for each pipeline, protocol, seed and subject.

    Parameters
    ----------
    results : pandas.DataFrame
        See :func:`summarise`.
    metrics : sequence of str
        Columns to average over sessions.

    Returns
    -------
    pandas.DataFrame
        ``metrics`` are means over sessions, weighted by their numbers of trials, without sessions
        in which the metric is NaN. ``n_test`` is the number of scored trials of all sessions.
    """
    keys = [*GROUP, "seed", "subject"]
    frame = results[[*keys, "n_test"]].copy()
    # pandas reads names such as "1" from a file as numbers, and other tables have them as text
    frame["subject"] = frame["subject"].astype(str)
    for metric in metrics:
        # tables of earlier versions have no diagnostics
        values = results.get(metric, results["n_test"] * np.nan).astype(float)
        weight = results["n_test"].where(values.notna())
        frame[metric] = values * weight
        frame[f"{metric}_weight"] = weight
    sums = frame.groupby(keys, as_index=False).sum(min_count=1)
    for metric in metrics:
        sums[metric] = sums[metric] / sums[f"{metric}_weight"]
    return sums


def _row(
    rows: pd.DataFrame,
    by_seed: pd.DataFrame,
    group: Any,
    n_classes: int | None,
    reference: str,
) -> dict[str, float]:
    subjects = rows.groupby("subject")[[*AVERAGED, "n_test"]].mean()
    seeds = rows.groupby("seed")["accuracy"].mean()
    gain, p_value = _against_reference(rows, by_seed, group, reference)
    trials = round(subjects["n_test"].mean())
    # tables that this package has not computed may have other protocols
    rule = PROTOCOLS.get(group[GROUP.index("protocol")])
    share = rule.share if rule is not None else 0.0
    if share and n_classes:
        # the largest share of a class, if all classes but the first are equally frequent
        share = max(share, (1.0 - share) / (n_classes - 1))
    return {
        "n_subjects": len(subjects),
        "n_seeds": len(seeds),
        "accuracy": 100 * subjects["accuracy"].mean(),
        "std_subjects": 100 * subjects["accuracy"].std(),
        "std_seeds": 100 * seeds.std(),
        "balanced_accuracy": 100 * subjects["balanced_accuracy"].mean(),
        "roc_auc": subjects["roc_auc"].mean(),
        "gain": 100 * gain,
        "p_value": p_value,
        "chance": 100 * chance_level(n_classes, trials, share=share) if n_classes else np.nan,
        "ess": subjects["ess"].mean(),
        "domain_auc": subjects["domain_auc"].mean(),
    }


def _against_reference(
    rows: pd.DataFrame, by_seed: pd.DataFrame, group: Any, name: str
) -> tuple[float, float]:
    """Return the mean difference from the reference over subjects, and its p-value."""
    dataset, pipeline, protocol = group
    same = (by_seed["dataset"] == dataset) & (by_seed["protocol"] == protocol)
    reference = by_seed[same & (by_seed["pipeline"] == name)]
    place = ["subject", "seed"]
    paired = rows.set_index(place)["accuracy"] - reference.set_index(place)["accuracy"]
    differences = paired.dropna().groupby("subject").mean().to_numpy()
    if pipeline == name or not len(differences):
        return np.nan, np.nan
    is_testable = len(differences) > 1
    p_value = sign_flip_p_value(differences, "greater") if is_testable else np.nan
    return float(differences.mean()), p_value
