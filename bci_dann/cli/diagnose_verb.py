"""The verb ``diagnose``: how far each person is from the others, and in what."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.cli.console import print_rows, say

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
    ("own", "within_distance", ".2f"),
    ("overlap", "overlap", "s"),
)
NOTE = (
    "AUC, A-distance, MMD: how well the person is told from the others. ESS: what the weighted "
    "source trials are worth. distance: of mean covariances; own: between the halves of the "
    "person's own trials, as a yardstick."
)


def diagnose(config: Path, out: Path | None, data_dir: Path | None, seed: int) -> None:
    """Diagnose, write, and print; see `bci_dann.evaluation.diagnose`."""
    from bci_dann.data import open_trials, prepare_trials
    from bci_dann.evaluation import diagnose as measure
    from bci_dann.evaluation import load_config
    from bci_dann.reporting import write_diagnosis

    run = load_config(config)
    trials = open_trials(
        prepare_trials(run.data, run.preprocessing, data_dir=data_dir, progress=True)
    )
    found = measure(trials, band=run.preprocessing.band, random_state=seed, progress=True)
    page = write_diagnosis(
        found,
        Path("runs") / run.name / "diagnosis" if out is None else out,
        title=f"How far people are apart: {run.name}",
    )
    _print(found)
    say(f"Tables, pictures and all advice: {page}")


def _print(found: Diagnosis) -> None:
    from bci_dann.evaluation.diagnosis.interpretation import describe_overlap, describe_shifts
    from bci_dann.reporting.diagnosis_report import describe_missing_figures

    headings = [heading for heading, _, _ in COLUMNS]
    for alignment, people in found.table.groupby("alignment", sort=False):
        rows = [
            [_cell(person[column], how) for _, column, how in COLUMNS]
            for person in people.to_dict("records")
        ]
        print_rows(f"Each person against the others, alignment: {alignment}", headings, rows)
    sentences = (
        describe_overlap(found.table)
        + describe_shifts(found.shifts)
        + describe_missing_figures(found)
    )
    for sentence in (NOTE, *sentences):
        say(sentence)


def _cell(value: Any, how: str) -> str:
    missing = isinstance(value, float) and math.isnan(value)
    return "–" if missing else format(value, how)
