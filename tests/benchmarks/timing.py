"""What the benchmarks share: taking turns, the table, and the machine's name."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from statistics import median

import torch

Row = dict[str, str | int | float]


def alternate(
    functions: Sequence[Callable[[], object]], repeats: int, warm_up: int = 2
) -> list[float]:
    """Run the functions in turns and return the median seconds of each.

    A machine that is busy for a while slows all of them. The first ``warm_up`` rounds
    allocate and plan, and are not counted.
    """
    seconds: list[list[float]] = [[] for _ in functions]
    for repeat in range(repeats + warm_up):
        for function, times in zip(functions, seconds, strict=True):
            start = time.perf_counter()
            function()
            if repeat >= warm_up:
                times.append(time.perf_counter() - start)
    return [median(times) for times in seconds]


def markdown(rows: Sequence[Row]) -> str:
    """Return rows of the same columns as a Markdown table, padded to be read as it is."""
    header = list(rows[0])
    lines = [header, *([_cell(row[name]) for name in header] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    numeric = [all(not isinstance(row[name], str) for row in rows) for name in header]
    rule = ["-" * (w - 1) + ":" if n else "-" * w for w, n in zip(widths, numeric, strict=True)]
    return "\n".join(_line(line, widths, numeric) for line in [lines[0], rule, *lines[1:]])


def machine(threads: Sequence[int]) -> str:
    """Return one line that says where and when the numbers were taken."""
    return (
        f"{_cpu()}, {os.cpu_count()} cores, torch {torch.__version__}, "
        f"threads {', '.join(map(str, threads))}, {date.today().isoformat()}"
    )


def say(text: str = "") -> None:
    """Write a line to the standard output, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    )
    return f"| {' | '.join(padded)} |"


def _cell(value: str | int | float) -> str:
    """Floats get about three digits."""
    if not isinstance(value, float):
        return str(value)
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}"


def _cpu() -> str:
    """Linux names the model in a file; elsewhere the platform's short name has to do."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
