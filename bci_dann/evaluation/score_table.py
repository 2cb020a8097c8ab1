"""Reading of tables of scores, whose names of subjects, pipelines and regimes are text."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["parse_score_table", "read_score_table"]

# Columns of names. A subject may be called "001", "1e5" or "NA".
NAMES = ("dataset", "regime", "pipeline", "protocol", "subject", "session")


def read_score_table(path: str | Path) -> pd.DataFrame:
    """Read a table of scores.

    Parameters
    ----------
    path : str or pathlib.Path
        A CSV file, such as ``results.csv`` of a run.

    Returns
    -------
    pandas.DataFrame
        See :func:`parse_score_table`.

    Raises
    ------
    OSError
        When the file cannot be read.
    ValueError
        When it is not a table.
    """
    return parse_score_table(Path(path).read_text(encoding="utf-8"))


def parse_score_table(text: str) -> pd.DataFrame:
    """Return the table in a text of comma-separated values.

    Parameters
    ----------
    text : str
        The content of a CSV file.

    Returns
    -------
    pandas.DataFrame
        Names are text as it is written; in other columns, an empty cell is a missing value.

    Raises
    ------
    ValueError
        When the text is not a table.
    """
    import pandas as pd

    columns = next(csv.reader(io.StringIO(text)), [])
    return pd.read_csv(
        io.StringIO(text),
        dtype=dict.fromkeys(NAMES, str),
        keep_default_na=False,
        na_values={name: [""] for name in columns if name not in NAMES},
    )
