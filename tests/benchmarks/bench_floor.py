"""Compare a training step of EEGNet with the time that its multiplications alone would take.

Multiplications of one step, forward and backward, are counted by formula, for the fast form
of this package and for braindecode's order of layers. The rate at which the machine can
multiply is that of a large float32 matrix product, taken in turns with the steps; the floor
is their quotient. It is a bound and not a goal: a large product finds its numbers in cache
and does nothing but fused multiplications and additions, while transforms and batch norms
move much memory for few multiplications.

Conventions: a real Fourier transform of length N costs 2.5 N log2 N operations, half of them
multiplications; a complex product has four, a complex by a real number two. Batch norm has
two for each number forward and three backward, ELU one backward, and a mean over n
neighbours one for n numbers in each direction. Double precision counts like single,
exponentials count nothing, and neither do the loss, Adam, and what does not grow with the
batch, which is below one percent at a batch of 64.

    python tests/benchmarks/bench_floor.py --batch 64
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import torch
from bench_backbones import SHAPES, layer_by_layer, training_step
from timing import Row, alternate, machine, markdown, say

from bci_dann.models import make_backbone
from bci_dann.models.fast.spectral import fast_length

# braindecode's defaults: temporal filters, rows, and rows after the second mixing
F1, ROWS, F2 = 8, 16, 16
TAPS_1, TAPS_2 = 64, 16
POOL_1, POOL_2 = 4, 8

BATCH_NORM = 2 + 3


def fast_multiplications(batch: int, n_chans: int, n_times: int) -> float:
    """Count a training step that mixes first and convolves by Fourier transform."""
    n_fft = fast_length(n_times + TAPS_1 - 1)
    bins, transform = n_fft // 2 + 1, _transform(n_fft)
    edge = TAPS_1 - 1 - TAPS_1 // 2
    moments = n_chans * (2 * bins + 2 * edge**2)  # the power, and patches at both ends
    mixing = ROWS * n_chans * 2 * bins
    first = n_chans * transform + moments + mixing + ROWS * (4 * bins + transform)
    # the gradient's spectrum, its products with the rows and the response, the weights'
    first_back = ROWS * (transform + 8 * bins) + mixing
    return batch * (first + first_back + _second_block_fast(n_times) + _norms(n_times))


def _second_block_fast(n_times: int) -> float:
    """Count the separable convolution of one trial, by Fourier transform."""
    n_fft = fast_length(_pooled(n_times) + TAPS_2 - 1)
    bins, transform = n_fft // 2 + 1, _transform(n_fft)
    mixing = F2 * ROWS * 2 * bins
    forward = ROWS * (transform + 4 * bins) + mixing + F2 * transform
    weights = ROWS * 2 * bins + mixing + ROWS * 4 * bins
    signals = F2 * transform + mixing + ROWS * (4 * bins + transform)
    return forward + weights + signals


def direct_multiplications(batch: int, n_chans: int, n_times: int) -> float:
    """Count a training step in braindecode's order, layer by layer."""
    n_out = _convolved(n_times, TAPS_1)
    filtered = n_chans * F1 * n_out
    temporal = filtered * TAPS_1 * 2  # forward, and the taps' gradient; the input needs none
    spatial = ROWS * n_chans * n_out * 3  # forward, the weights' and the signals' gradient
    n_second = _convolved(_pooled(n_times), TAPS_2)
    separable = (ROWS * TAPS_2 + F2 * ROWS) * n_second * 3
    return batch * (temporal + BATCH_NORM * filtered + spatial + separable + _norms(n_times))


def _norms(n_times: int) -> float:
    """Count batch norm, ELU, mean pooling and dropout of both blocks, for one trial."""
    first = ROWS * _convolved(n_times, TAPS_1)
    second = F2 * _convolved(_pooled(n_times), TAPS_2)
    per_number = BATCH_NORM + 1
    pooling = first / POOL_1 + second / POOL_2
    return per_number * (first + second) + 2 * pooling + 2 * pooling  # and as much dropout


def _convolved(n_times: int, n_taps: int) -> int:
    return n_times + 2 * (n_taps // 2) - n_taps + 1


def _pooled(n_times: int) -> int:
    return _convolved(n_times, TAPS_1) // POOL_1


def _transform(n_fft: int) -> float:
    return 2.5 * n_fft * math.log2(n_fft) / 2


def matrix_product(size: int) -> Callable[[], object]:
    """Return a function that multiplies two square matrices."""
    first, second, out = (torch.randn(size, size) for _ in range(3))
    return lambda: torch.mm(first, second, out=out)


def floor_rows(batch: int, repeats: int, threads: int, size: int) -> list[Row]:
    """Return one row a shape; "floor" is in milliseconds, like the measured times."""
    torch.set_num_threads(threads)
    rows: list[Row] = []
    for n_chans, n_times in SHAPES:
        ours = make_backbone("EEGNet", n_chans, n_times, sfreq=128.0)
        X = torch.randn(batch, n_chans, n_times)
        steps = [training_step(network, X) for network in (ours, layer_by_layer(ours))]
        quick, slow, product = alternate([*steps, matrix_product(size)], repeats)
        rate = size**3 / product
        few = fast_multiplications(batch, n_chans, n_times)
        many = direct_multiplications(batch, n_chans, n_times)
        rows.append(
            {
                "shape": f"{n_chans}x{n_times}",
                "rate [G/s]": rate / 1e9,
                "here [G]": few / 1e9,
                "floor [ms]": 1e3 * few / rate,
                "here [ms]": 1e3 * quick,
                "here / floor": quick * rate / few,
                "braindecode [G]": many / 1e9,
                "its floor [ms]": 1e3 * many / rate,
                "braindecode [ms]": 1e3 * slow,
                "braindecode / its floor": slow * rate / many,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--size", type=int, default=1536, help="of the matrices")
    o = parser.parse_args()
    say(f"EEGNet, batch {o.batch}, {machine([o.threads])}; G are 1e9 multiplications\n")
    say(markdown(floor_rows(o.batch, o.repeats, o.threads, o.size)))


if __name__ == "__main__":
    main()
