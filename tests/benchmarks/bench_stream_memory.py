"""Memory of a decoder through an hour of a stream, pushed as fast as it goes.

The signal is synthetic: 15 channels of noise with an alpha rhythm at 250 Hz, in chunks of a fifth
of a second, decided on five times a second by the model that comes with the package, which
resamples it to 125 Hz. Every five minutes of the stream the resident memory of the process is
read. Once the model stays as it is, and once it follows the subject.

    python tests/benchmarks/bench_stream_memory.py --table docs/results/stream_memory.csv
"""

from __future__ import annotations

import argparse
import gc
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from timing import Row, machine, markdown, say

from bci_dann import serving
from bci_dann.exceptions import UnadaptedWarning
from bci_dann.reporting import publish_own

NOTE = (
    "Resident memory while OnlineDecoder decodes an hour of synthetic EEG of 15 channels at 250 Hz "
    "with builtin:right-hand-rest, five decisions a second"
)
MODEL, SFREQ, STEP, MARK_S = "builtin:right-hand-rest", 250.0, 0.2, 300


def chunks(n_chans: int, minutes: float) -> Iterator[np.ndarray]:
    """Yield a signal (µV) piece by piece."""
    rng, n_samples = np.random.default_rng(0), round(STEP * SFREQ)
    for start in range(0, round(60 * minutes * SFREQ), n_samples):
        alpha = np.sin(2 * np.pi * 10 * (start + np.arange(n_samples)) / SFREQ)
        yield rng.normal(0, 10, (n_chans, n_samples)) + 8 * alpha


def resident_mb() -> float:
    """Return the resident memory of this process (MB)."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def memory_rows(adapting: bool, minutes: float) -> Iterator[Row]:
    """Yield memory and CPU time for each five minutes of the stream."""
    names = serving.open_model(MODEL).recipe.preprocessing.channels
    decoder = serving.OnlineDecoder(
        MODEL, sfreq=SFREQ, ch_names=names, step=STEP, adapting=adapting
    )
    n_ok, begin = 0, time.process_time()
    for k, chunk in enumerate(chunks(len(names), minutes), start=1):
        n_ok += sum(one.ok for one in decoder.push(chunk))
        passed_s = k * STEP
        if round(passed_s % MARK_S, 6) in (0.0, MARK_S):
            cpu_s, begin = time.process_time() - begin, time.process_time()
            yield {
                "model": "follows" if adapting else "stays",
                "minutes": round(passed_s / 60),
                "decisions": n_ok,
                "resident [MB]": resident_mb(),
                "CPU of five minutes [s]": cpu_s,
            }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="of the stream")
    parser.add_argument("--table", type=Path, help="a CSV file that is written")
    o = parser.parse_args()
    warnings.simplefilter("ignore", UnadaptedWarning)
    with threadpool_limits(1):
        rows = [row for adapting in (False, True) for row in memory_rows(adapting, o.minutes)]
    say(machine([1]))
    say(markdown(rows))
    if o.table is not None:
        publish_own(pd.DataFrame(rows), NOTE, o.table)


if __name__ == "__main__":
    main()
