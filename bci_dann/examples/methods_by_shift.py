"""Which remedy cures which shift: ``python -m bci_dann.examples.methods_by_shift``.

Each column differs from the first in one thing only, which the simulator dials. What a person's
electrodes record is thereby scaled (the mean of the log-power shifts), buried in another
background (its variance shifts, too), or mixed otherwise (rotated); or its classes are not equally
frequent (label shift).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["REMEDIES", "SHIFTS", "TERMS", "configuration", "main", "remedy_table"]

# How much is dialled is set to cost plain tangent space some points, but for the first.
SHIFTS: dict[str, dict[str, float]] = {
    "none": {},
    "gain": {"gain": 4.0},
    "background": {"noise": 3.0},
    "rotation": {"head": 3.0},
    "labels": {"imbalance": 0.6},
    "all but labels": {"gain": 1.0, "noise": 1.0, "head": 1.0, "frequency": 1.0, "drift": 1.0},
}
REMEDIES = (
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
# Each term of the objective for the target, without alignment and after it.
TERMS = ("ea_cdan_e", "ea_mcc", "ea_im", "ea_entropy", "ea_coral", "ea_mmd", "ea_jmmd")


def configuration(shift: Mapping[str, float], random_state: int) -> dict[str, Any]:
    """Return the run of all remedies on people who differ by ``shift``.

    Parameters
    ----------
    shift : mapping of str to float
        The simulator's dials; see :class:`bci_dann.data.simulation.subject_shift.Shift`.
    random_state : int
        Seeds people and networks.

    Returns
    -------
    dict
        What :func:`bci_dann.evaluation.run_benchmark` takes.
    """
    people = {"n_subjects": 6, "shift": dict(shift), "random_state": random_state}
    return {
        "name": "remedies",
        "data": {"dataset": "SimulatedMI", "params": people},
        "preprocessing": {"band": [8, 30], "window": [0.5, 3.5], "resample": 64},
        "pipelines": [*REMEDIES, *TERMS],
        "variants": {term: {"alignment": [None, "euclidean"]} for term in TERMS},
        "protocols": ["train_and_target_unlabeled_full"],
        "seeds": [random_state],
        "pipeline_parameters": {"*": {"max_epochs": 50, "backbone_params": {"kernel_length": 32}}},
    }


def remedy_table(out: Path, n_worlds: int = 2, n_jobs: int = 1) -> pd.DataFrame:
    """Run every remedy on every shift, or go on where a run stopped.

    Parameters
    ----------
    out : pathlib.Path
        A folder for the records.
    n_worlds : int
        Simulations of each shift, with other people.
    n_jobs : int
        Tasks at a time.

    Returns
    -------
    pandas.DataFrame
        Mean accuracy over people and worlds (%), one row a remedy, one column a shift.
    """
    import pandas as pd

    from bci_dann.evaluation import run_benchmark

    columns = {}
    for name, shift in SHIFTS.items():
        worlds = [
            run_benchmark(configuration(shift, world), out / f"{name}-{world}", n_jobs=n_jobs)
            for world in range(n_worlds)
        ]
        together = pd.concat(worlds)
        columns[name] = 100 * together.groupby("pipeline", sort=False)["accuracy"].mean()
    return pd.DataFrame(columns)


def main(
    out: Annotated[Path, typer.Option(help="Folder for the records.")] = Path("runs/remedies"),
    worlds: Annotated[int, typer.Option(help="Simulations of each shift.")] = 2,
    jobs: Annotated[int, typer.Option(help="Tasks at a time.")] = 1,
) -> None:
    """Print accuracy (%) of each remedy under each shift."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Accuracy on people never recorded, %", title_justify="left")
    table.add_column("remedy", no_wrap=True)
    for name in SHIFTS:
        table.add_column(name, justify="right")
    for remedy, row in remedy_table(out, worlds, jobs).iterrows():
        table.add_row(str(remedy), *(f"{value:.1f}" for value in row))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
