"""What DANN does, on points in a plane: ``python -m bci_dann.examples.toys``.

Trains a plain network and a DANN on two shifted blobs and on rotated moons, and prints the
accuracy on the target, whose labels neither has seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bci_dann.data.toys import ToyPair, rotated_moons, shifted_blobs
from bci_dann.estimators import DANNClassifier, SourceOnlyClassifier
from bci_dann.evaluation.execution import limited_threads

__all__ = ["TOYS", "Toy", "target_accuracies"]


@dataclass(frozen=True)
class Toy:
    """A pair of domains, and how the networks are trained on it."""

    draw: Callable[[int], ToyPair]
    training: dict[str, Any]
    adversary_weight: float


TOYS = {
    "shifted blobs": Toy(
        lambda seed: shifted_blobs(random_state=seed),
        # with larger steps the adversary now and then ends with the classes interchanged
        {"max_epochs": 150, "lr": 1e-3},
        adversary_weight=2.0,
    ),
    "rotated moons": Toy(
        lambda seed: rotated_moons(random_state=seed),
        {"max_epochs": 150, "lr": 1e-2, "backbone_params": {"hidden": [15]}},
        adversary_weight=1.0,
    ),
}


def target_accuracies(toy: Toy, seed: int) -> tuple[float, float]:
    """Train both networks once.

    Parameters
    ----------
    toy : Toy
        What to draw, and how to train.
    seed : int
        Seeds the draw and both networks.

    Returns
    -------
    tuple of float
        Accuracy on the target of the plain network, and of the DANN.
    """
    pair = toy.draw(seed)
    plain = SourceOnlyClassifier("MLP", random_state=seed, **toy.training)
    plain.fit(pair.X_source, pair.y_source)
    dann = DANNClassifier(
        "MLP", adversary_weight=toy.adversary_weight, random_state=seed, **toy.training
    )
    dann.fit(pair.X_source, pair.y_source, X_target_unlabeled=pair.X_target)
    return (
        plain.score(pair.X_target, pair.y_target),
        dann.score(pair.X_target, pair.y_target),
    )


def main(n_seeds: int = 10) -> None:
    """Print the table."""
    table = Table(title=f"accuracy on the target, mean ± spread over {n_seeds} seeds")
    for heading in ("toy", "source only", "DANN"):
        table.add_column(heading)
    for name, toy in TOYS.items():
        with limited_threads(1):  # on layers this small, threads cost more than they bring
            runs = [target_accuracies(toy, seed) for seed in track(range(n_seeds), name)]
        cells = [
            f"{np.mean(column):.3f} ± {np.std(column):.3f}" for column in zip(*runs, strict=True)
        ]
        table.add_row(name, *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
