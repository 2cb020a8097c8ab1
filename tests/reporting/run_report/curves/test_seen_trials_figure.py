"""Curves over the trials of the target: which protocols are on which, and what is drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation.protocols import PROTOCOLS
from bci_dann.reporting.run_report.curves.seen_trials_figure import (
    CURVES,
    curves_of,
    draw_seen_trials,
)
from bci_dann.reporting.run_report.protocol_section import protocols_section
from bci_dann.reporting.run_report.run_content import read_run

FULL = "train_and_target_unlabeled_full"


def test_each_protocol_is_on_the_curves_that_it_differs_in_the_number_of_trials_on():
    unlabelled, labelled, some = (curve.points(PROTOCOLS) for curve in CURVES)
    prefix = "train_and_target_"
    shares = {f"{prefix}unlabeled_20p": 20, f"{prefix}unlabeled_50p": 50, FULL: 100}
    assert unlabelled == {"train": 0, **shares}
    with_labels = {f"{prefix}labeled_20p": 20, f"{prefix}labeled_50p": 50}
    assert labelled == {"train": 0, **with_labels}
    assert some == {FULL: 0, **{f"semisupervised_{k}": k for k in (1, 2, 5, 10, 20)}}


@pytest.mark.parametrize(
    ("protocols", "count"),
    [
        (["train", FULL], 1),
        (["train", "online", "source_free"], 0),
        ([FULL, "semisupervised_5", "train"], 2),
        (["of_another_version", "train"], 0),
    ],
)
def test_a_curve_needs_two_points(protocols, count):
    assert len(curves_of(protocols)) == count


def test_points_are_at_their_numbers_of_trials():
    protocols = ["semisupervised_10", FULL, "semisupervised_1"]
    table = [[80.0, 60.0, 70.0], [81.0, 61.0, 71.0]]
    means = pd.DataFrame(table, index=["a", "b"], columns=protocols)
    (ax,) = draw_seen_trials(means, ["b", "a"], 7).axes
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [0, 1, 10])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [61, 71, 81])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [60, 70, 80])
    assert ax.get_title() == "N = 7 subjects"
    assert "labelled trials of each class" in ax.get_xlabel()
    assert "accuracy on common trials (%)" in ax.get_ylabel()


def test_a_report_of_such_protocols_has_the_curve(write_run, tmp_path):
    protocols = ("train", "train_and_target_unlabeled_20p", FULL)
    run = write_run(tmp_path / "run", n_subjects=3, protocols=protocols)
    body = protocols_section(read_run(run)).body
    assert "Accuracy by number of target trials in training, N = 3 subjects" in body
    other = write_run(tmp_path / "other", n_subjects=3, protocols=("train", "source_free"))
    assert "that training sees" not in protocols_section(read_run(other)).body
