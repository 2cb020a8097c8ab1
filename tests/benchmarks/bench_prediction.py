"""Time one decision of a stream: filter, alignment and decoder, on one core.

A decoder of 22 channels and windows of 4 s takes noise of the band in steps of 0.2 s, each of which
ends in a decision. The work does not depend on what the signal holds, but for samples that stick
out. The floor is what the largest of its matrices takes alone: the eigen-decomposition of the
covariance of the delayed copies, and the products before and after it.

    python tests/benchmarks/bench_prediction.py --table docs/results/prediction_latency.csv
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits
from timing import Row, machine, markdown, say

from bci_dann import serving
from bci_dann.data import DataConfig, Preprocessing, RecordingsLayout
from bci_dann.data.montages import standard_montage
from bci_dann.estimators import build_method
from bci_dann.exceptions import BCIDannWarning
from bci_dann.features.covariance_views import possible_copies
from bci_dann.reporting import publish_own

NOTE = (
    "One decision of OnlineDecoder, five a second, with causal filters, artefact gate, alignment "
    "and decoder; windows of 4 s, bci_dann_light, one thread. Where the machine has other work at "
    "the same time, CPU milliseconds are what counts"
)
SECONDS, STEP, SOURCES, TARGET = 4, 0.2, 60, 40


def milliseconds(function: Callable[[int], object], repeats: int) -> tuple[np.ndarray, np.ndarray]:
    """Return wall and CPU milliseconds of each call."""
    wall, cpu = np.empty(repeats), np.empty(repeats)
    for index in range(repeats):
        start = time.perf_counter_ns(), time.process_time_ns()
        function(index)
        cpu[index] = (time.process_time_ns() - start[1]) / 1e6
        wall[index] = (time.perf_counter_ns() - start[0]) / 1e6
    return wall, cpu


def decoder(names: list[str], sfreq: float, rng: np.random.Generator) -> serving.OnlineDecoder:
    """Return a decoder that has adapted to a subject of noise."""
    shape = (len(names), int(SECONDS * sfreq))
    X = rng.normal(0, 10, (2 * SOURCES, *shape)).astype(np.float32)
    estimator = build_method("bci_dann_light").set_params(sfreq=sfreq)
    estimator.fit(X, np.arange(len(X)) % 2, subjects=np.repeat(["1", "2"], SOURCES))
    estimator.classes_ = np.array(["left_hand", "right_hand"])
    recipe = serving.ModelRecipe(
        pipeline="bci_dann_light",
        seed=0,
        classes=["left_hand", "right_hand"],
        sfreq=sfreq,
        data=DataConfig(dataset="SimulatedMI"),
        preprocessing=Preprocessing(channels=names, window=(0, SECONDS), filter_method="causal"),
        layout=RecordingsLayout(pattern="{subject}", events={"left_hand": "left_hand"}),
        adapted_to=[{"file": "noise"}],
    )
    model = serving.ServedModel(estimator.adapt(X[:TARGET]), recipe)
    return serving.OnlineDecoder(model, sfreq=sfreq, ch_names=names, step=STEP)


def floor(width: int, rng: np.random.Generator, repeats: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the milliseconds of the logarithm of one whitened covariance."""
    X = rng.normal(size=(width, 4 * width))
    covariance = X @ X.T / X.shape[1]

    def logarithm(_: int) -> np.ndarray:
        values, vectors = np.linalg.eigh(covariance @ covariance @ covariance)
        return (vectors * np.log(values)) @ vectors.T

    return milliseconds(logarithm, repeats)


def latency_row(n_chans: int, sfreq: float, repeats: int) -> Row:
    """Return the times of a decision at a sampling frequency."""
    rng = np.random.default_rng(0)
    names = standard_montage("standard_1020").ch_names[:n_chans]
    online = decoder(names, sfreq, rng)
    n_step, warm_up = round(STEP * sfreq), 20
    samples = rng.normal(0, 15, (n_chans, int(SECONDS * sfreq) + n_step * (repeats + warm_up)))
    begin = samples.shape[1] - n_step * repeats
    online.push(samples[:, :begin])

    def decide(index: int) -> None:
        start = begin + index * n_step
        (decision,) = online.push(samples[:, start : start + n_step])
        if not decision.ok:
            raise SystemExit(f"no decision: {decision.reason}")

    wall, cpu = milliseconds(decide, repeats)
    width = n_chans * possible_copies(n_chans, None)
    floor_wall, floor_cpu = floor(width, rng, repeats)
    return {
        "channels": n_chans,
        "sfreq [Hz]": sfreq,
        "median [ms]": float(np.median(wall)),
        "p99 [ms]": float(np.percentile(wall, 99)),
        "CPU median [ms]": float(np.median(cpu)),
        "CPU p99 [ms]": float(np.percentile(cpu, 99)),
        "floor, CPU median [ms]": float(np.median(floor_cpu)),
        "floor, p99 [ms]": float(np.percentile(floor_wall, 99)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--channels", type=int, nargs="+", default=[15, 22])
    parser.add_argument("--sfreq", type=float, nargs="+", default=[128.0, 250.0])
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--table", type=Path, help="CSV file for docs/results")
    o = parser.parse_args()
    torch.set_num_threads(1)
    say(machine([1]))
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", BCIDannWarning)  # noise is no EEG
        rows = [latency_row(n, sfreq, o.repeats) for n in o.channels for sfreq in o.sfreq]
    if o.table:
        publish_own(pd.DataFrame(rows), NOTE, o.table)
    say(markdown(rows))


if __name__ == "__main__":
    main()
