"""Tables of results: names stay as they are written, and empty cells of figures are missing."""

from __future__ import annotations

import pandas as pd
import pytest

from bci_dann.evaluation.score_table import parse_score_table, read_score_table

NAMES = ["NA", "None", "nan", "001", "1e5", ""]


def test_names_are_text_and_figures_are_numbers(tmp_path):
    written = pd.DataFrame(
        {
            "subject": NAMES,
            "session": NAMES,
            "seed": range(6),
            "accuracy": [0.5, float("nan"), 0.25, 1.0, 0.0, 0.75],
            "is_baseline": [True, False] * 3,
        }
    )
    written.to_csv(tmp_path / "results.csv", index=False)
    pd.testing.assert_frame_equal(
        read_score_table(tmp_path / "results.csv"), written, check_dtype=False
    )


def test_a_text_without_columns_is_refused():
    with pytest.raises(ValueError, match="No columns"):
        parse_score_table("")
