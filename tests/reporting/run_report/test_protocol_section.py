"""Protocols are compared on the trials that all of them score."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.reporting.run_report.protocol_section import (
    draw_times,
    protocols_section,
)
from bci_dann.reporting.run_report.ranking_section import ranking_section
from bci_dann.reporting.run_report.run_content import read_run


def test_only_common_trials_count(small_run, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "bci_dann.reporting.run_report.protocol_section.figure_html",
        lambda figure, title, _: drawn.append((figure, title)) or "",
    )
    run = read_run(small_run)
    protocols_section(run)
    figure, title = drawn[0]
    assert "N = 8 subjects, 160 common trials" in title  # the second half of 320
    trials = run.stored.trials
    late = trials[(trials["trial"] % 40 >= 20) & (trials["pipeline"] == "csp_lda")]
    hit = late["truth"] == late["prediction"]
    by_subject = hit.groupby([late["protocol"], late["subject"]]).mean()
    expected = 100 * by_subject.groupby(level=0).mean()
    line = next(line for line in figure.axes[0].lines if line.get_label() == "csp_lda")
    np.testing.assert_allclose(
        line.get_ydata(), expected[["train", "train_and_target_unlabeled_50p"]]
    )


def test_the_ranking_shows_each_score_on_common_trials_too(small_run):
    run = read_run(small_run)
    page = ranking_section(run).body
    trials = run.stored.trials
    late = trials[(trials["trial"] % 40 >= 20) & (trials["pipeline"] == "csp_lda")]
    hit = (late["truth"] == late["prediction"]).groupby([late["protocol"], late["subject"]]).mean()
    for value in 100 * hit.groupby(level=0).mean():
        assert f"<td>{value:.1f}</td>" in page
    assert page.count("on the 160 trials that all protocols of the run score") == 2


def test_one_protocol_has_no_section(write_run, tmp_path):
    run = write_run(tmp_path / "run", n_subjects=3, protocols=("train",))
    assert protocols_section(read_run(run)) is None
    assert "common trials" not in ranking_section(read_run(run)).body


def test_times_are_those_of_training_and_prediction():
    tasks = pd.DataFrame(
        {
            "pipeline": ["slow"] * 3 + ["fast"] * 3,
            "fit_seconds": [10.0, 20.0, 30.0, 1.0, 2.0, 3.0],
            "predict_seconds": 0.5,
        }
    )
    ax = draw_times(tasks).axes[0]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["fast", "slow"]
    assert ax.lines[0].get_xdata() == pytest.approx([2.5, 20.5])
    assert ax.get_title() == "N = 6 tasks"
