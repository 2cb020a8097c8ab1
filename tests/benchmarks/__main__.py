"""Run all benchmarks, or some, and write their tables as one Markdown file or as CSV files.

Minutes on a quiet machine; each script beside this one has more options of its own. The CSV files
say in their head which command wrote them, where and when: the documentation shows these.

    python tests/benchmarks --out benchmarks.md
    python tests/benchmarks --results docs/results --only backbones_eegnet fits
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))  # for `python -m tests.benchmarks`

import pandas as pd
import torch
from bench_backbones import backbone_rows
from bench_fit import SKADA_MISSING, Setting, fit_rows, make_trials
from bench_floor import floor_rows
from bench_folds import fold_rows
from bench_stack import stack_rows
from bench_startup import startup_rows
from bench_subjects import Load, subject_rows
from bench_subspace import FEATURES, subspace_rows
from bench_threads import thread_rows
from timing import Row, machine, markdown, say

from bci_dann.reporting import publish_own

BATCH = 64
SUBJECTS, TRIALS, CHANNELS, SAMPLES = 8, 96, 22, 512


class Section(NamedTuple):
    """One table: its short name, its title, and the function that measures it."""

    name: str
    title: str
    measure: Callable[[], Sequence[Row]]


def sections(threads: int, jobs: int, repeats: int, subjects: Sequence[int]) -> list[Section]:
    """Return what is measured."""
    n_source = SUBJECTS * TRIALS

    def fits() -> Sequence[Row]:
        torch.set_num_threads(threads)
        trials = make_trials(SUBJECTS, TRIALS, n_source, CHANNELS, SAMPLES)
        return fit_rows(trials, Setting(epochs=3, batch=BATCH, repeats=max(1, repeats // 3)))

    def subjects_run() -> Sequence[Row]:
        loads = [Load(n, n_trials=40, sfreq=128.0, epochs=2, jobs=jobs) for n in subjects]
        return subject_rows(loads)

    return [
        *(
            Section(
                f"backbones_{name.lower()}",
                f"Training step of {name}, batch {BATCH}",
                lambda name=name: backbone_rows(name, BATCH, repeats, [threads]),
            )
            for name in ("EEGNet", "ShallowFBCSPNet")
        ),
        Section(
            "fits",
            f"Whole fit of EEGNet, {CHANNELS}x{SAMPLES}, {n_source} source and "
            f"{n_source} target trials, batch {BATCH}" + _without_skada(),
            fits,
        ),
        Section(
            "stack",
            f"Networks in one stack against one after another, EEGNet, batch {BATCH}",
            lambda: stack_rows(threads, max(1, repeats // 3)),
        ),
        Section(
            "subspace",
            "Heads of the Riemannian decoder in the span of its trials",
            lambda: subspace_rows([3, 10], FEATURES, max(1, repeats // 5)),
        ),
        Section(
            "threads",
            "Fit and single predictions on all threads against one",
            lambda: thread_rows(["rts_im"], os.cpu_count() or 1, max(1, repeats // 5)),
        ),
        Section(
            "folds",
            "Leave-one-subject-out with the Riemannian decoder, sources remembered",
            lambda: fold_rows([3, 10], 15, 439, max(1, repeats // 15)),
        ),
        Section(
            "subjects",
            "Leave-one-subject-out run of ea_dann, 2 epochs, one thread a job",
            subjects_run,
        ),
        Section(
            "floor",
            f"Training step of EEGNet, batch {BATCH}, against its multiplications",
            lambda: floor_rows(BATCH, repeats, threads, size=1536),
        ),
        Section(
            "startup",
            "Imports and commands, in CPU seconds of a process of their own",
            lambda: startup_rows(max(1, repeats // 3)),
        ),
    ]


def report(parts: Sequence[Section], threads: int) -> Iterator[str]:
    """Yield the report piece by piece, each as soon as it is measured."""
    yield f"# Benchmarks\n\n{machine([threads])}\n"
    for part in parts:
        yield f"\n## {part.title}\n\n{markdown(part.measure())}\n"


def write_tables(parts: Sequence[Section], folder: Path) -> None:
    """Write each table as ``speed_NAME.csv``, as soon as it is measured."""
    for part in parts:
        rows = pd.DataFrame(list(part.measure()))
        path = folder / f"speed_{part.name}.csv"
        publish_own(rows, part.title, path)
        say(str(path))


def _without_skada() -> str:
    return "" if find_spec("skada") else f"; {SKADA_MISSING}"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python tests/benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, help="the file; default: the standard output")
    parser.add_argument("--results", type=Path, help="a folder for CSV files instead")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="short names of tables")
    parser.add_argument("--threads", type=int, default=1, help="of torch, but for whole runs")
    parser.add_argument("--jobs", type=int, default=1, help="of whole runs")
    parser.add_argument("--repeats", type=int, default=15, help="of steps; a third of it of fits")
    parser.add_argument("--subjects", type=int, nargs="+", default=[5, 10, 20, 40])
    o = parser.parse_args()
    parts = sections(o.threads, o.jobs, o.repeats, o.subjects)
    names = [part.name for part in parts]
    if unknown := sorted(set(o.only or ()) - set(names)):
        parser.error(f"--only: there is no {unknown[0]!r}; choose among {', '.join(names)}")
    parts = [part for part in parts if o.only is None or part.name in o.only]
    if o.results:
        write_tables(parts, o.results)
        return
    if o.out:
        o.out.write_text("", encoding="utf-8")  # find out at once whether it can be written
    for piece in report(parts, o.threads):
        if o.out:
            with o.out.open("a", encoding="utf-8") as file:
                file.write(piece)
        else:
            say(piece.rstrip("\n"))


if __name__ == "__main__":
    main()
