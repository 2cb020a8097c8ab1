"""Annotations of interruptions and missing samples, which MNE's filters and epochs respect."""

from __future__ import annotations

from itertools import pairwise

import mne
import numpy as np

__all__ = ["INTERRUPTION", "NOT_FINITE", "mark_missing_samples", "uninterrupted_segments"]

# Description of interruptions, which MNE's filters and epochs respect, and of segments with
# missing samples.
INTERRUPTION = "BAD_ACQ_SKIP"
NOT_FINITE = f"{INTERRUPTION}_NOT_FINITE"


def mark_missing_samples(raw: mne.io.BaseRaw, picks: list[int]) -> None:
    """Annotate missing samples, so that filters do not run across them and epochs exclude them.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording in memory, changed in place. Existing annotations of this kind are replaced.
    picks : list of int
        The channels to consider.
    """
    stretches = _missing_stretches(raw, picks)
    present = raw.annotations
    kept = np.array([name != NOT_FINITE for name in present.description], dtype=bool)
    if not stretches and kept.all():
        return
    sfreq = raw.info["sfreq"]
    marks = mne.Annotations(
        [*(present.onset[kept] - raw.first_time), *(start / sfreq for start, _ in stretches)],
        [*present.duration[kept], *((stop - start) / sfreq for start, stop in stretches)],
        [*present.description[kept], *([NOT_FINITE] * len(stretches))],
    )
    raw.set_annotations(marks, emit_warning=False)


def uninterrupted_segments(raw: mne.io.BaseRaw) -> list[slice]:
    """Return the segments of a recording that MNE filters separately.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording, with annotated interruptions; they may have no duration.

    Returns
    -------
    list of slice
        Ranges of samples in the order of recording, without those inside an interruption.
    """
    inside, cuts = np.ones(raw.n_times, dtype=bool), {0, raw.n_times}
    for onset, duration, name in zip(
        raw.annotations.onset, raw.annotations.duration, raw.annotations.description, strict=True
    ):
        if name.upper().startswith((INTERRUPTION, "EDGE")):
            times = onset - raw.first_time + np.array([0.0, duration])
            start, stop = np.clip(np.round(times * raw.info["sfreq"]), 0, raw.n_times).astype(int)
            inside[start:stop] = False
            cuts |= {int(start), int(stop)}
    pairs = pairwise(sorted(cuts))
    return [slice(start, stop) for start, stop in pairs if inside[start]]


def _missing_stretches(raw: mne.io.BaseRaw, picks: list[int]) -> list[tuple[int, int]]:
    """Return start and end (exclusive) of each segment with missing samples."""
    missing = np.zeros(raw.n_times, dtype=bool)
    for pick in picks:
        missing |= ~np.isfinite(raw.get_data(pick)[0])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], missing.astype(int), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
