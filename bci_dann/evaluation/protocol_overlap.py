"""Comparison of protocols on the trials that all of them score."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["common_accuracy", "common_trials"]


def common_trials(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of trials that every protocol of their dataset scores.

    Protocols score different trials of the target: all of them, those after the first half, or a
    selection with given class shares. Their scores can be compared only on the trials that all of
    them score.

    Parameters
    ----------
    trials : pandas.DataFrame
        One row for each scored trial of each task, such as ``open_results(folder).trials``, with
        the columns ``dataset``, ``protocol`` and ``trial``.

    Returns
    -------
    pandas.DataFrame
        The rows of these trials, in the given order; all rows if there is only one protocol. In
        an unfinished run, subjects without results of one of the protocols have no rows.

    See Also
    --------
    common_accuracy : Computes the accuracy on these trials.
    open_results : Returns the trials.

    Examples
    --------
    >>> import pandas as pd
    >>> from bci_dann.evaluation.protocol_overlap import common_trials
    >>> trials = pd.DataFrame(
    ...     {"dataset": "Mine", "protocol": ["train", "train", "half"], "trial": [0, 1, 1]}
    ... )
    >>> common_trials(trials)["protocol"].tolist()
    ['train', 'half']
    """
    if trials.empty:
        return trials
    place = [trials["dataset"], trials["trial"]]
    scored_by = trials.groupby(place)["protocol"].transform("nunique")
    n_protocols = trials.groupby("dataset")["protocol"].transform("nunique")
    return trials[scored_by == n_protocols]


def common_accuracy(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the accuracy of each pipeline and protocol on the trials that all protocols score.

    Parameters
    ----------
    trials : pandas.DataFrame
        As for :func:`common_trials`, with ``pipeline``, ``subject``, ``seed``, ``truth`` and
        ``prediction``.

    Returns
    -------
    pandas.DataFrame
        ``dataset``, ``pipeline``, ``protocol``, ``n_common``, the number of different trials, and
        ``common_accuracy`` (%), averaged over the trials of a subject, then over seeds, then over
        subjects. Empty if there is only one protocol, or no trial that all protocols score.

    See Also
    --------
    summarise : Computes means over the trials of each protocol.

    Examples
    --------
    >>> import pandas as pd
    >>> from bci_dann.evaluation.protocol_overlap import common_accuracy
    >>> trials = pd.DataFrame(
    ...     {
    ...         "dataset": "Mine",
    ...         "pipeline": "dann",
    ...         "protocol": ["train", "train", "half"],
    ...         "subject": "1",
    ...         "seed": 0,
    ...         "trial": [0, 1, 1],
    ...         "truth": "left",
    ...         "prediction": ["right", "left", "left"],
    ...     }
    ... )
    >>> common_accuracy(trials)[["protocol", "common_accuracy"]]
      protocol  common_accuracy
    0     half            100.0
    1    train            100.0
    """
    import pandas as pd

    keys = ["dataset", "pipeline", "protocol"]
    common = common_trials(trials)
    if not common.empty:
        several = common.groupby("dataset")["protocol"].transform("nunique") > 1
        common = common[several]
    if common.empty:
        return pd.DataFrame(columns=[*keys, "n_common", "common_accuracy"])
    hits = common.assign(hit=100.0 * (common["truth"] == common["prediction"]))
    by_seed = hits.groupby([*keys, "subject", "seed"])["hit"].mean()
    by_subject = by_seed.groupby(level=[*keys, "subject"]).mean()
    means = by_subject.groupby(level=keys).mean().rename("common_accuracy")
    n_common = hits.groupby(keys)["trial"].nunique().rename("n_common")
    return pd.concat([n_common, means], axis=1).reset_index()
