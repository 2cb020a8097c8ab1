"""Random recordings and configurations, with what every cue of them has to become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from format_writers import CLASSES, FORMATS, TRIGGER_LINES, Content
from format_writers import write_brainvision as brainvision
from format_writers import write_edf_discontinuous as discontinuous
from format_writers import write_fif_triggers as triggers

# Names of electrodes, with those that they are read as, and of channels that are left out.
ELECTRODES = {
    **{name: name for name in ("Fz", "C4", "P3", "Pz", "T7", "Fp1", "FC3", "CP4")},
    **{"c3": "C3", "CZ": "Cz", "EEG P4": "P4", "O1-A2": "O1", "F3..": "F3"},
}
OTHERS = ("EOG left", "EMG chin", "AccX", "Cñ", "X 1")
SFREQS = (100.0, 128.0, 160.0, 250.0, 256.0, 100.5, 250.4)
SAMPLES_IN_FLOAT = ("fif", "triggers", "brainvision", "eeglab")
UNICODE = ("brainvision", "eeglab", "bids")
HELD_BY_MNE = ("fif", "triggers", "bids")  # what lies outside is not written
REPEATED_S = 0.1
HELD_S = 1e4


@dataclass
class Drawn:
    """A recording on disk, how to read it, and what is in it."""

    seed: int
    form: str
    content: Content
    path: Path
    layout: dict[str, Any]
    steps: dict[str, Any]
    interruptions: Sequence[int] = ()
    may_refuse: set[str] = field(default_factory=set)
    by_line: bool = False
    damage: str = ""

    @property
    def signals(self) -> np.ndarray:
        """The signals of the electrodes."""
        return self.content.signals[: len(self.electrodes)]

    @property
    def electrodes(self) -> list[str]:
        """The names that electrodes are read as; other channels come after them."""
        return [ELECTRODES[name] for name in self.content.names if name in ELECTRODES]

    @property
    def window(self) -> tuple[int, int]:
        """First and last sample of a trial, after its cue."""
        sfreq, start = self.content.sfreq, self.layout["interval"][0]
        first, last = (round((start + time) * sfreq) for time in self.steps["window"])
        return first, last

    def reasons(self, sample: int, label: str, slack: int = 0) -> set[str]:
        """Return all that speaks against a cue; with slack also what is near (or, below 0, only
        what is well inside)."""
        content, sfreq = self.content, self.content.sfreq
        n_times = content.signals.shape[1]
        first, last = (sample + shift for shift in self.window)
        near = [
            (other, name)
            for other, name in content.cues
            if abs(other - sample) <= REPEATED_S * sfreq + slack
            and (other, name) != (sample, label)
        ]
        found = set()
        if first < slack or last >= n_times - slack or not 0 <= sample < n_times:
            found.add("outside")
        if any(name != label for _, name in near):
            found.add("contradicting")
        if near or list(content.cues).count((sample, label)) > 1:
            found.add("doubled")
        for onset, duration, name in content.marks:
            begin, end = onset * sfreq, (onset + duration) * sfreq
            if name.lower().startswith("bad") and begin <= last + slack and end >= first - slack:
                found.add("marked_bad")
        if any(first - slack < at <= last + slack for at in self.interruptions):
            found.add("boundary")
        inside = self.signals[:, max(0, first - slack) : max(0, last + 1 + slack)]
        if inside.size and not np.isfinite(inside).all():
            found.add("not_finite")
        part = self.signals[:, max(0, first) : max(0, last + 1)]
        if part.size and np.isfinite(part).all():
            if (part.std(axis=1) < 1e-9).any():
                found.add("flat")
            finite = np.where(np.isfinite(self.signals), self.signals, 0.0)
            top, low = finite.max(axis=1, keepdims=True), finite.min(axis=1, keepdims=True)
            room = 0.02 * (top - low)
            if (((part >= top - room) | (part <= low + room)).mean(axis=1) > 0.08).any():
                found.add("railed")
        return found


def draw(seed: int, folder: Path, damaged: bool | None = None) -> Drawn:
    """Write a random recording."""
    rng = np.random.default_rng(seed)
    form = str(rng.choice([*FORMATS, "pauses", "gaps", "triggers"]))
    if form == "bids" and rng.random() < 0.7:  # slow to write
        form = "edf"
    sfreq = float(rng.choice(SFREQS))
    if form in ("edf", "edf discontinuous", "bdf", "gaps"):
        n_times = round(sfreq * 10) * int(rng.integers(2, 4))  # whole records
    else:
        n_times = int(sfreq * rng.uniform(18, 30))
    names = rng.choice(list(ELECTRODES), int(rng.integers(2, 4)), replace=False).tolist()
    names = [*names, *rng.choice(OTHERS, int(rng.integers(0, 2)), replace=False).tolist()]
    if form.split()[0] not in UNICODE:
        names = [name.replace("ñ", "n") for name in names]
    signals = rng.normal(0, 10 ** rng.uniform(-5.5, -4.3), (len(names), n_times))
    cues = _cues(rng, sfreq, n_times)
    steps: dict[str, Any] = {"band": None, "window": (float(rng.choice([-0.3, 0.0, 0.5])), 1.2)}
    if rng.random() < 0.2:
        steps["band"] = (4.0, 30.0)
    start = float(rng.choice([0.0, 0.0, 0.3, 1.0]))
    layout = {"interval": (start, start + 1.5)}
    drawn = Drawn(seed, form, Content(signals, names, sfreq, cues), folder, layout, steps)
    for change in rng.choice(CHANGES, int(rng.integers(0, 4)), replace=False):
        change(rng, drawn)
    _write(rng, drawn, folder)
    if damaged if damaged is not None else rng.random() < 0.3:
        _damage(rng, drawn)
    return drawn


def _cues(rng, sfreq: float, n_times: int) -> list[tuple[int, str]]:
    spacing = rng.uniform(1.2, 2.5)
    number = max(2, int(n_times / sfreq / spacing) - 1)
    onset = rng.uniform(0.0, 2.0) + spacing * np.arange(number) + rng.uniform(0, 0.3, number)
    samples = (onset * sfreq).astype(int)
    labels = rng.permutation([CLASSES[k % 2] for k in range(number)])
    return [
        (s, c)
        for s, c in zip(samples.tolist(), labels.tolist(), strict=True)
        if s < n_times - 1.9 * sfreq or (s < n_times and rng.random() < 0.1)
    ]


# What may be the matter with a recording.


def _with_doubled_cues(rng, drawn: Drawn) -> None:
    if "triggers" in drawn.form:  # a channel holds one code at a time
        return
    cues = list(drawn.content.cues)
    sample, label = cues[int(rng.integers(len(cues)))]
    shift = int(rng.integers(0, int(REPEATED_S * drawn.content.sfreq) - 1))
    if rng.random() < 0.5:
        label = CLASSES[label == CLASSES[0]]
        drawn.may_refuse.add("contradicting")
    drawn.content = replace(drawn.content, cues=sorted([*cues, (sample + shift, label)]))


def _with_cues_beyond(rng, drawn: Drawn) -> None:
    if drawn.form.split()[0] in HELD_BY_MNE or drawn.form == "pauses":
        return
    n_times, sfreq = drawn.content.signals.shape[1], drawn.content.sfreq
    late = n_times + int(rng.uniform(-1, 3) * sfreq)
    cues = [*drawn.content.cues, (late, CLASSES[rng.integers(2)])]
    drawn.content = replace(drawn.content, cues=cues)
    drawn.may_refuse.add("truncated")


def _with_bad_stretches(rng, drawn: Drawn) -> None:
    length = drawn.content.signals.shape[1] / drawn.content.sfreq
    name = str(rng.choice(["BAD_muscle", "bad", "Bad blink"]))
    marks = [(float(rng.uniform(0, length - 1)), float(rng.uniform(0.0, 1.0)), name)]
    drawn.content = replace(drawn.content, marks=[*drawn.content.marks, *marks])


def _with_other_marks(rng, drawn: Drawn) -> None:
    length = drawn.content.signals.shape[1] / drawn.content.sfreq
    names = ["start", "Rest period", "ü", "left-over", "S  9", "0", "1.5"]
    marks = [(float(rng.uniform(0, 1.2 * length)), 0.0, str(rng.choice(names))) for _ in range(3)]
    drawn.content = replace(drawn.content, marks=[*drawn.content.marks, *marks])


def _with_missing_samples(rng, drawn: Drawn) -> None:
    if drawn.form.split()[0] not in SAMPLES_IN_FLOAT:
        return
    signals = drawn.content.signals.copy()
    start, length = rng.integers(signals.shape[1] - 10), int(rng.integers(1, 200))
    picks = slice(None) if rng.random() < 0.5 else slice(0, 1)
    signals[picks, start : start + length] = rng.choice([np.nan, np.inf])
    drawn.content = replace(drawn.content, signals=signals)


def _with_flat_stretch(rng, drawn: Drawn) -> None:
    signals = drawn.content.signals.copy()
    start, length = rng.integers(signals.shape[1] - 10), rng.choice([50, 500, 10**6])
    signals[rng.integers(len(signals)), start : start + length] = rng.choice([0.0, 1e-5])
    drawn.content = replace(drawn.content, signals=signals)
    drawn.may_refuse.add("flat")


def _with_railed_stretch(rng, drawn: Drawn) -> None:
    signals = drawn.content.signals.copy()
    start, channel = rng.integers(signals.shape[1] - 10), rng.integers(len(signals))
    stretch = signals[channel, start : start + int(rng.choice([100, 500]))]
    stretch[:] = 2 * np.nanmax(np.abs(signals[channel]))
    drawn.content = replace(drawn.content, signals=signals)


def _with_another_unit(rng, drawn: Drawn) -> None:
    """Write channels in units of their own, or one in a unit that the file does not say."""
    content = drawn.content
    if drawn.form.split()[0] in ("edf", "gaps", "bdf", "brainvision"):
        units = rng.choice(["V", "mV", "uV"], len(content.names)).tolist()
        drawn.content = replace(content, units=units)
    else:
        signals = content.signals.copy()
        signals[int(rng.integers(len(signals)))] *= float(rng.choice([1e3, 1e6, 1e-3]))
        drawn.content = replace(content, signals=signals)
        drawn.may_refuse.add("unit")


def _with_twin_channels(rng, drawn: Drawn) -> None:
    signals = drawn.content.signals.copy()
    signals[0] = signals[1] * rng.choice([1.0, -1.0, 1.5])
    drawn.content = replace(drawn.content, signals=signals)
    drawn.may_refuse.add("copy")


CHANGES = (
    _with_doubled_cues,
    _with_cues_beyond,
    _with_bad_stretches,
    _with_other_marks,
    _with_missing_samples,
    _with_flat_stretch,
    _with_railed_stretch,
    _with_another_unit,
    _with_twin_channels,
)


def _write(rng, drawn: Drawn, folder: Path) -> None:
    content, sfreq, stem = drawn.content, drawn.content.sfreq, "s1"
    n_times = content.signals.shape[1]
    at = int(rng.integers(n_times // 4, n_times // 2))
    form = drawn.form
    if form.startswith("gdf"):  # which has codes only
        content = drawn.content = replace(content, marks=[])
    if form == "pauses":
        form = str(rng.choice(["brainvision", "eeglab", "fif", "gdf 2"]))
        drawn.interruptions = [at]
        if form == "gdf 2":
            content = drawn.content = replace(content, marks=[])
        marks = {
            "eeglab": (at - 0.5, float(rng.choice([0.0, 3.0])), "boundary"),
            "fif": (at, 0.0, str(rng.choice(["BAD boundary", "EDGE boundary", "BAD_ACQ_SKIP"]))),
            "gdf 2": (at, 0.0, "boundary"),
        }
        if form in marks:
            start, length, name = marks[form]
            content = replace(content, marks=[*content.marks, (start / sfreq, length, name)])
    if drawn.form == "gaps":
        form = "edf discontinuous"
        pause = float(rng.choice([0.5, 3.0, 100.0, -0.7]))
        drawn.path = discontinuous(folder, stem, content, [(int(rng.integers(1, 6)), pause)])
        drawn.may_refuse.add("pause")
    elif drawn.form == "pauses" and form == "brainvision":
        drawn.path = brainvision(folder, stem, content, [at])
    elif drawn.form == "triggers":
        form = "fif triggers"
        date = 1.6e9 if rng.random() < 0.5 else None
        width, by_line = float(rng.choice([0.004, 0.02, 0.3, HELD_S])), bool(rng.random() < 0.3)
        if width == HELD_S:  # until the next cue, if it is another
            cues, by_line = content.cues, False
            follows = [True, *(a[1] != b[1] for a, b in pairwise(cues))]
            cues = [cue for cue, kept in zip(cues, follows, strict=True) if kept]
            content = drawn.content = replace(content, cues=cues)
        drawn.path, drawn.by_line = triggers(folder, stem, content, width, date, by_line), by_line
    else:
        drawn.path = FORMATS[form].write(folder, stem, content)
    drawn.form = form
    drawn.layout = {**FORMATS[form].layout, **drawn.layout}
    if drawn.form == "fif triggers" and drawn.by_line:
        drawn.layout["events"] = TRIGGER_LINES


def _damage(rng, drawn: Drawn) -> None:
    """Cut a file short, or change bytes of it."""
    files = sorted(file for file in drawn.path.parent.iterdir() if file.is_file())
    file = files[int(rng.integers(len(files)))]
    data = bytearray(file.read_bytes())
    # half of the damage in the first kilobytes, where headers are
    reach = len(data) if rng.random() < 0.5 else min(len(data), 4096)
    place = int(rng.integers(reach)) if reach else 0
    kind = str(rng.choice(["cut", "flip", "zeros", "grow"]))
    if kind == "cut":
        data = data[:place]
    elif kind == "flip":
        data[place] ^= 1 << int(rng.integers(8))
    elif kind == "zeros":
        stretch = data[place : place + int(rng.integers(1, 50))]
        data[place : place + len(stretch)] = bytes(len(stretch))
    else:
        data += bytes(int(rng.integers(1, 5000)))
    file.write_bytes(bytes(data))
    drawn.damage = f"{kind} at {place} of {len(data)} in {file.name}"
