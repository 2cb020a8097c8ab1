"""The command ``diagnose``: distribution shift of each subject from the other subjects."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bci_dann.cli.console import print_sentence, print_table
from bci_dann.cli.options import (
    ConfigFile,
    DataDir,
    Seed,
)

if TYPE_CHECKING:
    from bci_dann.evaluation import Diagnosis

__all__ = ["diagnose"]

# heading, column, format
COLUMNS = (
    ("subject", "subject", "s"),
    ("trials", "n_target", "d"),
    ("others'", "n_source", "d"),
    ("AUC", "domain_auc", ".3f"),
    ("A-distance", "a_distance", ".2f"),
    ("MMD²", "mmd2", ".3f"),
    ("p", "mmd_p", ".3f"),
    ("ESS", "ess", ".0f"),
    ("top 1 %", "top_share", ".0%"),
    ("distance", "distance", ".2f"),
    ("within", "within_distance", ".2f"),
    ("overlap", "overlap", "s"),
)
NOTE = (
    "AUC, A-distance, MMD: how well the trials of the subject can be distinguished from those of "
    "the others. ESS: effective number of source trials after weighting. distance: between mean "
    "covariances; within: between the two halves of the subject's trials, for comparison."
)


def diagnose(  # numpydoc ignore=PR01
    config: ConfigFile,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder. Default: runs/NAME/diagnosis.")
    ] = None,
    data_dir: DataDir = None,
    seed: Seed = 0,
) -> None:
    """Show how much each subject differs from the others, and whether reweighting can help."""
    from bci_dann.data import open_trials, prepare_trials
    from bci_dann.evaluation import diagnose as measure_shift
    from bci_dann.evaluation import load_config
    from bci_dann.reporting import write_diagnosis

    run = load_config(config)
    trials = open_trials(
        prepare_trials(run.data, run.preprocessing, data_dir=data_dir, progress=True)
    )
    diagnosis = measure_shift(trials, band=run.preprocessing.band, random_state=seed, progress=True)
    folder = Path("runs") / run.name / "diagnosis" if out is None else out
    title = f"Distances between subjects: {run.name}"
    page = write_diagnosis(diagnosis, folder, title=title)
    _print_diagnosis(diagnosis)
    print_sentence(f"Tables, plots and all advice: {page}")


def _print_diagnosis(diagnosis: Diagnosis) -> None:
    from bci_dann.evaluation.diagnosis.interpretation import describe_overlap, describe_shifts
    from bci_dann.reporting.diagnosis_report import describe_missing_figures

    headings = [heading for heading, _, _ in COLUMNS]
    for alignment, subjects in diagnosis.table.groupby("alignment", sort=False):
        rows = [
            [_cell(subject[column], form) for _, column, form in COLUMNS]
            for subject in subjects.to_dict("records")
        ]
        print_table(f"Each subject against the others, alignment: {alignment}", headings, rows)
    sentences = (
        *describe_overlap(diagnosis.table),
        *describe_shifts(diagnosis.shifts),
        *describe_missing_figures(diagnosis),
    )
    for sentence in (NOTE, *sentences):
        print_sentence(sentence)


def _cell(value: Any, form: str) -> str:
    missing = isinstance(value, float) and math.isnan(value)
    return "–" if missing else format(value, form)
