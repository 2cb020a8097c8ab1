"""Heuristics for the events that are cues of classes, and for the length of their tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bci_dann.data.screening.cues import REPEATED_S
from bci_dann.data.survey.event_names import class_named, known_meaning, may_be_cue, may_end_task

__all__ = ["CueGuess", "EventCount", "TaskGuess", "guess_cues", "guess_task"]

# An event whose name indicates a class is assumed to be a cue, unless it is too rare or is a rest
# that is too frequent. Limits of its count, relative to the most frequent class other than rest: a
# rest that follows each trial of two classes is twice as frequent as each of them. Empirical.
MIN_SHARE = 0.2
MAX_REST_RATIO = 1.5

# Two events with uninformative names may be cues on three conditions. Their counts have at most
# this ratio: a pause after each trial of two classes is twice as frequent as each of them. A
# recording has at least this number of each. Their order varies: so does the time from one event
# to the next occurrence of the other, by at least this much (s).
MAX_COUNT_RATIO = 1.75
MIN_COUNT = 4
MIN_SPREAD_S = 0.5

# Number of the most frequent events whose order is examined. Empirical: designs have fewer.
MAX_COMPARED = 30

# The length of a task is the duration of its cue or the time until a following event. Limits of the
# length, its maximum variation (s), and the minimum share of cues for which it is known. Empirical:
# imagery lasts 2 to 8 s in published designs.
TASK_S = (1.5, 10.0)
MAX_SPREAD_S = 0.3
MIN_KNOWN_SHARE = 0.9

# Length of a task without evidence (s), as in many datasets of MOABB.
USUAL_TASK_S = 4.0


@dataclass(frozen=True)
class EventCount:
    """Number of occurrences of an event, and its possible meaning.

    Attributes
    ----------
    name : str
        Name in the recordings.
    count, n_files : int
        Number of occurrences in total, and number of recordings with the event.
    label : str
        The class according to its name, or "".
    is_cue, may_be_cue : bool
        Whether it is assumed to be a cue; whether it might be one.
    meaning : str
        Known meaning of other events.
    """

    name: str
    count: int
    n_files: int
    label: str = ""
    is_cue: bool = False
    may_be_cue: bool = False
    meaning: str = ""


@dataclass(frozen=True)
class CueGuess:
    """The events of some recordings: cues first, then possible cues, then the others."""

    events: tuple[EventCount, ...]

    @property
    def cues(self) -> list[str]:  # numpydoc ignore=RT01
        """The events that are assumed to be cues."""
        return [one.name for one in self.events if one.is_cue]

    @property
    def candidates(self) -> list[str]:  # numpydoc ignore=RT01
        """The cues; if there are none, the possible cues."""
        return self.cues or [one.name for one in self.events if one.may_be_cue]


@dataclass(frozen=True)
class TaskGuess:
    """Length of a task after its cue (s), an explanation, and whether there is evidence for it."""

    end_s: float
    evidence: str
    is_shown: bool


def guess_cues(recordings: Sequence[pd.DataFrame]) -> CueGuess:
    """Guess which events are cues, from their names, or otherwise from their occurrences.

    Parameters
    ----------
    recordings : sequence of pandas.DataFrame
        The events of each recording; see `FileSurvey`.

    Returns
    -------
    CueGuess
        The events; some are cues only if the names of the events indicate at least two classes.
    """
    counts: dict[str, int] = {}
    n_files: dict[str, int] = {}
    for events in recordings:
        for name, count in events["name"].value_counts().items():
            counts[name] = counts.get(name, 0) + int(count)
            n_files[name] = n_files.get(name, 0) + 1
    labels = {name: class_named(name) for name in counts}
    cues = _named_cues(counts, labels)
    possible = set(cues) or _possible_cues(recordings, counts)
    found = [
        EventCount(
            name=name,
            count=counts[name],
            n_files=n_files[name],
            label=labels[name],
            is_cue=name in cues,
            may_be_cue=name in possible,
            meaning=known_meaning(name),
        )
        for name in counts
    ]
    return CueGuess(tuple(sorted(found, key=_rank)))


def _rank(one: EventCount) -> tuple[bool, bool, bool, int, str]:
    """Return a sort key: cues by their names, other events by their frequency."""
    by_frequency = 0 if one.may_be_cue else -one.count
    return not one.is_cue, not one.may_be_cue, not one.label, by_frequency, one.name


def _named_cues(counts: dict[str, int], labels: dict[str, str]) -> list[str]:
    named = {name: counts[name] for name in counts if labels[name]}
    others = [count for name, count in named.items() if labels[name] != "rest"]
    if not others:
        return []
    most = max(others)
    cues = [
        name
        for name, count in named.items()
        if count >= MIN_SHARE * most
        and not (labels[name] == "rest" and count > MAX_REST_RATIO * most)
    ]
    return cues if len({labels[name] for name in cues}) > 1 else []


def _possible_cues(recordings: Sequence[pd.DataFrame], counts: dict[str, int]) -> set[str]:
    frequent = sorted(counts, key=lambda name: -counts[name])[:MAX_COMPARED]
    names = [name for name in frequent if counts[name] >= MIN_COUNT and may_be_cue(name)]
    return {
        name
        for first, second in combinations(names, 2)
        if max(counts[first], counts[second])
        <= MAX_COUNT_RATIO * min(counts[first], counts[second])
        and _alternate(recordings, first, second)
        for name in (first, second)
    }


def _alternate(recordings: Sequence[pd.DataFrame], first: str, second: str) -> bool:
    """Return whether two events occur in the same recording in varying order."""
    lags = []
    for events in recordings:
        onsets = {name: _onsets(events, [name]) for name in (first, second)}
        if min(map(len, onsets.values())) < MIN_COUNT:
            continue
        lags += [_next_lags(onsets[first], onsets[second])]
        lags += [_next_lags(onsets[second], onsets[first])]
    if not lags:
        return False
    low, high = np.percentile(np.concatenate(lags), [10, 90])
    return bool(high - low > MIN_SPREAD_S)


def guess_task(recordings: Sequence[pd.DataFrame], cues: Sequence[str]) -> TaskGuess:
    """Guess the length of a task, from the duration of its cue or from the following events.

    Parameters
    ----------
    recordings : sequence of pandas.DataFrame
        The events of each recording.
    cues : sequence of str
        The events that start a task.

    Returns
    -------
    TaskGuess
        The length, at most the time between two cues.
    """
    with_cues = [events for events in recordings if len(_onsets(events, cues))]
    if not with_cues:
        return TaskGuess(USUAL_TASK_S, "there are no cues that would show it", False)
    gap = _shortest_gap(with_cues, cues)
    shown = _length_of_cues(with_cues, cues) or _length_until_event(with_cues, cues)
    if shown is not None and shown[0] <= gap:
        return TaskGuess(*shown, True)
    end = float(min(USUAL_TASK_S, np.floor(10 * gap) / 10))
    apart = f"; cues are at least {gap:.1f} s apart" if np.isfinite(gap) else ""
    return TaskGuess(max(end, 0.5), f"no event ends the task{apart}", False)


def _shortest_gap(recordings: Sequence[pd.DataFrame], cues: Sequence[str]) -> float:
    gaps = np.concatenate([np.diff(_onsets(events, cues)) for events in recordings])
    apart = gaps[gaps > REPEATED_S]  # cues closer together are doubled, and merged when read
    return float(np.percentile(apart, 5)) if len(apart) else float("inf")


def _length_of_cues(
    recordings: Sequence[pd.DataFrame], cues: Sequence[str]
) -> tuple[float, str] | None:
    durations = np.concatenate(
        [events.loc[events["name"].isin(cues), "duration"].to_numpy() for events in recordings]
    )
    length = _common_length(durations, len(durations))
    return None if length is None else (length, f"the cues last {length:g} s")


def _length_until_event(
    recordings: Sequence[pd.DataFrame], cues: Sequence[str]
) -> tuple[float, str] | None:
    """Return the time to the first event that follows each cue after the same time."""
    names = {name for events in recordings for name in events["name"]} - set(cues)
    others = sorted(name for name in names if may_end_task(name))
    n_cues = sum(len(_onsets(events, cues)) for events in recordings)
    found = {}
    for name in others:
        lags = [_next_lags(_onsets(one, cues), _onsets(one, [name])) for one in recordings]
        length = _common_length(np.concatenate(lags), n_cues)
        if length is not None:
            found[name] = length
    if not found:
        return None
    first = min(found, key=lambda name: found[name])
    return found[first], f"{first!r} follows {found[first]:g} s after each cue"


def _common_length(lengths: NDArray[np.float64], n_cues: int) -> float | None:
    if len(lengths) < MIN_KNOWN_SHARE * n_cues or not len(lengths):
        return None
    low, middle, high = np.percentile(lengths, [10, 50, 90])
    is_common = high - low <= MAX_SPREAD_S and TASK_S[0] <= middle <= TASK_S[1]
    return round(float(middle), 1) if is_common else None


def _onsets(events: pd.DataFrame, names: Sequence[str]) -> NDArray[np.float64]:
    return np.asarray(events.loc[events["name"].isin(list(names)), "onset"], dtype=float)


def _next_lags(starts: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the time from each start to the next end; starts without an end are omitted."""
    following = np.searchsorted(ends, starts, side="right")
    has_one = following < len(ends)
    return np.asarray(ends[following[has_one]] - starts[has_one])
