"""Time a training step of the backbones against braindecode's own layers.

Both sides run in one process and take turns, so that a busy machine slows both; the table
shows medians in milliseconds and their ratio.

    python tests/benchmarks/bench_backbones.py --threads 1 2
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import nn

from bci_dann.models import make_backbone

SHAPES = ((3, 500), (15, 500), (15, 439), (22, 512), (22, 1000), (64, 480))


def training_step(backbone: nn.Module, X: torch.Tensor) -> Callable[[], None]:
    """Return a function that runs forward, backward and Adam once."""
    optimiser = torch.optim.Adam(backbone.parameters())

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        backbone(X).square().mean().backward()
        optimiser.step()

    return step


def prediction(backbone: nn.Module, X: torch.Tensor) -> Callable[[], None]:
    """Return a function that runs forward once, in evaluation mode."""
    backbone.eval()

    def predict() -> None:
        with torch.inference_mode():
            backbone(X)

    return predict


def alternate(functions: list[Callable[[], None]], repeats: int) -> list[float]:
    """Run the functions in turns and return the median seconds of each."""
    seconds: list[list[float]] = [[] for _ in functions]
    for repeat in range(repeats + 2):
        for function, times in zip(functions, seconds, strict=True):
            start = time.perf_counter()
            function()
            if repeat >= 2:  # the first runs allocate and plan
                times.append(time.perf_counter() - start)
    return [median(times) for times in seconds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default="EEGNet")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--predict", action="store_true", help="time predictions, not steps")
    options = parser.parse_args()
    print(f"{options.backbone}, batch {options.batch}, torch {torch.__version__}")  # noqa: T201
    print("threads    shape  braindecode [ms]  here [ms]  ratio")  # noqa: T201
    for threads in options.threads:
        torch.set_num_threads(threads)
        for n_chans, n_times in SHAPES:
            ours = make_backbone(options.backbone, n_chans, n_times, sfreq=128.0)
            theirs = copy.deepcopy(ours)
            theirs.body.fast = False
            X = torch.randn(options.batch, n_chans, n_times)
            build = prediction if options.predict else training_step
            slow, quick = alternate([build(theirs, X), build(ours, X)], options.repeats)
            print(  # noqa: T201
                f"{threads:7d}  {n_chans:2d}x{n_times:<4d}  {1e3 * slow:16.1f}"
                f"  {1e3 * quick:9.1f}  {slow / quick:5.1f}"
            )


if __name__ == "__main__":
    main()
