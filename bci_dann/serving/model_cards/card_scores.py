"""What a user adds to a model card: licence, a note, and scores that a run published."""

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
    """Return the fields of a recipe that hold what a user adds to the model card.

    Parameters
    ----------
    card : mapping of str to str or None
        ``licence``, ``note`` and ``scores``, the path of a table; none is needed.
    pipeline : str
        The pipeline that is trained.

    Returns
    -------
    dict of str to object
        As :class:`~bci_dann.serving.ModelRecipe` has them.

    Raises
    ------
    ConfigError
        When there is another key, or the table does not hold the pipeline.
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
    """Return the results of a pipeline in a table of ``bci-dann publish``.

    Parameters
    ----------
    path : str or pathlib.Path
        The table, a CSV file.
    pipeline : str
        The pipeline.

    Returns
    -------
    list of dict
        For each protocol ``protocol``, ``n_subjects``, ``accuracy`` and ``std_subjects`` (%),
        ``roc_auc``, ``chance`` (%), as far as the table has them, and ``table`` and ``note``, which
        say where they come from.

    Raises
    ------
    ConfigError
        When the table does not hold the pipeline.
    DataError
        When it cannot be read.
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
            f"{file} holds no scores of {pipeline}. Give a table that `bci-dann publish` wrote of "
            "a run with this pipeline."
        )
    notes = [line.removeprefix(NOTE) for line in text.splitlines() if line.startswith(NOTE)]
    origin = {"table": file.name, "note": notes[0].strip() if notes else ""}
    found = rows[[name for name in COLUMNS if name in rows]].to_dict("records")
    return [{**_known(row), **origin} for row in found]


def _known(row: dict[str, str | float]) -> dict[str, str | float]:
    return {str(key): value for key, value in row.items() if value == value}  # not NaN
