"""Tables of cues: which cues of a recording are used as trials, and why others are rejected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "ACCOUNT_KEYS",
    "REASONS",
    "account_of",
    "account_sentence",
    "cue_table",
    "left_out_sentence",
    "mark_repeated",
    "read_account",
    "with_outcome",
]

# Reasons for the rejection of a cue.
REASONS = {
    "outside": "the trial is not entirely inside the recording",
    "boundary": "the recording is interrupted during the trial",
    "marked_bad": "the trial overlaps a segment that is marked bad",
    "not_finite": "a sample of the trial is missing or infinite",
    "flat": "a channel is constant during the trial",
    "railed": "a channel is at the limit of its range during the trial",
    "scale": "a channel seems to have another unit, or jumps, during the trial",
    "amplitude": "the peak-to-peak amplitude is above reject_uv",
    "doubled": "the same cue occurred just before",
    "contradicting": "the recording has a cue of another class within half a second",
}

# Cues within this time (s) are the same cue. Empirical: markers that are sent twice arrive within
# some tenths of a second, and no motor-imagery design has cues less than a second apart.
REPEATED_S = 0.5

# Columns that identify a row of an account.
ACCOUNT_KEYS = ("file", "subject", "session", "run", "event")


def cue_table(
    samples: Sequence[int] | NDArray[np.int_] = (),
    events: Sequence[str] | NDArray[Any] = (),
    labels: Sequence[str] | NDArray[Any] = (),
) -> pd.DataFrame:
    """Return a table of cues, with none rejected.

    Parameters
    ----------
    samples : sequence of int
        The sample of each cue, relative to the first sample of the recording.
    events : sequence of str
        The events, as in the recording.
    labels : sequence of str
        Their classes.

    Returns
    -------
    pandas.DataFrame
        The columns ``sample``, ``event``, ``label`` and ``left_out`` (the reason for rejection, or
        ``""``), sorted by sample.
    """
    table = pd.DataFrame(
        {
            "sample": np.asarray(samples, dtype=int),
            "event": np.asarray(events, dtype=object),
            "label": np.asarray(labels, dtype=object),
            "left_out": np.full(len(samples), "", dtype=object),
        }
    )
    return table.sort_values("sample", kind="stable", ignore_index=True)


def mark_repeated(cues: pd.DataFrame, sfreq: float) -> pd.DataFrame:
    """Reject repeated and contradictory cues.

    Parameters
    ----------
    cues : pandas.DataFrame
        A table of cues, sorted by sample.
    sfreq : float
        Sampling frequency (Hz).

    Returns
    -------
    pandas.DataFrame
        The same rows. If cues within half a second have the same class, the first is kept;
        if they have different classes, all are rejected.
    """
    if cues.empty:
        return cues
    apart = np.diff(cues["sample"]) > REPEATED_S * sfreq
    group = np.concatenate([[0], np.cumsum(apart)])
    contradicting = cues.groupby(group)["label"].transform("nunique").to_numpy() > 1
    doubled = pd.Series(group).duplicated().to_numpy() & ~contradicting
    reason = np.select([contradicting, doubled], ["contradicting", "doubled"], "")
    kept = cues["left_out"].to_numpy()
    return cues.assign(left_out=np.where(kept == "", reason, kept))


def with_outcome(cues: pd.DataFrame, cut: pd.DataFrame) -> pd.DataFrame:
    """Add the reasons for rejection from cutting trials to a table of cues.

    Parameters
    ----------
    cues : pandas.DataFrame
        All cues of a recording.
    cut : pandas.DataFrame
        The cues for which trials were cut, with reasons for rejection.

    Returns
    -------
    pandas.DataFrame
        The rows of ``cues``; cues that were rejected before keep their reason. The column ``rest``
        of ``cut``, with reasons for missing rest windows, is added if it exists.
    """
    outcome = dict(zip(cut["sample"], cut["left_out"], strict=True))
    reasons = [
        before or outcome.get(sample, "outside")
        for sample, before in zip(cues["sample"], cues["left_out"], strict=True)
    ]
    outcomes = cues.assign(left_out=np.asarray(reasons, dtype=object))
    if "rest" in cut:
        without_rest = dict(zip(cut["sample"], cut["rest"], strict=True))
        outcomes["rest"] = [without_rest.get(sample) for sample in cues["sample"]]
    return outcomes


def account_of(recordings: Sequence[tuple[Mapping[str, Any], pd.DataFrame]]) -> pd.DataFrame:
    """Count cues by recording and event.

    Parameters
    ----------
    recordings : sequence of (mapping, pandas.DataFrame)
        ``file``, ``subject``, ``session`` and ``run`` of each recording, and its cues.

    Returns
    -------
    pandas.DataFrame
        The columns ``file``, ``subject``, ``session``, ``run``, ``event``, ``found``, ``used``,
        and one for each reason for rejection. If rest windows were cut, ``rest`` is
        the number of trials with a rest window.
    """
    rows = []
    with_rest = any("rest" in cues for _, cues in recordings)
    for place, cues in recordings:
        for event, group in cues.groupby("event"):
            counts = group["left_out"].value_counts()
            row = {key: str(place.get(key, "")) for key in ACCOUNT_KEYS[:-1]} | {"event": event}
            row |= {"found": len(group), "used": int(counts.get("", 0))}
            row |= {reason: int(counts.get(reason, 0)) for reason in REASONS}
            if with_rest:
                row["rest"] = int((group["rest"] == "").sum()) if "rest" in group else 0
            rows.append(row)
    columns = [*ACCOUNT_KEYS, "found", "used", *REASONS, *(["rest"] if with_rest else [])]
    return pd.DataFrame(rows, columns=columns)


def left_out_sentence(counts: Mapping[str, int]) -> str:
    """Return how many cues were left out for which reason, as text.

    Parameters
    ----------
    counts : mapping of str to int
        Number of cues by reason; zeros are omitted.

    Returns
    -------
    str
        For example ``"3: the trial is not entirely inside the recording"``; empty if no cue was
        left out.
    """
    return "; ".join(
        f"{counts[reason]}: {sentence}"
        for reason, sentence in REASONS.items()
        if counts.get(reason, 0)
    )


def account_sentence(account: pd.DataFrame) -> str:
    """Return how many cues are used as trials, and why others are not, as text.

    Parameters
    ----------
    account : pandas.DataFrame
        The result of :func:`account_of`.

    Returns
    -------
    str
        One sentence.
    """
    found, used = int(account["found"].sum()), int(account["used"].sum())
    rest = f" {int(account['rest'].sum())} trials have a rest window." if "rest" in account else ""
    if used == found:
        return f"All {found} cues are used as trials.{rest}"
    counts = {reason: int(account[reason].sum()) for reason in REASONS}
    return (
        f"{used} of {found} cues are used as trials. Left out: {left_out_sentence(counts)}.{rest}"
    )


def read_account(path: Path) -> pd.DataFrame | None:
    """Read an account from a file.

    Parameters
    ----------
    path : pathlib.Path
        A CSV file.

    Returns
    -------
    pandas.DataFrame or None
        ``None`` if there is no file.
    """
    if not path.is_file():
        return None
    as_text = dict.fromkeys(ACCOUNT_KEYS, str)
    return pd.read_csv(path, dtype=as_text, keep_default_na=False)
