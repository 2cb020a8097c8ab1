"""Known labels of some trials of a new subject, read from a CSV file or a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.serving.reading.prepared_recording import PreparedRecording

__all__ = ["known_labels", "read_labels"]

# Names of the columns: the label, and the columns that identify its cue.
LABEL, TRIAL, ONSET, FILE = "label", "trial", "onset", "file"

# Text of a missing number in a CSV file. A label may be any of these words; it is missing if empty.
MISSING_NUMBERS = ["", "NA", "NaN", "nan"]

# Number of file names that an error message lists.
MAX_LISTED = 5

# Largest difference (s) between an onset in the table and the onset of its cue.
ONSET_TOLERANCE_S = 0.05


def read_labels(labels: str | Path | pd.DataFrame) -> pd.DataFrame:
    """Read a table of labels, and check its columns.

    Parameters
    ----------
    labels : str, pathlib.Path or pandas.DataFrame
        A CSV file with commas or semicolons, or a table: the column ``label``, and either
        ``trial`` (number of the cue from 0, as in the predictions) or ``onset`` (s); for several
        recordings also ``file``.

    Returns
    -------
    pandas.DataFrame
        The rows that have a label, as text without surrounding spaces. In a CSV file every text is
        a label, also ``NA`` or ``null``, which may be the name of a class.

    Raises
    ------
    ConfigError
        When a required column is missing.
    DataError
        When the file cannot be read, or contains no labels.
    """
    import pandas as pd

    name = "the labels" if isinstance(labels, pd.DataFrame) else str(labels)
    table = labels if isinstance(labels, pd.DataFrame) else _read(Path(labels))
    if LABEL not in table or not {TRIAL, ONSET} & set(table):
        raise ConfigError(
            f"{name} needs the column 'label', and the column 'trial' or 'onset'; it has the "
            f"columns {', '.join(map(str, table))}."
        )
    known = table[table[LABEL].notna() & (table[LABEL].astype(str).str.strip() != "")]
    if known.empty:
        raise DataError(f"{name} contains no labels: the column 'label' is empty.")
    return known.assign(label=known[LABEL].astype(str).str.strip())


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline()
        # spreadsheet programs separate columns by semicolons where a comma is the decimal point
        has_semicolons = ";" in header and "," not in header
        table = pd.read_csv(
            path,
            sep=";" if has_semicolons else ",",
            dtype={LABEL: str, FILE: str},
            skipinitialspace=True,
            keep_default_na=False,
            na_values={TRIAL: MISSING_NUMBERS, ONSET: MISSING_NUMBERS},
        )
        if has_semicolons and ONSET in table and not pd.api.types.is_numeric_dtype(table[ONSET]):
            table[ONSET] = table[ONSET].str.replace(",", ".")
        return table
    except FileNotFoundError:
        raise DataError(f"there is no file {path}: give a CSV file of labels.") from None
    except Exception as error:  # a table can be damaged in many ways
        raise DataError(f"{path} cannot be read as CSV: {error}") from error


def known_labels(
    table: pd.DataFrame, prepared: Sequence[PreparedRecording], classes: Sequence[str]
) -> NDArray[np.object_]:
    """Return the known labels of the trials of some recordings.

    Parameters
    ----------
    table : pandas.DataFrame
        The result of :func:`read_labels`.
    prepared : sequence of PreparedRecording
        The recordings, with their cues.
    classes : sequence of str
        The classes of the model.

    Returns
    -------
    ndarray of object, shape (n_trials,)
        One entry for each usable trial of all recordings; ``""`` where the label is not known.

    Raises
    ------
    ConfigError
        When a label is not a class of the model, or the column ``file`` is missing.
    DataError
        When a row matches no recording or no cue, or two rows give the same trial different labels.
    """
    for label in table[LABEL].unique():
        if label not in classes:
            raise ConfigError(
                f"the label {label!r} is not a class of the model.{did_you_mean(label, classes)} "
                f"Its classes are {', '.join(classes)}."
            )
    if len(prepared) > 1 and FILE not in table:
        raise ConfigError(
            "labels of several recordings need the column 'file', which names the recording of "
            "each row."
        )
    rows = _recording_of_rows(table, [one.label for one in prepared])
    parts = [_labels_of(table[rows == k], one) for k, one in enumerate(prepared)]
    return np.concatenate(parts)


def _recording_of_rows(table: pd.DataFrame, labels: Sequence[str]) -> NDArray[np.int_]:
    """Return the index of the recording that each row belongs to."""
    if FILE not in table:
        return np.zeros(len(table), dtype=int)
    files = table[FILE].where(table[FILE].notna(), "").astype(str).str.strip().tolist()
    names = list(dict.fromkeys(files))
    fitting = {name: _recordings_named(name, labels, names) for name in names}
    wrong = [name for name in names if len(fitting[name]) != 1]
    if wrong:
        several = [name for name in wrong if fitting[name]]
        raise DataError(_no_recording_message(several or wrong, bool(several), files, labels))
    return np.array([fitting[file][0] for file in files], dtype=int)


def _recordings_named(name: str, labels: Sequence[str], names: Sequence[str]) -> list[int]:
    """Return the recordings that a name in the table stands for; one if it is clear.

    The whole path decides. A table may have been written elsewhere, so that only the end of a path
    or the name of the file agrees; this counts if it is unambiguous in the table, too.
    """
    if not name:
        return [0] if len(labels) == 1 else []
    end = f"/{_ending(name)}"
    agreements: tuple[Callable[[str], bool], ...] = (
        lambda label: label == name,
        lambda label: _resolved(label) == _resolved(name),
        lambda label: _resolved(label).as_posix().endswith(end),
    )
    for agrees in agreements:  # from the whole path to its end
        same = [k for k, label in enumerate(labels) if agrees(label)]
        if same:
            return same
    # the name of the file alone, if the table has no other file of this name
    alike = {_resolved(other) for other in names if Path(other).name == Path(name).name}
    fitting = [k for k, label in enumerate(labels) if Path(label).name == Path(name).name]
    return fitting if len(alike) == 1 else []


def _resolved(path: str) -> Path:
    return Path(path).expanduser().resolve()


def _ending(path: str) -> str:
    """Return a path without its steps upwards, with slashes."""
    return "/".join(part for part in Path(path).parts if part not in ("..", "/"))


def _no_recording_message(
    wrong: Sequence[str], is_several: bool, files: Sequence[str], labels: Sequence[str]
) -> str:
    """Return a message on file names of the table that fit no recording, or several."""
    shown = [f"{name or '(empty)'} ({files.count(name)} rows)" for name in wrong[:MAX_LISTED]]
    more = f" and {len(wrong) - MAX_LISTED} more" if len(wrong) > MAX_LISTED else ""
    problem = "fits several recordings" if is_several else "is none of the recordings"
    return (
        f"the labels name a file that {problem}: {', '.join(shown)}{more}. The recordings are "
        f"{', '.join(labels)}. Write the path of the recording in the column 'file', as in the "
        "table of `bci-dann predict`, and remove rows of other recordings."
    )


def _labels_of(rows: pd.DataFrame, recording: PreparedRecording) -> NDArray[np.object_]:
    labels = np.full(len(recording.cues), "", dtype=object)
    onsets = recording.cues["onset"].to_numpy()
    for row in rows.to_dict("records"):
        index = _cue_of(row, onsets)
        if index is None:
            place = f"trial {row[TRIAL]}" if TRIAL in row else f"onset {row[ONSET]} s"
            raise DataError(
                f"{recording.label} has no cue for the label at {place}. It has {len(onsets)} "
                "cues, counted from 0; `bci-dann predict` lists them."
            )
        if labels[index] not in ("", row[LABEL]):
            raise DataError(
                f"{recording.label}: trial {index} has two labels, {labels[index]!r} and "
                f"{row[LABEL]!r}. Give each trial one label in the table."
            )
        labels[index] = row[LABEL]
    return labels[(recording.cues["left_out"] == "").to_numpy()]


def _cue_of(row: dict[str, Any], onsets: NDArray[np.float64]) -> int | None:
    place = TRIAL if TRIAL in row else ONSET
    try:
        number = float(row[place])
    except (TypeError, ValueError):  # text cannot be matched to a cue
        return None
    if place == TRIAL:
        return int(number) if number.is_integer() and 0 <= number < len(onsets) else None
    distance = np.abs(onsets - number)
    return int(distance.argmin()) if distance.min(initial=np.inf) <= ONSET_TOLERANCE_S else None
