"""Writers of one and the same recording in every format that MNE reads."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace

import edfio
import mne
import numpy as np
import pybv
from scipy.io import savemat

CLASSES = ("left_hand", "right_hand")
CODES = {"left_hand": 1, "right_hand": 2}
FACTOR = {"V": 1.0, "mV": 1e3, "uV": 1e6, "nV": 1e9}  # units a volt


@dataclass(frozen=True)
class Content:
    """What is in a recording: signals in volt, cues by sample, further marks by time."""

    signals: np.ndarray
    names: Sequence[str]
    sfreq: float
    cues: Sequence[tuple[int, str]]
    marks: Sequence[tuple[float, float, str]] = ()
    units: Sequence[str] = ()

    @property
    def unit_of(self) -> list[str]:
        return list(self.units) or ["uV"] * len(self.names)

    def annotations(self, events: dict[str, str]) -> list[tuple[float, float, str]]:
        """Return cues and marks in the order of time; ``events`` is name to class."""
        name_of = {label: name for name, label in events.items()}
        cues = [(sample / self.sfreq, 0.0, name_of[label]) for sample, label in self.cues]
        return sorted([*cues, *self.marks])

    def raw(self, events: dict[str, str]) -> mne.io.RawArray:
        info = mne.create_info(list(self.names), self.sfreq, "eeg")
        raw = mne.io.RawArray(self.signals.copy(), info, verbose="error")
        listed = self.annotations(events)
        onset, duration, name = zip(*listed, strict=True) if listed else ([], [], [])
        with warnings.catch_warnings():  # marks may lie beyond the recording
            warnings.simplefilter("ignore")
            return raw.set_annotations(mne.Annotations(onset, duration, name), verbose="error")


PLAIN = {"left": "left_hand", "right": "right_hand"}


def write_fif(folder, stem, content, **save):
    path = folder / f"{stem}_raw.fif"
    content.raw(PLAIN).save(path, verbose="error", **save)
    return path


def write_fif_dated(folder, stem, content):
    path = folder / f"{stem}_raw.fif"
    raw = content.raw(PLAIN)
    annotations = raw.annotations
    raw.set_meas_date(1.6e9).set_annotations(annotations, verbose="error")
    raw.save(path, verbose="error")
    return path


def write_fif_cropped(folder, stem, content, dated=False):
    """Write a recording that was longer at its start, and cropped."""
    extra = round(3 * content.sfreq)
    before = np.random.default_rng(extra).normal(0, 1e-5, (len(content.names), extra))
    longer = replace(
        content,
        signals=np.hstack([before, content.signals]),
        cues=[(sample + extra, label) for sample, label in content.cues],
        marks=[(start + extra / content.sfreq, *rest) for start, *rest in content.marks],
    )
    raw = longer.raw(PLAIN)
    if dated:
        annotations = raw.annotations
        raw.set_meas_date(1.6e9).set_annotations(annotations, verbose="error")
    raw.crop(extra / content.sfreq).save(folder / f"{stem}_raw.fif", verbose="error")
    return folder / f"{stem}_raw.fif"


def write_fif_cropped_dated(folder, stem, content):
    return write_fif_cropped(folder, stem, content, dated=True)


def write_fif_split(folder, stem, content):
    """Write parts of 2 MB, which is the least that MNE allows, or one where that is enough."""
    return write_fif(folder, stem, content, fmt="double", split_size="2MB", buffer_size_sec=0.5)


TRIGGERS = {"1": "left_hand", "2": "right_hand"}
TRIGGER_LINES = {"STI001": "left_hand", "STI002:1": "right_hand"}


def write_fif_triggers(folder, stem, content, width=0.02, date=None, by_line=False):
    """Write the cues into a trigger channel, or into one for each class."""
    raw = replace(content, cues=()).raw(PLAIN)
    lines = ["STI001", "STI002"] if by_line else ["STI 014"]
    stim = np.zeros((len(lines), raw.n_times))
    samples = max(1, round(width * content.sfreq))
    for sample, label in content.cues:
        line, code = (CODES[label] - 1, 1) if by_line else (0, CODES[label])
        stim[line, sample : sample + samples] = code
    info = mne.create_info(lines, content.sfreq, "stim")
    raw.add_channels([mne.io.RawArray(stim, info, verbose="error")], force_update_info=True)
    if date is not None:
        annotations = raw.annotations
        raw.set_meas_date(date).set_annotations(annotations, verbose="error")
    raw.save(folder / f"{stem}_raw.fif", verbose="error")
    return folder / f"{stem}_raw.fif"


def write_edf(folder, stem, content, kind=edfio.Edf, signal=edfio.EdfSignal, record=None):
    """Write EDF+ (or BDF+) of 16 (24) bits, in whole records."""
    suffix = ".edf" if kind is edfio.Edf else ".bdf"
    signals = [
        signal(
            channel * FACTOR[unit],
            content.sfreq,
            label=name,
            physical_dimension=unit,
            physical_range=_physical_range(channel * FACTOR[unit]),
        )
        for channel, name, unit in zip(content.signals, content.names, content.unit_of, strict=True)
    ]
    listed = [
        edfio.EdfAnnotation(max(0, a), b or None, c) for a, b, c in content.annotations(PLAIN)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = kind(signals, annotations=listed, data_record_duration=record)
        file.write(folder / f"{stem}{suffix}")
    return folder / f"{stem}{suffix}"


def _physical_range(values):
    """Return limits of one digit, because a header has room for eight letters."""
    largest = float(np.nanmax(np.abs(values))) or 1.0
    digit = 10.0 ** np.floor(np.log10(largest))
    limit = float(f"{(np.floor(largest / digit) + 1) * digit:.1g}")
    limit = max(limit, 0.001)  # edfio has no room for less
    return -limit, limit


def write_bdf(folder, stem, content):
    return write_edf(folder, stem, content, edfio.Bdf, edfio.BdfSignal)


def write_edf_discontinuous(folder, stem, content, pauses=()):
    """Write EDF+D; each pause is a number of records, and the seconds before the next."""
    path = write_edf(folder, stem, content)
    file = bytearray(path.read_bytes())
    n_signals, n_records = int(file[252:256]), int(file[236:244])
    header, duration = int(file[184:192]), float(file[244:252])
    sizes = [int(file[256 + 216 * n_signals + 8 * k :][:8]) * 2 for k in range(n_signals)]
    file[192:236] = b"EDF+D".ljust(44)
    for record in range(n_records):
        late = sum(seconds for after, seconds in pauses if record >= after)
        at = header + record * sum(sizes) + sum(sizes[:-1])
        old = bytes(file[at : at + sizes[-1]])
        rest = old.split(b"\x14\x14\x00", 1)[1]
        new = f"+{record * duration + late:.10g}\x14\x14\x00".encode() + rest
        file[at : at + sizes[-1]] = new.rstrip(b"\x00").ljust(sizes[-1], b"\x00")[: sizes[-1]]
    path.write_bytes(bytes(file))
    return path


BRAINVISION = {"Stimulus/S  1": "left_hand", "Stimulus/S  2": "right_hand"}


def write_brainvision(folder, stem, content, segments=()):
    """Write float32; ``segments`` are samples at which a recording was paused."""
    events = [
        {"onset": int(sample), "description": CODES[label], "type": "Stimulus"}
        for sample, label in sorted(content.cues)
        if sample >= 0
    ]
    events += [
        {"onset": round(start * content.sfreq), "duration": max(1, round(length * content.sfreq)),
         "description": name, "type": "Comment"}
        for start, length, name in content.marks
        if 0 <= start < content.signals.shape[1] / content.sfreq
    ]  # fmt: skip
    units = ["µV" if unit == "uV" else unit for unit in content.unit_of]
    inside = [one for one in events if one["onset"] < content.signals.shape[1]]
    beyond = [one for one in events if one["onset"] >= content.signals.shape[1]]
    with warnings.catch_warnings():  # other units than µV are common, and not of the specification
        warnings.simplefilter("ignore")
        pybv.write_brainvision(
            data=np.nan_to_num(content.signals, posinf=0.0), sfreq=content.sfreq,
            ch_names=list(content.names), fname_base=stem, folder_out=str(folder), events=inside,
            unit=units, resolution=1e-3,
        )  # fmt: skip
    missing = ~np.isfinite(content.signals.T)
    if missing.any():  # which pybv does not write
        samples = np.memmap(folder / f"{stem}.eeg", "<f4", "r+", shape=missing.shape)
        samples[missing] = content.signals.T[missing]
        samples.flush()
    lines = [f"Stimulus,S  {one['description']},{one['onset'] + 1},1,0" for one in beyond]
    lines += [f"New Segment,,{sample + 1},1,0,20200101120000000000" for sample in segments]
    markers = folder / f"{stem}.vmrk"
    numbered = [f"Mk{900 + k}={line}\n" for k, line in enumerate(lines)]
    with markers.open("a", encoding="utf-8") as file:
        file.write("\n" + "".join(numbered))
    return folder / f"{stem}.vhdr"


def write_eeglab(folder, stem, content, fdt=False):
    """Write a .set file with the samples (µV, float32) in it or in a file beside it."""
    path, samples = folder / f"{stem}.set", (content.signals * 1e6).astype("<f4")
    listed = content.annotations(PLAIN)
    events = np.zeros(len(listed), dtype=[(key, object) for key in ("type", "latency", "duration")])
    for row, (onset, duration, name) in zip(events, listed, strict=True):
        row["type"], row["latency"] = name, onset * content.sfreq + 1.0
        row["duration"] = duration * content.sfreq
    places = np.zeros(len(content.names), dtype=[("labels", object)])
    places["labels"] = list(content.names)
    data = samples
    if fdt:
        data = f"{stem}.fdt"
        (folder / data).write_bytes(samples.T.tobytes())
    n_times = float(samples.shape[1])
    fields = {
        "setname": stem, "filename": path.name, "nbchan": float(len(samples)), "trials": 1.0,
        "pnts": n_times, "srate": float(content.sfreq), "xmin": 0.0,
        "xmax": (n_times - 1) / content.sfreq, "data": data, "chanlocs": places, "event": events,
        "urevent": [], "epoch": [], "icawinv": [], "icaweights": [], "icasphere": [],
    }  # fmt: skip
    savemat(path, {"EEG": fields}, appendmat=False)
    return path


def write_eeglab_fdt(folder, stem, content):
    return write_eeglab(folder, stem, content, fdt=True)


GDF = {"769": "left_hand", "770": "right_hand"}


def write_gdf(folder, stem, content, version="2.20", event_sfreq=None):
    """Write GDF 1.25 or 2.20 of float32, one record a sample (Schlögl 2006, arXiv cs/0608052)."""
    path, n, old = folder / f"{stem}.gdf", len(content.names), version < "1.9"
    listed = [(s, {"left_hand": 769, "right_hand": 770}[c], 0) for s, c in content.cues]
    listed += [(round(a * content.sfreq), 32766, 0) for a, _, c in content.marks if c == "boundary"]
    listed = sorted((s, code, d) for s, code, d in listed if s >= 0)
    values = (content.signals * 1e6).astype("<f4")
    top = float(np.nanmax(np.abs(values))) + 1
    sfreq = round(content.sfreq * 1000)
    head = f"GDF {version}".encode().ljust(8)
    names = b"".join(str(name).encode("latin-1").ljust(16, b"\x00") for name in content.names)
    header_bytes, n_records = 256 * (n + 1), values.shape[1]
    duration = np.array([1000, sfreq], "<u4").tobytes()
    bounds = np.repeat([-top, top], n).astype("<f8").tobytes()
    tail = np.ones(n, "<i4").tobytes() + np.full(n, 16, "<i4").tobytes()  # samples, float32
    if old:
        head += b"X X".ljust(80) + b"X".ljust(80) + b"2020010112000000"
        head += np.array([header_bytes], "<i8").tobytes() + bytes(24) + bytes(20)
        head += np.array([n_records], "<i8").tobytes() + duration + np.array([n], "<u4").tobytes()
        digital = np.repeat([-round(top), round(top)], n).astype("<i8").tobytes()
        bounds = np.repeat([-round(top), round(top)], n).astype("<f8").tobytes()
        head += names + bytes(80 * n) + b"uV".ljust(8) * n + bounds + digital + bytes(80 * n)
        head += tail + bytes(32 * n)
    else:
        head += b"X X".ljust(66) + bytes(10) + bytes(4) + b"X".ljust(64) + bytes(16) + bytes(16)
        head += np.array([n + 1], "<u2").tobytes() + bytes(6) + bytes(8) + bytes(6) + bytes(6)
        head += bytes(24) + np.array([n_records], "<i8").tobytes() + duration
        head += np.array([n], "<u2").tobytes() + bytes(2)
        head += names + bytes(80 * n) + bytes(6 * n) + np.full(n, 4275, "<u2").tobytes()
        head += (
            bounds + bounds + bytes(68 * n) + bytes(12 * n) + tail + bytes(12 * n) + bytes(20 * n)
        )
    assert len(head) == header_bytes, (len(head), header_bytes)
    position, code = (np.array([one[k] for one in listed], int) for k in (0, 1))
    rate = float(event_sfreq or content.sfreq)
    table = bytes([1]) + int(rate).to_bytes(3, "little") + np.array([len(listed)], "<u4").tobytes()
    if not old:
        table = bytes([1]) + len(listed).to_bytes(3, "little") + np.array([rate], "<f4").tobytes()
    at = np.round(position * rate / content.sfreq).astype(int) + 1
    table += at.astype("<u4").tobytes() + code.astype("<u2").tobytes()
    path.write_bytes(head + values.T.tobytes() + table)
    return path


def write_gdf1(folder, stem, content):
    return write_gdf(folder, stem, content, "1.25")


def write_bids(folder, stem, content):
    """Write BIDS in the format of BrainVision."""
    import mne_bids

    raw = content.raw(PLAIN)
    raw.info["line_freq"] = 50
    place = mne_bids.BIDSPath(subject=stem, task="mi", root=folder, datatype="eeg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mne_bids.write_raw_bids(
            raw, place, format="BrainVision", allow_preload=True, verbose="error"
        )
    return next(folder.glob(f"sub-{stem}/eeg/*.vhdr"))


def _format(write, pattern, events=PLAIN, precision=1e-3, **keys):
    """Describe a format: the relative error is that of its numbers in a signal of some 50 µV."""
    layout = {"pattern": pattern, "events": events, **keys}
    return SimpleNamespace(write=write, layout=layout, precision=precision)


FORMATS = {
    "fif": _format(write_fif, "{subject}_raw.fif"),
    "fif dated": _format(write_fif_dated, "{subject}_raw.fif"),
    "fif cropped": _format(write_fif_cropped, "{subject}_raw.fif"),
    "fif cropped dated": _format(write_fif_cropped_dated, "{subject}_raw.fif"),
    "fif split": _format(write_fif_split, "{subject}_raw.fif"),
    "fif triggers": _format(write_fif_triggers, "{subject}_raw.fif", TRIGGERS),
    "edf": _format(write_edf, "{subject}.edf", precision=0.02),
    "edf discontinuous": _format(write_edf_discontinuous, "{subject}.edf", precision=0.02),
    "bdf": _format(write_bdf, "{subject}.bdf"),
    "brainvision": _format(write_brainvision, "{subject}.vhdr", BRAINVISION),
    "eeglab": _format(write_eeglab, "{subject}.set"),
    "eeglab fdt": _format(write_eeglab_fdt, "{subject}.set"),
    "gdf 1": _format(write_gdf1, "{subject}.gdf", GDF),
    "gdf 2": _format(write_gdf, "{subject}.gdf", GDF),
    "bids": _format(write_bids, None, PLAIN, format="bids"),
}
