"""Entries of a model card that a user provides: licence, a note, and published scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bci_dann._validation import check_option
from bci_dann.exceptions import ConfigError, DataError

__all__ = ["card_fields", "scores_of_table"]

COLUMNS = ("protocol", "n_subjects", "accuracy", "std_subjects", "roc_auc", "chance")
NOTE = "# note:"


def card_fields(card: Mapping[str, Any], pipeline: str) -> dict[str, Any]:
    """Return the recipe fields with the entries that a user provides for the model card.

    Parameters
    ----------
    card : mapping of str to str or None
        Optional entries ``licence``, ``note`` and ``scores`` (path of a table).
    pipeline : str
        Name of the pipeline that is trained.

    Returns
    -------
    dict of str to object
        Fields of :class:`~bci_dann.serving.ModelRecipe`.

    Raises
    ------
    ConfigError
        When there is an unknown key, or the table has no row of the pipeline.
    DataError
        When the table cannot be read.
    """
    for key in card:
        check_option("each key of card", key, ("licence", "note", "scores"))
    fields = {key: card[key] for key in ("licence", "note") if card.get(key) is not None}
    if card.get("scores") is not None:
        fields["scores"] = scores_of_table(card["scores"], pipeline)
    return fields


def scores_of_table(path: str | Path, pipeline: str) -> list[dict[str, str | float]]:
    """Return the scores of a pipeline from a table that ``bci-dann publish`` wrote.

    Parameters
    ----------
    path : str or pathlib.Path
        The table (CSV).
    pipeline : str
        Name of the pipeline.

    Returns
    -------
    list of dict
        One entry for each protocol: ``protocol``, ``n_subjects``, ``accuracy`` and
        ``std_subjects`` (%), ``roc_auc``, ``chance`` (%), if the table has these columns, and the
        origin of the scores: ``table`` (file name) and ``note``.

    Raises
    ------
    ConfigError
        When the table has no row of the pipeline.
    DataError
        When the table cannot be read.
    """
    import pandas as pd

    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
        table = pd.read_csv(file, comment="#")
    except (OSError, ValueError) as error:
        raise DataError(f"the scores in {file} cannot be read: {error}") from error
    needed = {"pipeline", "protocol", "accuracy"}
    rows = table[table["pipeline"] == pipeline] if needed <= set(table) else table[:0]
    if rows.empty:
        raise ConfigError(
            f"{file} has no scores of {pipeline}. Give a table that `bci-dann publish` wrote for a "
            "run with this pipeline."
        )
    notes = [line.removeprefix(NOTE) for line in text.splitlines() if line.startswith(NOTE)]
    origin = {"table": file.name, "note": notes[0].strip() if notes else ""}
    found = rows[[name for name in COLUMNS if name in rows]].to_dict("records")
    return [{**_known(row), **origin} for row in found]


def _known(row: dict[str, str | float]) -> dict[str, str | float]:
    return {str(key): value for key, value in row.items() if value == value}  # not NaN
