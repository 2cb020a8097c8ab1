"""Time a fit and the prediction of a single trial with the process's default threads and with one.

The matrices of this field are small, so that more threads make them slower; methods therefore
compute on one thread, whatever the process has. The ratios should be near 1. Without that a
prediction takes several times as long, and many times where other processes use the cores.

    python tests/benchmarks/bench_threads.py --pipelines rts_im ea_csp_lda
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from threadpoolctl import ThreadpoolController
from timing import Row, alternate, machine, markdown, say

from bci_dann.estimators import build_method

SUBJECTS, TRIALS, CHANNELS, SAMPLES, SFREQ = 6, 40, 15, 439, 125.0


def thread_rows(pipelines: Sequence[str], default: int, repeats: int) -> list[Row]:
    """Return one row a pipeline, times in milliseconds; ``default`` threads against one."""
    before = torch.get_num_threads()
    given = make_trials()
    new = given["X_target_unlabeled"]
    rows: list[Row] = []
    for name in pipelines:
        model = build_method(name).set_params(sfreq=SFREQ)
        fitted = build_method(name).set_params(sfreq=SFREQ).fit(**given)
        fits = alternate(on_threads([default, 1], partial(model.fit, **given)), repeats)
        one_trial = partial(fitted.predict_proba, new[:1])
        predictions = alternate(on_threads([default, 1], one_trial), 10 * repeats)
        rows.append(
            {
                "pipeline": name,
                "threads": default,
                "fit [ms]": 1e3 * fits[0],
                "on one [ms]": 1e3 * fits[1],
                "ratio": fits[0] / fits[1],
                "one trial [ms]": 1e3 * predictions[0],
                "on one thread [ms]": 1e3 * predictions[1],
                "its ratio": predictions[0] / predictions[1],
            }
        )
    torch.set_num_threads(before)
    return rows


def on_threads(
    numbers: Sequence[int], function: Callable[[], object]
) -> list[Callable[[], object]]:
    """Return the function for each number of threads that the process is to have."""
    libraries = ThreadpoolController().select(user_api="blas").lib_controllers

    def call(n_threads: int) -> None:
        torch.set_num_threads(n_threads)
        for library in libraries:
            library.set_num_threads(n_threads)
        function()

    return [partial(call, n_threads) for n_threads in numbers]


def make_trials() -> dict[str, np.ndarray]:
    """Draw noise of several subjects, as loud on some channels as the class says."""
    rng = np.random.default_rng(0)
    y = np.arange(SUBJECTS * TRIALS) % 2
    X = 10 * rng.standard_normal((len(y), CHANNELS, SAMPLES)).astype("f4")
    X[y == 1, : CHANNELS // 2] *= 1.2
    subjects = np.repeat(np.arange(SUBJECTS), TRIALS)
    source = subjects > 0
    return {
        "X": X[source],
        "y": y[source],
        "subjects": subjects[source],
        "X_target_unlabeled": X[~source],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pipelines", nargs="+", default=["rts_im"])
    parser.add_argument("--repeats", type=int, default=5, help="of fits; ten times as many trials")
    o = parser.parse_args()
    default = torch.get_num_threads()
    say(f"{CHANNELS}x{SAMPLES}, {machine([default])}\n")
    say(markdown(thread_rows(o.pipelines, default, o.repeats)))


if __name__ == "__main__":
    main()
