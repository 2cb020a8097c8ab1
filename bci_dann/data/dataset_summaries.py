"""Size and licence of the datasets that a configuration may name, without importing MOABB."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bci_dann.data.dataset_names import (
    MOABB_IMAGERY_DATASETS,
    RECORDINGS,
    SIMULATED,
    moabb_datasets_folder,
)

__all__ = ["UNKNOWN", "DatasetSummary", "dataset_summaries"]

UNKNOWN = "–"
# MOABB's dataset for tests, with random numbers as signals.
NOT_EEG = {"FakeDataset"}

# Columns of MOABB's summary by field of DatasetSummary.
COLUMNS = {
    "subjects": "#Subj",
    "sessions": "#Sessions",
    "channels": "#Chan",
    "classes": "#Classes",
    "sfreq": "Freq (Hz)",
    "trials": "#Trials / class",
}
# Maximum number of trials of each class in a session, for datasets for which MOABB states that of a
# run, a subject or the whole dataset; from the publications that MOABB cites for them.
TRIALS_OF_A_SESSION = {
    "BNCI2014_001": "72",  # six runs of 48 trials of four classes
    "BNCI2014_004": "80",  # 120 trials in two sessions, 160 in three
    "BNCI2015_001": "100",
    "Cho2017": "120",  # or 100
    "Dreyer2023": "120",  # six runs of 40 trials
    "Lee2019_MI": "50",  # MOABB reads the offline phase, 100 trials
    "Schirrmeister2017": "260",
}
RANGE = re.compile(r"varies \((.+)\)")
# Lines of MOABB's source code: a class with its base class, and a licence.
CLASS = re.compile(r"class (\w+)\((\w*)")
LICENCE = re.compile(r"\s+license=[\"']([^\"']+)[\"']")
# `"Beetl2021_A": {"documentation": {"license": "CC-BY-4.0", ...` in MOABB's corrections.
CORRECTION = re.compile(r'"(\w+)": \{\s*"documentation": \{\s*"license": "([^"]+)"')


@dataclass(frozen=True)
class DatasetSummary:  # numpydoc ignore=PR02
    """Size and licence of a dataset, as text, since some of MOABB's entries are ranges.

    Unknown entries are an en dash.

    Parameters
    ----------
    name : str
        The name in configurations.
    subjects : str
        Number of subjects.
    sessions : str
        Number of sessions of each subject.
    channels : str
        Number of EEG channels.
    classes : str
        Number of classes.
    sfreq : str
        Sampling frequency (Hz).
    trials : str
        Maximum number of trials of each class in a session. For datasets that are not in a suite
        of this package, it is MOABB's number, which for some is that of a subject or a run.
    licence : str
        The licence according to MOABB.
    """

    name: str
    subjects: str = UNKNOWN
    sessions: str = UNKNOWN
    channels: str = UNKNOWN
    classes: str = UNKNOWN
    sfreq: str = UNKNOWN
    trials: str = UNKNOWN
    licence: str = UNKNOWN


# The simulator with the default values of its parameters; a test compares them.
SIMULATED_SUMMARY = DatasetSummary(SIMULATED, "6", "1", "15", "2", "128", "40")


def dataset_summaries(contains: str = "") -> list[DatasetSummary]:
    """Return the motor-imagery datasets, with those of this package first.

    Parameters
    ----------
    contains : str
        Only datasets whose name contains this text, ignoring case.

    Returns
    -------
    list of DatasetSummary
        The simulator, folders of recordings, and MOABB's motor-imagery datasets, sorted by name.
    """
    folder = moabb_datasets_folder()
    rows, licences = _summary_rows(folder), _licences(folder)
    names = sorted({*MOABB_IMAGERY_DATASETS, *rows} - NOT_EEG)
    of_moabb = [_of_moabb(name, rows.get(name, {}), licences.get(name, UNKNOWN)) for name in names]
    every = [SIMULATED_SUMMARY, DatasetSummary(RECORDINGS), *of_moabb]
    return [one for one in every if contains.lower() in one.name.lower()]


def _of_moabb(name: str, row: Mapping[str, str], licence: str) -> DatasetSummary:
    entries = {
        field: RANGE.sub(r"\1", row.get(column) or UNKNOWN) for field, column in COLUMNS.items()
    }
    entries["trials"] = TRIALS_OF_A_SESSION.get(name, entries["trials"])
    return DatasetSummary(name, **entries, licence=licence)


def _summary_rows(folder: Path | None) -> dict[str, dict[str, str]]:
    """Return the rows of MOABB's summary of its motor-imagery datasets, by name."""
    path = folder / "summary_imagery.csv" if folder else None
    if path is None or not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["Dataset"]: row for row in csv.DictReader(file)}


def _licences(folder: Path | None) -> dict[str, str]:
    """Return licences by class, read from the source code of MOABB's dataset classes."""
    if folder is None:
        return {}
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if "license=" in text:
            found |= _licences_in(text)
    catalogue = folder / "metadata" / "__init__.py"
    if catalogue.is_file():
        found |= dict(CORRECTION.findall(catalogue.read_text(encoding="utf-8")))
    return {name: licence.replace(" ", "-") for name, licence in found.items()}


def _licences_in(source: str) -> dict[str, str]:
    """Return the licences of a module's classes, from the class, its base class or the module."""
    own: dict[str, str] = {}
    base_of: dict[str, str] = {}
    for scope, base, licence in _statements(source):
        if base is not None:
            base_of[scope] = base
        if licence is not None:
            own.setdefault(scope, licence)
    module = own.pop("", None)
    inherited = {name: own.get(base, module) for name, base in base_of.items()}
    every = {name: own.get(name, inherited[name]) for name in base_of}
    return {name: licence for name, licence in every.items() if licence is not None}


def _statements(source: str) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield (class or empty, base class or None, licence or None) for the relevant lines."""
    scope = ""
    for line in source.splitlines():
        begins, licence = CLASS.match(line), LICENCE.match(line)
        if begins:
            scope = begins[1]
            yield scope, begins[2], None
        elif licence:
            yield scope, None, licence[1]
        elif line[:1].isalpha() or line[:1] == "_":
            scope = ""
