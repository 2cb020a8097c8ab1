"""Tables of the decisions of a replay, and their accuracy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.statistics.proportions import accuracy_estimate
from bci_dann.serving.online.decision import Decision

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ReplayScores", "cue_table_of", "decision_table"]


def decision_table(decisions: Sequence[Decision], classes: Sequence[str]) -> pd.DataFrame:
    """Return decisions as a table.

    Parameters
    ----------
    decisions : sequence of Decision
        Decisions in temporal order.
    classes : sequence of str
        Class names in the order of the probabilities.

    Returns
    -------
    pandas.DataFrame
        The columns ``time``, ``ok``, ``prediction``, ``reason``, ``p_CLASS`` and ``faults`` (JSON,
        or empty).
    """
    import pandas as pd

    probabilities = np.array([one.probabilities for one in decisions]).reshape(-1, len(classes))
    columns: dict[str, Any] = {
        "time": np.array([one.time for one in decisions], dtype=float),
        "ok": np.array([one.ok for one in decisions], dtype=bool),
        "prediction": np.array([one.label or "" for one in decisions], dtype=object),
        "reason": np.array([one.reason for one in decisions], dtype=object),
    }
    columns |= {f"p_{name}": column for name, column in zip(classes, probabilities.T, strict=True)}
    faults = [json.dumps(dict(one.faults)) if one.faults else "" for one in decisions]
    return pd.DataFrame({**columns, "faults": np.array(faults, dtype=object)})


def cue_table_of(
    usable: pd.DataFrame,
    ends: NDArray[np.int_],
    at_ends: Mapping[int, Decision],
    classes: Sequence[str],
    sfreq: float,
) -> pd.DataFrame:
    """Return the decisions at the ends of trials as a table.

    Parameters
    ----------
    usable : pandas.DataFrame
        The cues; see :func:`bci_dann.data.screening.cues.cue_table`.
    ends : ndarray of int, shape (n_cues,)
        Number of samples of the recording up to the end of each trial.
    at_ends : mapping of int to Decision
        Decisions by this number; without trials that extend beyond the recording.
    classes : sequence of str
        Class names in the order of the probabilities.
    sfreq : float
        Sampling frequency (Hz).

    Returns
    -------
    pandas.DataFrame
        The columns ``onset``, ``event`` and ``class``, and those of :func:`decision_table`.
    """
    is_whole = np.isin(ends, list(at_ends))
    whole = usable[is_whole]
    known = whole["label"].where(whole["label"].isin(list(classes)), "")
    table = decision_table([at_ends[int(end)] for end in ends[is_whole]], classes)
    table.insert(0, "onset", whole["sample"].to_numpy() / sfreq)
    table.insert(1, "event", whole["event"].to_numpy())
    table.insert(2, "class", known.to_numpy())
    return table


@dataclass(frozen=True)
class ReplayScores:
    """Accuracy of a decoder at the ends of trials, and as a function of the time after a cue.

    Parameters
    ----------
    n_right, n_decided, n_cues : int
        Number of correct trials, of trials with a decided class, and of trials with a known class.
    interval : tuple of float
        The 95 % interval of the accuracy; see
        :func:`~bci_dann.evaluation.statistics.proportions.accuracy_estimate`.
    confusion : pandas.DataFrame
        Number of trials by true class (rows) and decided class, or ``no class`` (columns).
    curve : pandas.DataFrame
        ``after_cue`` (s), ``accuracy`` of the decisions with a class, and their number ``n``.
    """

    n_right: int
    n_decided: int
    n_cues: int
    interval: tuple[float, float]
    confusion: pd.DataFrame
    curve: pd.DataFrame

    @property
    def accuracy(self) -> float:  # numpydoc ignore=RT01
        """Share of correct trials among those with a decided class; NaN if there are none."""
        return self.n_right / self.n_decided if self.n_decided else float("nan")

    @classmethod
    def of(
        cls, cues: pd.DataFrame, decisions: pd.DataFrame, classes: Sequence[str], step: float
    ) -> ReplayScores | None:
        """Compute the scores of a replay.

        Parameters
        ----------
        cues : pandas.DataFrame
            The result of :func:`cue_table_of`.
        decisions : pandas.DataFrame
            The result of :func:`decision_table`.
        classes : sequence of str
            Names of the classes.
        step : float
            Time between decisions (s).

        Returns
        -------
        ReplayScores or None
            ``None`` if the class of no cue is known.
        """
        known = cues[cues["class"] != ""]
        if known.empty:
            return None
        decided = known[known["prediction"] != ""]
        n_right = int((decided["class"] == decided["prediction"]).sum())
        interval = (0.0, 1.0)
        if len(decided):
            _, low, high = accuracy_estimate(n_right, len(decided))
            interval = (low, high)
        return cls(
            n_right=n_right,
            n_decided=len(decided),
            n_cues=len(known),
            interval=interval,
            confusion=_confusion(known, classes),
            curve=_curve(known, cues, decisions, step),
        )


def _confusion(known: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    decided = known["prediction"].where(known["prediction"] != "", "no class")
    counts = pd.crosstab(known["class"], decided)
    columns = [*classes, *(["no class"] if (decided == "no class").any() else [])]
    return counts.reindex(index=list(classes), columns=columns, fill_value=0)


def _curve(
    known: pd.DataFrame, cues: pd.DataFrame, decisions: pd.DataFrame, step: float
) -> pd.DataFrame:
    """Return the accuracy as a function of the time between the last cue and the decision."""
    import pandas as pd

    onsets = cues["onset"].to_numpy()
    # a decision up to half a step before a cue counts at the cue, as times are rounded to steps
    of_cue = np.searchsorted(onsets - step / 2, decisions["time"].to_numpy(), side="right") - 1
    is_after = of_cue >= 0
    rows = decisions[is_after].assign(
        truth=cues["class"].to_numpy()[of_cue[is_after]],
        steps=np.round(
            (decisions["time"].to_numpy()[is_after] - onsets[of_cue[is_after]]) / step
        ).astype(int),
    )
    rows = rows[(rows["truth"] != "") & (rows["prediction"] != "")]
    right = (rows["truth"] == rows["prediction"]).groupby(rows["steps"]).agg(["mean", "size"])
    # pauses between cues differ: late times that only few trials reach are left out
    right = right[right["size"] >= len(known) / 2]
    return pd.DataFrame(
        {
            "after_cue": right.index.to_numpy() * step,
            "accuracy": right["mean"].to_numpy(dtype=float),
            "n": right["size"].to_numpy(dtype=int),
        }
    )
