"""Conversion of results tables to the form of MOABB's evaluations, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bci_dann._validation import check_option
from bci_dann.evaluation.metrics import METRICS
from bci_dann.evaluation.protocols import PROTOCOLS
from bci_dann.exceptions import ResultsError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["from_moabb", "to_moabb"]

# Columns of a results table of MOABB that the conversion needs.
REQUIRED_COLUMNS = ("score", "dataset", "pipeline", "subject", "session")


def to_moabb(results: pd.DataFrame, metric: str = "accuracy") -> pd.DataFrame:
    """Return the results in the form that ``moabb.analysis`` takes.

    MOABB distinguishes methods only by pipeline. If there are several protocols, the names of
    pipelines are therefore extended by the protocol, as in ``"dann (train)"``. Scores are averaged
    over seeds, since repetitions with another seed are not further subjects.

    Parameters
    ----------
    results : pandas.DataFrame
        The result of :func:`bci_dann.evaluation.run_benchmark`, or the content of
        ``results.csv``.
    metric : str
        The metric that becomes ``score``.

    Returns
    -------
    pandas.DataFrame
        ``score``, ``time`` (of training, s), ``samples`` (number of training trials), ``subject``,
        ``session``, ``n_sessions``, ``dataset`` and ``pipeline``.

    Raises
    ------
    ConfigError
        When the metric is unknown.
    ResultsError
        When a score is NaN, which MOABB's statistics do not accept.

    See Also
    --------
    from_moabb : Converts in the other direction.
    summarise : Computes a table of means without MOABB.

    Examples
    --------
    >>> import pandas as pd
    >>> from bci_dann.evaluation import to_moabb
    >>> results = pd.DataFrame(
    ...     {
    ...         "dataset": "Mine",
    ...         "pipeline": "dann",
    ...         "protocol": "train",
    ...         "seed": [0, 1],
    ...         "subject": "1",
    ...         "session": "0",
    ...         "n_train": 40,
    ...         "accuracy": [0.70, 0.80],
    ...         "fit_seconds": 2.0,
    ...     }
    ... )
    >>> to_moabb(results)["score"].tolist()
    [0.75]
    """
    check_option("metric", metric, METRICS)
    if results[metric].isna().any():
        raise ResultsError(
            f"{metric} is NaN in {results[metric].isna().sum()} sessions (a class is missing "
            "there). Choose metric='accuracy', or leave these sessions out."
        )
    frame = results.assign(pipeline=_names_with_protocol(results))
    place = ["dataset", "pipeline", "subject", "session"]
    means = frame.groupby(place, as_index=False)[[metric, "fit_seconds", "n_train"]].mean()
    n_sessions = means.groupby("dataset")["session"].transform("nunique")
    names = {metric: "score", "fit_seconds": "time", "n_train": "samples"}
    means = means.rename(columns=names).assign(n_sessions=n_sessions)
    return means[["score", "time", "samples", "subject", "session", "n_sessions", *place[:2]]]


def _names_with_protocol(results: pd.DataFrame) -> Any:
    if results["protocol"].nunique() < 2:
        return results["pipeline"]
    return results["pipeline"] + " (" + results["protocol"] + ")"


def from_moabb(
    frame: pd.DataFrame, metric: str = "accuracy", protocol: str = "train"
) -> pd.DataFrame:
    """Return results of MOABB's evaluations in the form of ``results.csv``.

    :func:`compare_pipelines`, :func:`combine_datasets` and :func:`average_ranks` can then be
    applied to them, alone or together with results of this package (``pandas.concat``).

    Parameters
    ----------
    frame : pandas.DataFrame
        The result of ``process`` of an evaluation of MOABB, of ``moabb.benchmark``, or of
        :func:`to_moabb`.
    metric : str
        The metric in ``score``: in MOABB ``"roc_auc"`` for two classes, ``"accuracy"`` for more.
    protocol : str
        The protocol of the evaluation, MOABB's ``cs_mode``, which is not in its table. Not used for
        pipelines whose names end in a protocol in brackets, as those of :func:`to_moabb` do.

    Returns
    -------
    pandas.DataFrame
        ``dataset``, ``pipeline``, ``protocol``, ``seed`` (0), ``subject``, ``session``,
        ``n_train``, ``n_test``, ``fit_seconds`` (s), and a column named by ``metric``. ``n_test``
        is 1 if the number of scored trials is not known, so that sessions have equal weight.

    Raises
    ------
    ConfigError
        When the metric is unknown.
    ResultsError
        When a column is missing.

    See Also
    --------
    to_moabb : Converts in the other direction.
    compare_pipelines : Tests differences between pipelines.

    Examples
    --------
    >>> import pandas as pd
    >>> from bci_dann.evaluation import from_moabb
    >>> frame = pd.DataFrame(
    ...     {
    ...         "score": [0.7, 0.8],
    ...         "time": 1.0,
    ...         "samples": 40,
    ...         "subject": ["1", "2"],
    ...         "session": "0",
    ...         "dataset": "Mine",
    ...         "pipeline": "CSP + LDA",
    ...     }
    ... )
    >>> from_moabb(frame, metric="roc_auc")[["pipeline", "protocol", "subject", "roc_auc"]]
        pipeline protocol subject  roc_auc
    0  CSP + LDA    train       1      0.7
    1  CSP + LDA    train       2      0.8
    """
    import pandas as pd

    check_option("metric", metric, METRICS)
    missing = [name for name in REQUIRED_COLUMNS if name not in frame]
    if missing:
        raise ResultsError(
            f"the frame lacks {', '.join(missing)}; it has {', '.join(map(str, frame))}. Give the "
            "frame that an evaluation of MOABB returns."
        )
    names = [_name_and_protocol(str(name), protocol) for name in frame["pipeline"]]
    nothing = pd.Series(np.nan, index=frame.index)
    return pd.DataFrame(
        {
            "dataset": frame["dataset"].astype(str).to_numpy(),
            "pipeline": [name for name, _ in names],
            "protocol": [own for _, own in names],
            "seed": 0,
            "subject": frame["subject"].astype(str).to_numpy(),
            "session": frame["session"].astype(str).to_numpy(),
            "n_train": frame.get("samples", nothing).to_numpy(),
            "n_test": frame.get("samples_test", nothing).fillna(1).to_numpy(),
            metric: frame["score"].to_numpy(dtype=float),
            "fit_seconds": frame.get("time", nothing).to_numpy(),
        }
    )


def _name_and_protocol(name: str, default: str) -> tuple[str, str]:
    """Separate the name of a pipeline from a protocol in brackets; see :func:`to_moabb`."""
    start, bracket, end = name.rpartition(" (")
    protocol = end.removesuffix(")")
    has_protocol = bool(bracket) and protocol in PROTOCOLS
    return (start, protocol) if has_protocol else (name, default)
