"""The map of trials in a report: drawn where the folder has one of these trials."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.evaluation.feature_maps.trial_map import FeatureMap
from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.reporting.run_report.feature_map.feature_map_section import (
    draw_feature_map,
    feature_map_section,
)
from bci_dann.reporting.run_report.run_content import read_run


def made_up(data_key="key", n_subjects=3):
    rng = np.random.default_rng(0)
    subjects = np.repeat([f"{n}" for n in range(n_subjects)], 4)
    before, after = rng.normal(size=(2, len(subjects), 2)).astype("f4")
    explained = np.float32([[0.5, 0.2], [0.3, 0.1]])
    labels = np.tile(["left", "right"], 2 * n_subjects)
    return FeatureMap(before, after, explained, subjects, labels, data_key)


@pytest.fixture
def with_map(write_run, tmp_path):
    def write(**changes):
        run = write_run(tmp_path / "run", n_subjects=3, protocols=("train",))
        found = made_up(**{"data_key": ResultsFolder(run).manifest().data_key, **changes})
        np.savez(run / "feature_map.npz", **vars(found))
        return read_run(run)

    return write


def test_each_panel_names_stage_colours_subjects_and_variance():
    figure = draw_feature_map(made_up())
    axes = figure.axes
    assert [ax.get_title() for ax in axes] == [
        f"{stage} re-centring, by {kind}, N = 3 subjects"
        for stage in ("before", "after")
        for kind in ("class", "subject")
    ]
    assert axes[0].get_xlabel() == "component 1 (50 % of variance)"
    assert axes[3].get_ylabel() == "component 2 (10 % of variance)"
    legends = [[text.get_text() for text in one.get_texts()] for one in figure.legends]
    assert legends == [["left", "right"], ["0", "1", "2"]]
    assert sum(len(points.get_offsets()) for points in axes[1].collections) == 12


def test_many_subjects_are_told_apart_by_a_scale_of_colours():
    figure = draw_feature_map(made_up(n_subjects=30))
    (points,) = figure.axes[1].collections
    assert len(points.get_offsets()) == 120
    assert len(np.unique(points.get_array())) == 30
    assert [one.get_title().get_text() for one in figure.legends] == ["class"]


def test_the_section_says_how_to_read_it(with_map):
    body = feature_map_section(with_map()).body
    assert "Trials before and after re-centring, N = 3 subjects, 12 trials" in body
    assert "How to read this." in body


def test_a_map_of_other_trials_is_not_shown(with_map, small_run):
    assert feature_map_section(with_map(data_key="others")) is None
    assert feature_map_section(read_run(small_run)) is None
