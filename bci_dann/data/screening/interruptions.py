"""Marks of interruptions and missing samples, which MNE's filters and epochs heed."""

from __future__ import annotations

import mne
import numpy as np

__all__ = ["INTERRUPTION", "NOT_FINITE", "mark_missing_samples"]

# The name by which MNE's filters know where a recording is interrupted, and its epochs what to
# leave out; and that of stretches in which samples are missing.
INTERRUPTION = "BAD_ACQ_SKIP"
NOT_FINITE = f"{INTERRUPTION}_NOT_FINITE"


def mark_missing_samples(raw: mne.io.BaseRaw, picks: list[int]) -> None:
    """Annotate samples that are missing, so that filters end there and epochs leave them out.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording in memory, changed in place. Former marks of this kind are replaced.
    picks : list of int
        The channels that count.
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


def _missing_stretches(raw: mne.io.BaseRaw, picks: list[int]) -> list[tuple[int, int]]:
    """Return the first sample of each stretch with a missing sample, and the first after it."""
    missing = np.zeros(raw.n_times, dtype=bool)
    for pick in picks:
        missing |= ~np.isfinite(raw.get_data(pick)[0])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], missing.astype(int), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
