"""Time a training step of the backbones against braindecode's own layers.

Both sides run in one process and take turns, so that a busy machine slows both; the table
shows medians in milliseconds and their ratio.

    python tests/benchmarks/bench_backbones.py --threads 1 2
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable, Sequence

import torch
from timing import Row, alternate, machine, markdown, say
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


def layer_by_layer(backbone: nn.Module) -> nn.Module:
    """Return a copy that computes as braindecode does."""
    slow = copy.deepcopy(backbone)
    slow.body.fast = False  # a backbone without a fast form does not look at it
    return slow


def backbone_rows(
    name: str, batch: int, repeats: int, threads: Sequence[int], predict: bool = False
) -> list[Row]:
    """Time one backbone at all shapes, for each number of threads."""
    build = prediction if predict else training_step
    rows: list[Row] = []
    for n_threads in threads:
        torch.set_num_threads(n_threads)
        for n_chans, n_times in SHAPES:
            ours = make_backbone(name, n_chans, n_times, sfreq=128.0)
            X = torch.randn(batch, n_chans, n_times)
            pair = [build(layer_by_layer(ours), X), build(ours, X)]
            slow, quick = alternate(pair, repeats)
            rows.append(
                {
                    "backbone": name,
                    "threads": n_threads,
                    "shape": f"{n_chans}x{n_times}",
                    "braindecode [ms]": 1e3 * slow,
                    "here [ms]": 1e3 * quick,
                    "ratio": slow / quick,
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backbone", default="EEGNet")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--predict", action="store_true", help="time predictions, not steps")
    o = parser.parse_args()
    say(f"{o.backbone}, batch {o.batch}, {machine(o.threads)}\n")
    say(markdown(backbone_rows(o.backbone, o.batch, o.repeats, o.threads, o.predict)))


if __name__ == "__main__":
    main()
