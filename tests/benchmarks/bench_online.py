"""Time predicting a trial and handing it over, as trials pass.

The first hundred trials against the last hundred: time of both calls together, and the size of the
pickled model. Trials are noise; the work does not depend on what they hold.

    python tests/benchmarks/bench_online.py --trials 1000 --channels 22 --sfreq 250
"""

from __future__ import annotations

import argparse
import pickle
import time

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from timing import Row, machine, markdown, say

from bci_dann.estimators import build_method

SECONDS, SOURCES, PART = 4, 60, 100


def online_row(pipeline: str, n_chans: int, sfreq: float, n_trials: int) -> Row:
    """Return wall and CPU milliseconds of a trial, and the state, of one pipeline."""
    rng = np.random.default_rng(0)
    shape = (n_chans, int(SECONDS * sfreq))
    X = rng.normal(0, 10, (2 * SOURCES, *shape)).astype(np.float32)
    subjects = np.repeat(["1", "2"], SOURCES)
    model = build_method(pipeline)
    if "sfreq" in model.get_params(deep=False):
        model.set_params(sfreq=sfreq)
    model.fit(X, np.arange(len(X)) % 2, subjects=subjects)
    wall, cpu, sizes = np.empty(n_trials), np.empty(n_trials), []
    for index in range(n_trials):
        trial = rng.normal(0, 10, (1, *shape)).astype(np.float32)
        start = time.perf_counter(), time.process_time()
        model.predict_proba(trial)
        model = model.partial_adapt(trial)
        wall[index] = 1e3 * (time.perf_counter() - start[0])
        cpu[index] = 1e3 * (time.process_time() - start[1])
        if index in (n_trials // 2, n_trials - 1):
            sizes.append(len(pickle.dumps(model)) / 1e6)
    later = slice(len(wall) - min(PART, len(wall) // 2), None)
    return {
        "pipeline": pipeline,
        "channels": n_chans,
        "sfreq [Hz]": sfreq,
        "median [ms]": float(np.median(wall)),
        "p99 [ms]": float(np.percentile(wall, 99)),
        "CPU median [ms]": float(np.median(cpu)),
        "CPU p99 [ms]": float(np.percentile(cpu, 99)),
        "first hundred, CPU [ms]": float(np.median(cpu[:PART])),
        "last hundred, CPU [ms]": float(np.median(cpu[later])),
        "ratio": float(np.median(cpu[later]) / np.median(cpu[:PART])),
        "state half way [MB]": sizes[0],
        "state at the end [MB]": sizes[-1],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pipelines", nargs="+", default=["bci_dann_light", "ra_ts_logistic"])
    parser.add_argument("--channels", type=int, default=22)
    parser.add_argument("--sfreq", type=float, nargs="+", default=[128.0, 250.0])
    parser.add_argument("--trials", type=int, default=1000)
    o = parser.parse_args()
    torch.set_num_threads(1)
    say(machine([1]))
    with threadpool_limits(1):
        rows = [
            online_row(name, o.channels, sfreq, o.trials)
            for name in o.pipelines
            for sfreq in o.sfreq
        ]
    say(markdown(rows))


if __name__ == "__main__":
    main()
