"""The curve of accuracy over trials, from records of runs whose predictions are known."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.evaluation.selection.subject_predictions import SubjectPredictions
from bci_dann.exceptions import ResultsError
from bci_dann.reporting import draw_online_curve, online_curve, write_online_figure


def predictions(subject, hits, order=None, protocol="online"):
    truth = np.array(["a", "b"] * len(hits))[: len(hits)]
    p = np.where(np.array(hits) == (truth == "a"), 0.9, 0.1)
    order = np.arange(len(hits)) if order is None else np.array(order)
    return SubjectPredictions(
        "mine",
        protocol,
        0,
        subject,
        np.column_stack([p, 1 - p])[order],
        truth[order],
        np.array(["a", "b"]),
        np.repeat("0", len(hits)),
        100 + order,
    )


@pytest.fixture
def curve(monkeypatch):
    def made(*all_predictions, width=2):
        name = "bci_dann.reporting.trial_curve.read_predictions"
        monkeypatch.setattr(name, lambda _: iter(all_predictions))
        return online_curve("run", width)

    return made


def test_bins_are_of_the_order_of_recording_and_subjects_weigh_alike(curve):
    table = curve(
        predictions("1", [True, True, False, False], order=[3, 0, 2, 1]),
        predictions("2", [True, False, True, True, True]),
    )
    assert table["first_trial"].tolist() == [1, 3, 5]
    assert table["last_trial"].tolist() == [2, 4, 6]
    assert table["accuracy"].tolist() == [75.0, 50.0, 100.0]
    assert table["n_subjects"].tolist() == [2, 2, 1]
    assert table["n_trials"].tolist() == [4, 4, 1]


def test_protocols_are_lines_of_their_own(curve, tmp_path):
    table = curve(predictions("1", [True] * 4), predictions("1", [False] * 4, protocol="train"))
    (axes,) = draw_online_curve(table).axes
    assert [line.get_ydata().tolist() for line in axes.lines] == [[100, 100], [0, 0]]
    assert [text.get_text() for text in axes.figure.legends[0].get_texts()] == [
        "mine, online",
        "mine, train",
    ]
    assert write_online_figure(table, tmp_path / "a.png").stat().st_size > 1000


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(ResultsError, match="is no results folder"):
        online_curve(tmp_path)


def test_a_run_without_records_has_a_curve_without_rows(curve):
    assert curve().empty
    assert list(curve().columns)[:2] == ["pipeline", "protocol"]
