"""Subjects that every pipeline decodes worse than guessing: their labels are probably wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann.evaluation.protocols import PROTOCOLS
from bci_dann.evaluation.summary import per_subject_and_seed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["exchanged_classes", "subjects_below_chance"]

# Significance level of each subject and pipeline. Errors of decoders are not independent between
# trials, so a level of .05 would name too many subjects of whom nothing can be decoded.
ALPHA = 0.001


def subjects_below_chance(results: pd.DataFrame, n_classes: int) -> pd.DataFrame:
    """Return the subjects that every pipeline decodes significantly worse than guessing.

    A one-sided binomial test for each pipeline and seed, of the accuracy over all sessions against
    ``1 / n_classes``.

    Parameters
    ----------
    results : pandas.DataFrame
        The result of :func:`bci_dann.evaluation.run_benchmark`, or the content of ``results.csv``.
        Protocols with unequal class shares are left out.
    n_classes : int
        Number of classes.

    Returns
    -------
    pandas.DataFrame
        One row for each dataset and subject: ``dataset``, ``subject``, ``accuracy`` (%), the
        highest of any pipeline, and ``n_trials``, the number of trials behind it.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = {"subject": ["1", "2", "3"], "accuracy": [0.85, 0.8, 0.2], "n_test": 100}
    >>> fixed = {"dataset": "X", "pipeline": "mdm", "protocol": "train", "seed": 0}
    >>> results = pd.DataFrame({**rows, **fixed})
    >>> subjects_below_chance(results, n_classes=2)["subject"].tolist()
    ['3']
    """
    from scipy.stats import binom

    has_shares = results["protocol"].map(lambda name: name in PROTOCOLS and PROTOCOLS[name].share)
    table = per_subject_and_seed(results[has_shares.astype(float) == 0], ("accuracy",))
    n_right = (table["accuracy"] * table["n_test"]).round()
    table["p"] = binom.cdf(n_right, table["n_test"], 1 / n_classes)
    of_subjects = table.sort_values("accuracy").groupby(["dataset", "subject"])
    last = of_subjects[["accuracy", "n_test"]].last().assign(p=of_subjects["p"].max())
    below = last[last["p"] < ALPHA].reset_index()
    below["accuracy"] *= 100
    return below.rename(columns={"n_test": "n_trials"}).drop(columns="p")


def exchanged_classes(results: pd.DataFrame, n_classes: int | None) -> list[str]:
    """Return a sentence about each subject whose class names may be exchanged.

    Parameters
    ----------
    results : pandas.DataFrame
        See :func:`subjects_below_chance`.
    n_classes : int or None
        Number of classes; nothing is said if it is unknown.

    Returns
    -------
    list of str
        What was found, and what to check.
    """
    if n_classes is None:
        return []
    return [
        f"Subject {row.subject} of {row.dataset}: every pipeline is right less often than by "
        f"guessing (at most {row.accuracy:.0f} % of {row.n_trials:.0f} trials). Check whether the "
        "class names of this subject are exchanged, or its trials in another order than its cues."
        for row in subjects_below_chance(results, n_classes).itertuples()
    ]
