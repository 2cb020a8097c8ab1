"""The report of a pseudo-online run: figures, their number of subjects, and the words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation import run_benchmark
from bci_dann.evaluation.pseudo_online.window_scores import SCORES
from bci_dann.evaluation.runs.results import ROW_KEYS
from bci_dann.reporting import write_run_report
from bci_dann.reporting.run_report.windows.pseudo_online_section import draw_windows


@pytest.fixture(scope="module")
def page(tmp_path_factory, read_page):
    out = tmp_path_factory.mktemp("windows") / "run"
    params = {"n_subjects": 3, "n_trials": 6, "pause": 4, "ch_names": ["C3", "Cz", "C4"]}
    config = {
        "name": "windows",
        "data": {"dataset": "SimulatedMI", "params": params},
        "preprocessing": {"window": [0.5, 2.5], "resample": 64, "filter_method": "causal"},
        "pipelines": ["csp_lda", "ea_csp_lda"],
        "protocols": ["train", "train_and_target_unlabeled_full"],
        "pipeline_parameters": {"*": {"n_components": 2}},
        "pseudo_online": {"step": 1.0},
    }
    run_benchmark(config, out, progress=False)
    return read_page(write_run_report(out))


def test_each_protocol_has_its_figure_with_the_number_of_subjects(page):
    for protocol in ("train", "train_and_target_unlabeled_full"):
        assert f"Windows under {protocol}, N = 3 subjects" in page.figures


def test_it_says_what_windows_are_and_which_protocol_looks_ahead(page):
    assert "1 s apart" in page.text
    assert "train (causal)" in page.text
    assert "train_and_target_unlabeled_full (not causal)" in page.text
    assert "scored windows of the classes" in page.text
    assert "Carrara and Papadopoulo 2024" in page.text
    assert "chance, 5 %" not in page.text


def test_axes_name_what_they_show():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.uniform(0, 1, (6, len(SCORES))), columns=list(SCORES))
    for name in ROW_KEYS:
        rows[name] = "0"
    rows["pipeline"], rows["subject"] = ["a", "b"] * 3, ["1", "1", "2", "2", "3", "3"]
    left, right = draw_windows(rows, ["b", "a"]).axes
    assert [text.get_text() for text in left.get_yticklabels()] == ["b", "a"]
    assert left.get_xlabel() == "Matthews' correlation (0: chance)"
    assert right.get_ylabel() == "detected tasks (%)"
    assert left.get_title() == right.get_title() == "N = 3 subjects"
