"""Accuracy of methods under each kind of shift: ``python -m bci_dann.examples.methods_by_shift``.

Each column of the table differs from the first in one kind of shift between simulated subjects: the
gain of their electrodes (which moves the mean of log-power), their background (which changes its
variance, too), the position of sources and electrodes (which rotates the covariance), or the
frequency of classes (label shift).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METHODS", "SHIFTS", "TERMS", "accuracy_table", "configuration", "main"]

# Empirical: but for the first, amounts that cost a tangent-space classifier some points.
SHIFTS: dict[str, dict[str, float]] = {
    "none": {},
    "gain": {"gain": 4.0},
    "background": {"noise": 3.0},
    "rotation": {"head": 3.0},
    "labels": {"imbalance": 0.6},
    "all but labels": {"gain": 1.0, "noise": 1.0, "head": 1.0, "frequency": 1.0, "drift": 1.0},
}
METHODS = (
    "ts_logistic",
    "reweight_ts",
    "ea_ts_logistic",
    "ra_ts_logistic",
    "rpa_logistic",
    "ra_reweight_ts",
    "rts_im",
    "source_only",
    "dann",
    "ea_source_only",
    "ea_dann",
)
# Terms of the objective on the target, each without alignment and with it.
TERMS = ("ea_cdan_e", "ea_mcc", "ea_im", "ea_entropy", "ea_coral", "ea_mmd", "ea_jmmd")

N_SUBJECTS = 6  # empirical: a run on two cores takes some minutes
NOTE = "Simulated subjects who differ in one thing at a time; accuracy %, mean over simulations"


def configuration(shift: Mapping[str, float], random_state: int) -> dict[str, Any]:
    """Return the run of all methods on subjects who differ by a shift.

    Parameters
    ----------
    shift : mapping of str to float
        Amounts of the simulator's :class:`~bci_dann.data.Shift`.
    random_state : int
        Seed of subjects and networks.

    Returns
    -------
    dict
        A run configuration for :func:`bci_dann.evaluation.run_benchmark`.
    """
    params = {"n_subjects": N_SUBJECTS, "shift": dict(shift), "random_state": random_state}
    return {
        "name": "methods_by_shift",
        "data": {"dataset": "SimulatedMI", "params": params},
        "preprocessing": {"band": [8, 30], "window": [0.5, 3.5], "resample": 64},
        "pipelines": [*METHODS, *TERMS],
        "variants": {term: {"alignment": [None, "euclidean"]} for term in TERMS},
        "protocols": ["train_and_target_unlabeled_full"],
        "seeds": [random_state],
        "pipeline_parameters": {
            "*": {"max_epochs": 50, "backbone": {"name": "EEGNet", "kernel_length": 32}}
        },
    }


def accuracy_table(out: Path, n_simulations: int = 2, n_jobs: int = 1) -> pd.DataFrame:
    """Run every method under every shift, or continue a run that stopped.

    Parameters
    ----------
    out : pathlib.Path
        A folder for the records.
    n_simulations : int
        Simulations of each shift, each with other subjects.
    n_jobs : int
        Tasks to run at a time.

    Returns
    -------
    pandas.DataFrame
        Mean accuracy over subjects and simulations (%), one row a method, one column a shift.
    """
    import pandas as pd

    from bci_dann.evaluation import run_benchmark

    columns = {}
    for name, shift in SHIFTS.items():
        results = [
            run_benchmark(configuration(shift, seed), out / f"{name}-{seed}", n_jobs=n_jobs)
            for seed in range(n_simulations)
        ]
        by_pipeline = pd.concat(results).groupby("pipeline", sort=False)
        columns[name] = 100 * by_pipeline["accuracy"].mean()
    return pd.DataFrame(columns)


def main(  # numpydoc ignore=PR01
    out: Annotated[Path, typer.Option(help="Folder for the records.")] = Path(
        "runs/methods_by_shift"
    ),
    simulations: Annotated[int, typer.Option(help="Simulations of each shift.")] = 2,
    jobs: Annotated[int, typer.Option(help="Tasks at a time.")] = 1,
    table: Annotated[
        Path | None, typer.Option(help="CSV file that keeps the table and how it was computed.")
    ] = None,
) -> None:
    """Print the accuracy (%) of each method under each shift."""
    from rich.console import Console
    from rich.table import Table

    accuracies = accuracy_table(out, simulations, jobs)
    if table is not None:
        from bci_dann.reporting import publish_own

        publish_own(accuracies.rename_axis("method").reset_index(), NOTE, table)
    shown = Table(title="Accuracy on new subjects, %", title_justify="left")
    shown.add_column("method", no_wrap=True)
    for name in SHIFTS:
        shown.add_column(name, justify="right")
    for method, row in accuracies.iterrows():
        shown.add_row(str(method), *(f"{value:.1f}" for value in row))
    Console().print(shown)


if __name__ == "__main__":
    typer.run(main)
