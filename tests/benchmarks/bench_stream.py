"""Decode ten minutes of a real recording over loopback LSL: windows lost and doubled, and latency.

One process sends the recordings of a subject of MI-OpenBCI in real time, in chunks of 40 ms, each
when its last sample is due; another one is `bci-dann stream`. The latency of a decision is the time
from the time stamp of the last sample of its window to the line of JSON that says it. Each
decision is compared with what the decoder gives without a stream. Before it, `stream` is started
some times while a source sends, for the CPU seconds that it takes until the first decision.

    python tests/benchmarks/bench_stream.py --data-dir FOLDER --table latency.csv
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import mne
import numpy as np
import pandas as pd
from timing import Row, machine, markdown, say

from bci_dann import serving
from bci_dann.reporting import publish_own

NOTE = (
    "MI-OpenBCI (Peterson et al. 2020), one subject, sent over loopback LSL in chunks "
    "of 40 ms to bci-dann stream, 15 channels at 125 Hz, a decision every 0.2 s"
)
MODEL, STEP, CHUNK = "builtin:right-hand-rest", 0.2, 5
LOOPBACK = """\
[multicast]
ResolveScope = machine
ListenAddress = 127.0.0.1
[lab]
KnownPeers = {127.0.0.1}
[log]
level = -3
"""


class Signal(NamedTuple):
    """What is sent: samples first (µV), their channels and rate."""

    samples: np.ndarray
    ch_names: list[str]
    sfreq: float


class Line(NamedTuple):
    """A line of JSON, when it was read, and the CPU seconds of its process until then."""

    content: dict[str, Any]
    clock: float
    cpu_s: float


def read_signal(data_dir: Path, subject: str, minutes: float) -> Signal:
    """Read the recordings of a subject, one after the other; the files hold microvolt."""
    paths = sorted(data_dir.glob(f"edf{subject}/*/eeg.edf"))
    raws = [mne.io.read_raw(path, verbose="error") for path in paths]
    sfreq, n_samples = raws[0].info["sfreq"], int(60 * minutes * raws[0].info["sfreq"])
    samples = np.concatenate([raw.get_data() for raw in raws], axis=1)[:, :n_samples].T
    if len(samples) < n_samples:
        raise SystemExit(
            f"the recordings of {subject} in {data_dir} are shorter than {minutes} min"
        )
    return Signal(np.ascontiguousarray(samples, dtype=np.float32), raws[0].ch_names, sfreq)


def send(name: str, path: Path) -> None:
    """Send what a file holds as soon as someone listens, and say when the first sample was due."""
    from mne_lsl import lsl

    file = np.load(path)
    samples, names, sfreq = file["samples"], file["ch_names"].tolist(), float(file["sfreq"])
    info = lsl.StreamInfo(name, "EEG", len(names), sfreq, "float32", name)
    info.set_channel_names(names)
    info.set_channel_units("microvolts")
    outlet = lsl.StreamOutlet(info)
    outlet.wait_for_consumers(120.0)
    begin = lsl.local_clock() + 0.5
    say(str(begin))
    for start in range(0, len(samples), CHUNK):
        chunk = samples[start : start + CHUNK]
        due = begin + (start + len(chunk) - 1) / sfreq
        time.sleep(max(0.0, due - lsl.local_clock()))
        outlet.push_chunk(chunk, timestamp=due)
    time.sleep(2.0)


@contextmanager
def sending(signal: Signal, folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Send a signal in a process of its own; yields its name and the process."""
    name, path = f"bench-{uuid.uuid4().hex[:8]}", folder / "signal.npz"
    np.savez(path, samples=signal.samples, ch_names=signal.ch_names, sfreq=signal.sfreq)
    command = [sys.executable, __file__, "--send", name, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield name, process
        finally:
            process.kill()


def decode(name: str, n_decisions: int) -> list[Line]:
    """Run `bci-dann stream`, and return its decisions."""
    from mne_lsl import lsl

    command = [sys.executable, "-m", "bci_dann", "stream", MODEL, "--lsl", name]
    lines: list[Line] = []
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen([*command, "--wait", "60"], **options) as process:
        for text in process.stdout:
            clock, content = lsl.local_clock(), json.loads(text)
            if content["reason"] == "no signal" and lines:  # the sender is through
                break
            lines.append(Line(content, clock, cpu_seconds(process.pid)))
            if len(lines) >= n_decisions:
                break
        process.kill()
    return lines


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def expected_decisions(signal: Signal) -> list[serving.Decision]:
    """Return the decisions on a signal that does not come through a stream."""
    decoder = serving.OnlineDecoder(MODEL, sfreq=signal.sfreq, ch_names=signal.ch_names, step=STEP)
    return decoder.push(signal.samples.T)


def latency_row(signal: Signal, folder: Path) -> Row:
    """Send a signal, decode it, and compare."""
    with sending(signal, folder) as (name, sender):
        lines = decode(name, sys.maxsize)
        begin = float(sender.stdout.readline())
    expected = expected_decisions(signal)
    ends = np.array([round(one.time * signal.sfreq) for one in expected])  # samples
    stamps = np.array([line.content["time"] for line in lines])
    due = np.abs(ends[:, None] - (stamps - begin)[None] * signal.sfreq).argmin(axis=0)
    late = 1e3 * (np.array([line.clock for line in lines]) - begin - ends[due] / signal.sfreq)
    unlike = [
        np.abs(np.array(list(line.content["probabilities"].values())) - expected[k].probabilities)
        for line, k in zip(lines, due, strict=True)
        if line.content["ok"] and expected[k].ok
    ]
    decoding_s = lines[-1].cpu_s - lines[0].cpu_s
    return {
        "minutes": len(signal.samples) / signal.sfreq / 60,
        "windows": len(expected),
        "lost": len(set(range(len(expected))) - set(due.tolist())),
        "doubled": len(due) - len(set(due.tolist())),
        "other reason": sum(
            line.content["reason"] != expected[k].reason for line, k in zip(lines, due, strict=True)
        ),
        "largest difference": float(np.max(unlike)),
        "latency p50 [ms]": float(np.percentile(late, 50)),
        "latency p99 [ms]": float(np.percentile(late, 99)),
        "latency, longest [ms]": float(late.max()),
        "CPU of one core": decoding_s / (lines[-1].clock - lines[0].clock),
    }


def start_row(signal: Signal, folder: Path, repeats: int) -> Row:
    """Start `stream` again and again, and stop at its first decision."""
    seconds = []
    for _ in range(repeats):
        with sending(signal, folder) as (name, _):
            seconds.append(decode(name, 1)[0].cpu_s)
    return {
        "start, CPU [s]": median(seconds),
        "start, most CPU [s]": max(seconds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, help="the folder of MI-OpenBCI")
    parser.add_argument("--subject", default="02", help="with recordings that are long enough")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--table", type=Path, help="a CSV file that is written")
    parser.add_argument("--send", nargs=2, help=argparse.SUPPRESS)
    o = parser.parse_args()
    if o.send:
        send(o.send[0], Path(o.send[1]))
        return
    if o.data_dir is None:
        parser.error("--data-dir is needed")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    signal = read_signal(o.data_dir, o.subject, o.minutes)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "lsl_api.cfg").write_text(LOOPBACK, encoding="utf-8")
        os.environ["LSLAPICFG"] = str(folder / "lsl_api.cfg")
        row = start_row(signal, folder, o.starts) | latency_row(signal, folder)
    report(row, o.table)


def report(row: Row, table: Path | None) -> None:
    """Print the figures, and write them where a file is given."""
    columns: Sequence[Row] = [{"what": name, "figure": value} for name, value in row.items()]
    say(machine([1]))
    say(markdown(columns))
    if table is not None:
        publish_own(pd.DataFrame([row]), NOTE, table)


if __name__ == "__main__":
    main()
