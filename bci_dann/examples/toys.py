"""Domain-adversarial training on two-dimensional toy data: ``python -m bci_dann.examples.toys``.

Trains a plain network and one with each adversary (DANN, CDAN, CDAN-E) on two shifted blobs and on
rotated moons, and prints the accuracy on the target, whose labels are not used in training.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bci_dann._threads import limited_threads
from bci_dann.data.simulation.toy_vectors import ToyPair, rotated_moons, shifted_blobs
from bci_dann.estimators import DANNClassifier
from bci_dann.reporting import publish_own

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TOYS", "Toy", "accuracy_table", "target_accuracies"]

NOTE = "Two-dimensional toys; accuracy on the target, whose labels train nothing"


@dataclass(frozen=True)
class Toy:  # numpydoc ignore=PR02
    """A pair of domains, and the parameters of networks trained on it.

    Parameters
    ----------
    draw : callable
        Draws the pair from a seed.
    training : dict
        Parameters of `DANNClassifier`.
    adversary_weight : float
        Weight of the adversary in the objective.
    """

    draw: Callable[[int], ToyPair]
    training: dict[str, Any]
    adversary_weight: float


TOYS = {
    "shifted blobs": Toy(
        lambda seed: shifted_blobs(random_state=seed),
        # empirical: with a larger learning rate the adversary sometimes interchanges the classes
        {"backbone": "MLP", "max_epochs": 150, "lr": 1e-3},
        adversary_weight=2.0,
    ),
    "rotated moons": Toy(
        lambda seed: rotated_moons(random_state=seed),
        {"backbone": {"name": "MLP", "hidden": [15]}, "max_epochs": 150, "lr": 1e-2},
        adversary_weight=1.0,
    ),
}


def target_accuracies(toy: Toy, seed: int) -> dict[str, float]:
    """Train each network once, and score it on the target.

    Parameters
    ----------
    toy : Toy
        The domains and the parameters of training.
    seed : int
        Seed of the draw and of all networks.

    Returns
    -------
    dict of str to float
        Accuracy on the target of each method.
    """
    pair = toy.draw(seed)
    weight = toy.adversary_weight
    objectives = {
        "source only": {"domain_adversary": 0.0},
        "DANN": {"domain_adversary": weight},
        "CDAN": {"domain_adversary": 0.0, "cdan": weight},
        "CDAN-E": {"domain_adversary": 0.0, "cdan_e": weight},
    }
    accuracies = {}
    for method, terms in objectives.items():
        model = DANNClassifier(random_state=seed, terms=terms, **toy.training)
        model.fit(pair.X_source, pair.y_source, X_target_unlabeled=pair.X_target)
        accuracies[method] = model.score(pair.X_target, pair.y_target)
    return accuracies


def accuracy_table(n_seeds: int) -> pd.DataFrame:
    """Train every network on every pair of domains.

    Parameters
    ----------
    n_seeds : int
        Draws of each pair.

    Returns
    -------
    pandas.DataFrame
        One row a pair and method: ``toy``, ``method``, ``n_seeds``, and mean and standard
        deviation over seeds of the accuracy on the target (%).
    """
    import pandas as pd

    rows = []
    for name, toy in TOYS.items():
        with limited_threads(1):  # threads slow down layers this small
            runs = [target_accuracies(toy, seed) for seed in track(range(n_seeds), name)]
        for method in runs[0]:
            values = 100 * np.array([run[method] for run in runs])
            spread = float(values.std())
            rows.append((name, method, n_seeds, float(values.mean()), spread))
    return pd.DataFrame(rows, columns=["toy", "method", "n_seeds", "accuracy", "std_seeds"])


def main(  # numpydoc ignore=PR01
    seeds: Annotated[int, typer.Option(help="Draws of each pair.")] = 10,
    table: Annotated[
        Path | None, typer.Option(help="CSV file that keeps the table and how it was computed.")
    ] = None,
) -> None:
    """Print the accuracy on the target of each network on each pair of domains."""
    accuracies = accuracy_table(seeds)
    if table is not None:
        publish_own(accuracies, NOTE, table)
    shown = Table(title=f"accuracy on the target, %, mean ± spread over {seeds} seeds")
    shown.add_column("toy")
    for method in accuracies["method"].unique():
        shown.add_column(method)
    for name, rows in accuracies.groupby("toy", sort=False):
        cells = zip(rows["accuracy"], rows["std_seeds"], strict=True)
        shown.add_row(str(name), *(f"{mean:.1f} ± {spread:.1f}" for mean, spread in cells))
    Console().print(shown)


if __name__ == "__main__":
    typer.run(main)
