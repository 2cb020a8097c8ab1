"""Time many small tasks with each executor: what a task costs beyond its own time.

The pipeline is trivial, so that nearly all is cost of the run: submission, the record on the disk,
the progress. Workers are started, and import what they need, before the time is taken. The scores
of the table, which are the same for all, are timed apart.

    python tests/benchmarks/bench_tasks.py --tasks 2000 --table docs/results/speed_tasks.csv
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from timing import Row, machine, markdown, say

from bci_dann.evaluation import run_benchmark
from bci_dann.evaluation.runs.executors.executor_choice import opened
from bci_dann.evaluation.runs.results import ResultsFolder, results_table
from bci_dann.reporting import publish_own

NOTE = (
    "Trivial tasks with each executor. Added to a task: the time of the whole run, less that of "
    "the scores, and less fitting and predicting divided by the number of workers"
)
SUBJECTS = 10
CONFIG = {
    "name": "tasks",
    "data": {"dataset": "SimulatedMI", "params": {"n_subjects": SUBJECTS, "n_trials": 4}},
    "preprocessing": {"band": [8, 30], "resample": 64, "channels": ["C3", "Cz", "C4"]},
    "protocols": ["train"],
}
PIPELINE = """\
name: trivial
paradigms: [LeftRightImagery]
pipeline:
- {name: Vectorizer, from: mne.decoding}
- {name: DummyClassifier, from: sklearn.dummy}
"""


def task_rows(names: Sequence[tuple[str, int]], n_tasks: int) -> list[Row]:
    """Return one row for each executor, given by name and number of workers."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = Path(folder, "trivial.yml")
        pipeline.write_text(PIPELINE)
        config = {**CONFIG, "pipelines": [str(pipeline)]}
        return [_row(config, Path(folder), name, n_jobs, n_tasks) for name, n_jobs in names]


def _row(config: dict[str, object], folder: Path, name: str, n_jobs: int, n_tasks: int) -> Row:
    out = folder / f"{name}{n_jobs}"
    with opened(name, n_jobs, show=False) as executor:
        # a first run prepares trials, and lets each worker import its libraries
        run_benchmark({**config, "seeds": [0, 1]}, out / "first", progress=False, executor=executor)
        seeds = list(range(n_tasks // SUBJECTS))
        start = time.perf_counter()
        run_benchmark({**config, "seeds": seeds}, out / "all", progress=False, executor=executor)
        elapsed = time.perf_counter() - start
    results = ResultsFolder(out / "all")
    start = time.perf_counter()
    finished = list(results.finished(results.manifest().tasks))
    results_table(finished)
    scores = time.perf_counter() - start
    own = sum(record.fit_seconds + record.predict_seconds for _, record in finished)
    n = len(finished)
    return {
        "executor": name,
        "workers": n_jobs,
        "tasks": n,
        "whole run [s]": elapsed,
        "fit and predict [ms]": 1e3 * own / n,
        "scores in the table [ms]": 1e3 * scores / n,
        "added to a task [ms]": 1e3 * (elapsed - scores - own / n_jobs) / n,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--table", type=Path, help="CSV file for docs/results")
    o = parser.parse_args()
    executors = [("in-process", 1), ("loky", o.jobs), ("dask", o.jobs)]
    say(f"{machine([1])}\n")
    rows = task_rows(executors, o.tasks)
    if o.table:
        publish_own(pd.DataFrame(rows), NOTE, o.table)
    say(markdown(rows))


if __name__ == "__main__":
    main()
