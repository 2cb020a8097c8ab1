"""Maps of models in a report: which pipelines, with which target, in which colours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation import run_benchmark
from bci_dann.reporting.run_report.feature_map import trained_maps as module
from bci_dann.reporting.run_report.feature_map.trained_maps import (
    draw_trained_maps,
    trained_maps_html,
)
from bci_dann.reporting.run_report.run_content import read_run

PIPELINES = ["csp_lda", "ea_csp_lda", "mdwm"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    config = {
        "name": "mine",
        "data": {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}},
        "pipelines": PIPELINES,
        "protocols": ["train", "train_and_target_unlabeled_full"],
    }
    run_benchmark(config, folder, progress=False)
    return read_run(folder)


def made_up(pipelines=("one", "two")):
    rng = np.random.default_rng(0)
    frame = {
        "subject": "2",
        "trial_subject": np.repeat(["1", "2", "3"], 4),
        "label": np.tile(["left", "right"], 6),
        "explained_1": 0.5,
        "explained_2": 0.25,
    }
    return pd.concat(
        [
            pd.DataFrame(
                {"pipeline": name, **frame, "component_1": rng.normal(size=12), "component_2": 0.0}
            )
            for name in pipelines
        ]
    )


def test_a_row_of_panels_for_each_pipeline_and_the_target_with_an_edge():
    figure = draw_trained_maps(made_up(), ["two", "one"])
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == [
        f"{name}, by {kind}, N = 3 subjects"
        for name in ("two", "one")
        for kind in ("class", "subject")
    ]
    assert figure.axes[0].get_xlabel() == "component 1 (50 % of variance)"
    edged = figure.axes[0].collections[-1]
    own = made_up().query("pipeline == 'two' and trial_subject == '2'")
    np.testing.assert_array_equal(edged.get_offsets()[:, 0], own["component_1"])
    legends = [[text.get_text() for text in one.get_texts()] for one in figure.legends]
    assert legends == [["left", "right"], ["1", "2", "3"]]


def test_each_protocol_has_its_figure_and_names_who_has_none(run):
    text = trained_maps_html(run)
    for protocol in ("train", "train_and_target_unlabeled_full"):
        title = f"Features of trained models under {protocol}, target subject 1, N = 3 subjects"
        assert text.count(f"<figcaption>{title}<") == 1
    assert text.count("These pipelines have no map") == 2
    assert "their models have no features: mdwm." in text


def test_the_reference_is_always_shown(run, monkeypatch):
    shown = []
    monkeypatch.setattr(module, "MAX_DRAWN", 1)
    monkeypatch.setattr(
        module,
        "draw_trained_maps",
        lambda points, pipelines: shown.append(pipelines) or draw_trained_maps(points, pipelines),
    )
    text = trained_maps_html(run)
    assert shown == [["csp_lda"]] * 2
    assert "The figure shows 1 of 2 pipelines." in text


def test_each_pipeline_has_its_first_seed_where_tasks_are_missing(run, monkeypatch):
    points = run.stored.feature_points
    later = points["pipeline"] == "csp_lda"
    changed = points.assign(seed=points["seed"] + later)
    twice = pd.concat([changed, changed.assign(seed=changed["seed"] + 2)])
    monkeypatch.setitem(run.stored.__dict__, "feature_points", twice)
    drawn = []
    monkeypatch.setattr(
        module,
        "draw_trained_maps",
        lambda points, pipelines: drawn.append(points) or draw_trained_maps(points, pipelines),
    )
    trained_maps_html(run)
    assert drawn[0].groupby("pipeline")["seed"].unique().map(list).to_dict() == {
        "csp_lda": [1],
        "ea_csp_lda": [0],
    }


def test_records_without_maps_have_no_figure(small_run):
    assert trained_maps_html(read_run(small_run)) == ""
