"""Text summary of a survey of recordings."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from bci_dann.data.segmentation import same_sfreq
from bci_dann.data.survey.folder_survey import FolderSurvey
from bci_dann.data.survey.signal_sample import UNITS, guess_mains, guess_scale

__all__ = [
    "channel_differences",
    "listed",
    "mains_sentence",
    "sampling_rates",
    "summary_rows",
    "unit_sentence",
]

# Number of names in a list before "and N more".
MAX_LISTED = 8


def summary_rows(survey: FolderSurvey) -> list[tuple[str, str]]:
    """Return the summary of a survey as rows of a table.

    Parameters
    ----------
    survey : FolderSurvey
        The survey.

    Returns
    -------
    list of (str, str)
        Property and result of each row.
    """
    rows = [("recordings", _count_of_files(survey))]
    for name in ("subject", "session", "run"):
        values = survey.values(name)
        if values not in (["0"], [""]):
            rows.append((f"{name}s", f"{len(values)}: {listed(values)}"))
    rows += [
        ("sampling rate", _rates_text(survey)),
        ("length", _lengths_text([one.duration_s for one in survey.files])),
        ("channels", _channels_text(survey)),
        ("cues", _cues_text(survey)),
        ("unit", unit_sentence(survey)),
        ("mains", mains_sentence(survey)),
    ]
    if survey.unreadable:
        names = [one.name for one in survey.unreadable]
        rows.append(("cannot be read", f"{len(names)}: {listed(names)}"))
    if survey.pattern.left_out:
        left_out = survey.pattern.left_out
        rows.append(("left out", f"{len(left_out)} of another form: {listed(left_out)}"))
    if survey.other_files:
        ends = (f"{n} {end or 'without extension'}" for end, n in survey.other_files.items())
        rows.append(("other files", listed(list(ends))))
    return rows


def listed(names: Sequence[str]) -> str:
    """Return names separated by commas; if there are many, only the first ones.

    Parameters
    ----------
    names : sequence of str
        The names.

    Returns
    -------
    str
        For example ``"a, b and 3 more"``.
    """
    every = list(names)
    more = len(every) - MAX_LISTED
    return ", ".join(every[:MAX_LISTED]) + (f" and {more} more" if more > 0 else "")


def sampling_rates(survey: FolderSurvey) -> dict[float, int]:
    """Return the number of recordings by sampling frequency.

    Parameters
    ----------
    survey : FolderSurvey
        The survey.

    Returns
    -------
    dict of float to int
        Number of recordings, lowest frequency first; frequencies that differ by rounding are
        merged.
    """
    rates: dict[float, int] = {}
    for sfreq in sorted(one.sfreq for one in survey.files):
        known = next((rate for rate in rates if same_sfreq(rate, sfreq)), sfreq)
        rates[known] = rates.get(known, 0) + 1
    return rates


def channel_differences(survey: FolderSurvey) -> tuple[list[str], dict[str, int]]:
    """Return the EEG channels of all recordings, and those that some recordings lack.

    Parameters
    ----------
    survey : FolderSurvey
        The survey.

    Returns
    -------
    common : list of str
        Channels in the order of the first recording.
    others : dict of str to int
        Number of recordings with the channel, by name.
    """
    counts = Counter(name for one in survey.files for name in one.channels.used)
    n_files = len(survey.files)
    common = [name for name, count in counts.items() if count == n_files]
    return common, {name: count for name, count in counts.items() if count < n_files}


def unit_sentence(survey: FolderSurvey) -> str:
    """Return a sentence on the unit and the amplitude as evidence for it.

    Parameters
    ----------
    survey : FolderSurvey
        The survey.

    Returns
    -------
    str
        A sentence without a full stop.
    """
    typical = sorted(x for x in (one.typical_uv for one in survey.samples) if not math.isnan(x))
    if not typical:
        return "not known: no signal was found in the samples"
    middle = typical[len(typical) // 2]
    scale = guess_scale(survey.samples)
    if scale is None:
        return (
            f"not known: the typical amplitude from 8 to 30 Hz is {typical[0]:.2g} to "
            f"{typical[-1]:.2g} µV if the numbers are volt, and that of EEG is 1 to 100 µV"
        )
    if scale == 1.0:
        return f"volt, as MNE reads it: the typical amplitude from 8 to 30 Hz is {middle:.2g} µV"
    return (
        f"{UNITS[scale]}: the typical amplitude from 8 to 30 Hz is {middle * scale:.2g} µV, and "
        f"would be {middle:.1g} µV if the numbers were volt"
    )


def mains_sentence(survey: FolderSurvey) -> str:
    """Return a sentence on the mains frequency and the evidence in the spectra.

    Parameters
    ----------
    survey : FolderSurvey
        The survey.

    Returns
    -------
    str
        A sentence without a full stop.
    """
    frequency, ratios = guess_mains(survey.samples)
    if frequency is not None:
        ratio = ratios[frequency]
        times = f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"
        return f"{frequency} Hz, with {times} times the power at neighbouring frequencies"
    if not ratios:
        return "not known: the sampling rate is too low to show it"
    return f"no peak at {' or '.join(f'{hz} Hz' for hz in ratios)}"


def _count_of_files(survey: FolderSurvey) -> str:
    extensions = Counter(one.path.suffix.lower() for one in survey.recordings)
    ends = ", ".join(
        f"{end} ({n})" if len(extensions) > 1 else end for end, n in extensions.items()
    )
    kind = "BIDS, " if survey.bids_tasks is not None else ""
    return f"{len(survey.recordings)} ({kind}{ends})"


def _rates_text(survey: FolderSurvey) -> str:
    rates = sampling_rates(survey)
    if len(rates) == 1:
        return f"{next(iter(rates)):g} Hz"
    return ", ".join(f"{rate:g} Hz ({count} files)" for rate, count in rates.items())


def _lengths_text(seconds: Sequence[float]) -> str:
    low, high = min(seconds), max(seconds)
    unit, scale = ("min", 60) if high >= 120 else ("s", 1)
    shown = [f"{value / scale:.1f}" for value in (low, high)]
    return f"{shown[0]} {unit}" if shown[0] == shown[1] else f"{shown[0]} to {shown[1]} {unit}"


def _channels_text(survey: FolderSurvey) -> str:
    common, others = channel_differences(survey)
    unused = [one.name for one in survey.files[0].channels.uses if not one.used_as]
    text = f"{len(common)} EEG: {listed(common)}" if common else "no EEG channel is in all files"
    text += f"; not used: {listed(unused)}" if unused else ""
    return text + (f"; not in all files: {listed(list(others))}" if others else "")


def _cues_text(survey: FolderSurvey) -> str:
    by_name = {one.name: one for one in survey.cues.events}
    cues, candidates = survey.cues.cues, survey.cues.candidates
    if cues:
        return ", ".join(
            f"{name} ({by_name[name].count} times): {by_name[name].label}" for name in cues
        )
    if candidates:
        counts = (f"{name} ({by_name[name].count} times)" for name in candidates)
        return f"not known which class each is: {listed(list(counts))}"
    return "not known: " + ("none of the events looks like one" if by_name else "no events at all")
