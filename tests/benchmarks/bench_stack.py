"""Time networks that are trained in one stack against the same one after another.

Both sides take turns in one process. On a CPU the loop is the default of the package, and
on a GPU the stack; ``--device cuda`` measures it there.

    python tests/benchmarks/bench_stack.py --threads 1
    python tests/benchmarks/bench_stack.py --device cuda --sizes 50 --epochs 50
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import torch
from timing import Row, alternate, machine, markdown, say

from bci_dann.models import Decoder, make_backbone
from bci_dann.objectives import DomainAdversary, Objective, Sizes
from bci_dann.training import Member, TrainingData, TrainingSettings, train, train_stack

SHAPES = ((3, 128), (15, 439), (22, 512))
SIZES = (2, 5, 10)
N_TRIALS = 256
EPOCHS = 5


def members(n: int, n_chans: int, n_times: int) -> list[Member]:
    """Return networks that share noise in the shape of trials."""
    X = torch.randn(N_TRIALS, n_chans, n_times)
    index = torch.arange(N_TRIALS)
    data = TrainingData(X, index % 2, index % 4, torch.ones(N_TRIALS), index % 4 == 3)
    made = []
    for seed in range(n):
        network = Decoder(make_backbone("EEGNet", n_chans, n_times, sfreq=128.0), 2)
        sizes = Sizes(network.backbone.n_features, 2, 4, has_target=True)
        adversary = DomainAdversary().build(sizes)
        objective = Objective({"adversary": adversary}, {"adversary": 0.1})
        made.append(Member(network, objective, data, np.random.default_rng(seed)))
    return made


def stack_rows(
    threads: int,
    repeats: int,
    device: str = "cpu",
    sizes: Sequence[int] = SIZES,
    epochs: int = EPOCHS,
) -> list[Row]:
    """Time some epochs of each number of networks at each shape."""
    torch.set_num_threads(threads)
    settings = TrainingSettings(epochs, 64, 1e-3, 0.0, device)
    rows: list[Row] = []
    for n_chans, n_times in SHAPES:
        for size in sizes:
            alone, together = (members(size, n_chans, n_times) for _ in range(2))
            loop, stack = alternate(
                [
                    lambda alone=alone: [train(member, settings) for member in alone],
                    lambda together=together: train_stack(together, settings),
                ],
                repeats,
                warm_up=1,
            )
            rows.append(
                {
                    "shape": f"{n_chans}x{n_times}",
                    "networks": size,
                    "one by one [s]": loop,
                    "stack [s]": stack,
                    "ratio": loop / stack,
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    o = parser.parse_args()
    say(f"EEGNet, {N_TRIALS} trials, {o.epochs} epochs, {o.device}, {machine([o.threads])}\n")
    say(markdown(stack_rows(o.threads, o.repeats, o.device, o.sizes, o.epochs)))


if __name__ == "__main__":
    main()
