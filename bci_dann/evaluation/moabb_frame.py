"""Results in the frame of MOABB's evaluations, and MOABB's results in ours."""

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

NEEDED = ("score", "dataset", "pipeline", "subject", "session")


def to_moabb(results: pd.DataFrame, metric: str = "accuracy") -> pd.DataFrame:
    """Return the results in the frame that ``moabb.analysis`` works on.

    MOABB keeps rows apart by pipeline only. Where there are several protocols, they become
    part of the pipeline's name; seeds are averaged, since repetitions with another seed
    are no further subjects.

    Parameters
    ----------
    results : pandas.DataFrame
        As :func:`bci_dann.evaluation.run_benchmark` returns, or ``results.csv``.
    metric : str
        Which of our metrics becomes ``score``.

    Returns
    -------
    pandas.DataFrame
        ``score``, ``time`` (s), ``samples`` (in training), ``subject``, ``session``,
        ``n_sessions``, ``dataset`` and ``pipeline``.

    Raises
    ------
    ConfigError
        When the metric is unknown.
    ResultsError
        When a score is NaN, which MOABB's statistics refuse.

    See Also
    --------
    from_moabb : The inverse.
    summarise : A table of means without MOABB.

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

    So that :func:`compare_pipelines`, :func:`combine_datasets` and :func:`average_ranks` apply to
    them, alone or beside results of this package (``pandas.concat``).

    Parameters
    ----------
    frame : pandas.DataFrame
        As the ``process`` of an evaluation of MOABB, ``moabb.benchmark`` or :func:`to_moabb`
        returns it.
    metric : str
        What ``score`` is: ``"roc_auc"`` in MOABB with two classes, ``"accuracy"`` with more.
    protocol : str
        What training saw of the target: MOABB's ``cs_mode``, which its frame does not tell. It is
        not used for pipelines whose names end in a protocol in brackets, as :func:`to_moabb` names
        them.

    Returns
    -------
    pandas.DataFrame
        ``dataset``, ``pipeline``, ``protocol``, ``seed`` (0), ``subject``, ``session``,
        ``n_train``, ``n_test``, ``metric`` and ``fit_seconds``. ``n_test`` is 1 where the frame
        does not have it, so that sessions have equal weight. Other metrics are not known.

    Raises
    ------
    ConfigError
        When the metric is unknown.
    ResultsError
        When a column is missing.

    See Also
    --------
    to_moabb : The inverse.
    compare_pipelines : Tests differences.

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
    missing = [name for name in NEEDED if name not in frame]
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
    """Take a protocol in brackets off the name of a pipeline."""
    start, bracket, end = name.rpartition(" (")
    protocol = end.removesuffix(")")
    return (start, protocol) if bracket and protocol in PROTOCOLS else (name, default)
