"""Training curves: drawn where records hold them, and not promised where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bci_dann.evaluation import open_results
from bci_dann.evaluation.runs.records import read_record, write_record
from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.reporting.run_report.run_content import read_run
from bci_dann.reporting.run_report.training.training_section import (
    draw_domain_accuracy,
    draw_training,
    training_section,
)

CURVES = {"classification": [0.7, 0.5, 0.4], "mcc": [-0.1, -0.2, -0.3]}
ACCURACY = {"dann.domain_accuracy": [0.5, 0.75, 0.25], "dann.domain_chance": [0.2, 0.2, 0.2]}


@pytest.fixture
def trained(write_run, tmp_path):
    return with_history(write_run, tmp_path, CURVES)


@pytest.fixture
def adversarial(write_run, tmp_path):
    return with_history(write_run, tmp_path, {**CURVES, **ACCURACY})


def with_history(write_run, tmp_path, curves):
    """A run in which one of three pipelines has a history, the same for each subject."""
    run = write_run(tmp_path / "run", n_subjects=3, protocols=("train",))
    manifest = ResultsFolder(run).manifest()
    for task in replace(manifest, subjects=["1", "2", "3"]).tasks:
        path = ResultsFolder(run).record_path(task)
        if task.pipeline.name == "ea_csp_lda":
            history = {name: np.float32(values) for name, values in curves.items()}
            write_record(path, task, replace(read_record(path, task), history=history))
    return run


def test_the_history_of_records_is_drawn(trained):
    history = open_results(trained).history
    assert set(history["pipeline"]) == {"ea_csp_lda"}
    assert len(history) == 3 * 3 * 2
    figure = draw_training(history, ["ea_csp_lda"])
    drawn = {ax.get_title().partition(",")[0]: ax.lines[0].get_ydata() for ax in figure.axes}
    assert drawn.keys() == CURVES.keys()
    for name, values in CURVES.items():
        np.testing.assert_allclose(drawn[name], values, rtol=1e-6)
    assert all("N = 3 subjects" in ax.get_title() for ax in figure.axes)


def test_the_section_says_how_to_read_it_and_who_has_no_curves(trained):
    body = training_section(read_run(trained)).body
    assert "Training under train, N = 3 subjects" in body
    assert "How to read this." in body
    assert "they train no network: ra_ts_logistic, csp_lda." in body


def test_a_run_without_networks_has_no_section(small_run):
    assert training_section(read_run(small_run)) is None


def test_the_domain_accuracy_is_drawn_with_chance_in_percent(adversarial):
    history = open_results(adversarial).history
    (ax,) = draw_domain_accuracy(history, ["csp_lda", "ea_csp_lda"]).axes
    curve, chance = ax.lines
    np.testing.assert_allclose(curve.get_ydata(), [50, 75, 25], rtol=1e-6)
    np.testing.assert_allclose(chance.get_ydata(), [20, 20], rtol=1e-6)
    assert chance.get_linestyle() == "--"
    assert ax.get_title() == "dann, N = 3 subjects"
    assert ax.get_ylabel() == "accuracy of the domain classifier (%)"


def test_the_section_shows_domain_accuracy_where_there_is_an_adversary(adversarial):
    body = training_section(read_run(adversarial)).body
    assert "Domain accuracy in training under train, N = 3 subjects" in body
    assert "1 / number of domains" in body
    assert body.count("How to read this.") == 2


def test_without_an_adversary_no_domain_accuracy_is_promised(trained):
    assert "Domain accuracy" not in training_section(read_run(trained)).body
