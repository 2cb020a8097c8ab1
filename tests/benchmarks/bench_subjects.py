"""Time and peak memory of a leave-one-subject-out run against the number of subjects.

Each number of simulated subjects is run in a process of its own, by ``run_benchmark`` with the
pipeline ``ea_dann``. Every subject is the target once, so the number of trainings and the
trials of each grow together: time goes with the square of the subjects. With several jobs the
seconds that workers take to start and to import are in the time of the run.

Memory is the proportional set size (PSS) of the process and all its children, which counts a
page that several of them share once; it is sampled, so a peak shorter than ``--interval`` may
be missed, and read from Linux's ``/proc``. It is held against the bound

    1.5 x data + 1.2 GB for each worker,  data = n_trials * n_chans * n_times * 4 bytes,

where a run of one job has one worker: the process itself. The column ``growth [x data]`` says
by how many times the data the peak grew, against the row above: how many copies are held at a
time. Where the data are small it tells nothing, for noise of some MB then weighs more.

    python tests/benchmarks/bench_subjects.py --subjects 5 10 20 40 --jobs 2
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import psutil
from timing import Row, machine, markdown, say

import bci_dann

GB = 1e9
DATA_COPIES, WORKER_GB = 1.5, 1.2
RECORDS = "measured.json"


@dataclass(frozen=True)
class Load:
    """One run: how many subjects, and how much is done with them."""

    n_subjects: int
    n_trials: int
    sfreq: float
    epochs: int
    jobs: int


@dataclass(frozen=True)
class Outcome:
    """What a run took."""

    data_bytes: int
    tasks: int
    prepare_seconds: float
    run_seconds: float
    peak_bytes: int


def config_of(load: Load) -> dict[str, Any]:
    """Return the run's configuration."""
    params = {
        "n_subjects": load.n_subjects,
        "n_trials": load.n_trials,
        "sfreq": load.sfreq,
        "random_state": 0,
    }
    return {
        "name": "bench",
        "data": {"dataset": "SimulatedMI", "params": params},
        "pipelines": ["ea_dann"],
        "protocols": ["train_and_target_unlabeled_full"],
        "pipeline_parameters": {"ea_dann": {"max_epochs": load.epochs, "device": "cpu"}},
    }


def run(load: Load, folder: Path) -> None:
    """Prepare the trials and run; say when each is finished. This is the measured process."""
    from bci_dann.data import open_trials, prepare_trials
    from bci_dann.evaluation import load_config, run_benchmark

    config = load_config(config_of(load))
    start = time.perf_counter()
    trials_folder = prepare_trials(config.data, config.preprocessing, cache_dir=folder)
    prepare_seconds = time.perf_counter() - start
    data_bytes = open_trials(trials_folder).X.nbytes
    say("prepared")
    start = time.perf_counter()
    table = run_benchmark(
        config, out=folder / "run", n_jobs=load.jobs, progress=False, cache_dir=folder
    )
    measured = {
        "prepare_seconds": prepare_seconds,
        "run_seconds": time.perf_counter() - start,
        "data_bytes": data_bytes,
        "tasks": len(table),
    }
    (folder / RECORDS).write_text(json.dumps(measured), encoding="utf-8")


def measure(load: Load, interval: float) -> Outcome:
    """Run in a fresh process and watch its memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peak = _watch(load, folder, interval)
        measured = json.loads((folder / RECORDS).read_text(encoding="utf-8"))
    return Outcome(peak_bytes=peak, **measured)


def subject_rows(loads: Sequence[Load], interval: float = 0.1) -> list[Row]:
    """Return one row a run, in the order given."""
    outcomes = [measure(load, interval) for load in loads]
    rows = []
    for index, (load, outcome) in enumerate(zip(loads, outcomes, strict=True)):
        before = outcomes[index - 1] if index else None
        rows.append(_row(load, outcome, before))
    return rows


def _row(load: Load, outcome: Outcome, before: Outcome | None) -> Row:
    bound = DATA_COPIES * outcome.data_bytes + WORKER_GB * GB * load.jobs
    return {
        "subjects": load.n_subjects,
        "jobs": load.jobs,
        "tasks": outcome.tasks,
        "data [MB]": outcome.data_bytes / 1e6,
        "prepare [s]": outcome.prepare_seconds,
        "run [s]": outcome.run_seconds,
        "run [s/task]": outcome.run_seconds / outcome.tasks,
        "peak [GB]": outcome.peak_bytes / GB,
        "growth [x data]": _growth(outcome, before),
        "bound [GB]": bound / GB,
        "within": "yes" if outcome.peak_bytes <= bound else "no",
    }


def _growth(outcome: Outcome, before: Outcome | None) -> str:
    if before is None or outcome.data_bytes == before.data_bytes:
        return ""
    more = outcome.peak_bytes - before.peak_bytes
    return f"{more / (outcome.data_bytes - before.data_bytes):.1f}"


def _watch(load: Load, folder: Path, interval: float) -> int:
    """Run, and return the peak of memory from when the trials are prepared."""
    child = [sys.executable, __file__, "--child", json.dumps(asdict(load)), str(folder)]
    package = str(Path(bci_dann.__file__).parents[1])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    with subprocess.Popen(
        child, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    ) as process:
        try:
            _wait_until_prepared(process.stdout)
            root = psutil.Process(process.pid)
            peak = 0
            while process.poll() is None:
                peak = max(peak, memory_of(root))
                time.sleep(interval)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise RuntimeError(f"the run with {load.n_subjects} subjects failed; see above")
    return peak


def _wait_until_prepared(lines: IO[str] | None) -> None:
    if lines is None or "prepared" not in (line.strip() for line in lines):
        raise RuntimeError("the run ended before its trials were prepared; see above")


def memory_of(root: psutil.Process) -> int:
    """Return the PSS of a process and all its children, in bytes."""
    try:
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    return sum(_pss(process.pid) for process in family)


def _pss(pid: int) -> int:
    """Read it from Linux; a process that has ended by now has none."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--subjects", type=int, nargs="+", default=[5, 10, 20, 40])
    parser.add_argument("--trials", type=int, default=40, help="of each class and subject")
    parser.add_argument("--sfreq", type=float, default=128.0, help="Hz; trials last 4 s")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--interval", type=float, default=0.1, help="of the memory samples (s)")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    o = parser.parse_args()
    if o.child:
        run(Load(**json.loads(o.child[0])), Path(o.child[1]))
        return
    say(f"ea_dann, {o.epochs} epochs, {2 * o.trials} trials a subject, {machine([1])}\n")
    loads = [Load(n, o.trials, o.sfreq, o.epochs, o.jobs) for n in o.subjects]
    say(markdown(subject_rows(loads, o.interval)))


if __name__ == "__main__":
    main()
