"""Time a training step of the backbones against braindecode's own layers.

All run in one process and take turns, so that a busy machine slows all; the table shows
medians in milliseconds and the ratio to braindecode. "as a module" is a call with trials, as
of any module; "in training" is what the training loop does: trials were prepared once and
are picked by their index, and dropout is keyed. Braindecode's side picks trials, too.

    python tests/benchmarks/bench_backbones.py --threads 1 2
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable, Sequence

import torch
from timing import Row, alternate, machine, markdown, say
from torch import nn

from bci_dann.models import Backbone, Decoder, keyed, keyed_layers, make_backbone
from bci_dann.training.network_inputs import PreparedTrials, take_trials

SHAPES = ((3, 500), (15, 500), (15, 439), (22, 512), (22, 1000), (64, 480))


def training_step(backbone: nn.Module, X: torch.Tensor) -> Callable[[], None]:
    """Return a function that runs forward, backward and Adam once."""
    optimiser = torch.optim.AdamW(backbone.parameters())

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        backbone(X).square().mean().backward()
        optimiser.step()

    return step


def prepared_step(backbone: Backbone, X: torch.Tensor, index: torch.Tensor) -> Callable[[], None]:
    """Return a function that does a step as the training loop does it."""
    inputs = PreparedTrials(Decoder(backbone, 2), [X], X.device)
    keys = torch.zeros(len(keyed_layers(backbone)), dtype=torch.int32)
    optimiser = torch.optim.AdamW(backbone.parameters(), fused=True)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        with keyed(backbone, keys):
            backbone(take_trials(inputs.take(index[None]), 0)).square().mean().backward()
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
    rows: list[Row] = []
    for n_threads in threads:
        torch.set_num_threads(n_threads)
        for n_chans, n_times in SHAPES:
            ours = make_backbone(name, n_chans, n_times, sfreq=128.0)
            slow, X = layer_by_layer(ours), torch.randn(batch, n_chans, n_times)
            if predict:
                sides = [prediction(slow, X), prediction(ours, X)]
            else:
                trained = prepared_step(copy.deepcopy(ours), X, torch.randperm(batch))
                sides = [training_step(slow, X), training_step(ours, X), trained]
            theirs, module, *rest = alternate(sides, repeats)
            row: Row = {
                "backbone": name,
                "threads": n_threads,
                "shape": f"{n_chans}x{n_times}",
                "braindecode [ms]": 1e3 * theirs,
                "as a module [ms]": 1e3 * module,
                "ratio": theirs / module,
            }
            for seconds in rest:
                row |= {"in training [ms]": 1e3 * seconds, "its ratio": theirs / seconds}
            rows.append(row)
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
