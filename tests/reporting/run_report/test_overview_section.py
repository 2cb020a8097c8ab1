"""The first section of a report: what its sentences say on few subjects."""

from __future__ import annotations

import html
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bci_dann.reporting.run_report.completeness import Completeness
from bci_dann.reporting.run_report.overview_section import overview_section
from bci_dann.reporting.run_report.scored_group import ScoredGroup


def text_of(n_subjects, n_pipelines):
    """Return the text of the section where each pipeline is better than the one before."""
    gains = np.random.default_rng(0).uniform(0, 0.01, (n_pipelines, n_subjects))
    rows = [
        {"pipeline": f"p{index}", "subject": str(subject), "accuracy": 0.5 + 0.1 * index + gain}
        for index, values in enumerate(gains)
        for subject, gain in enumerate(values)
    ]
    constant = {"dataset": "X", "protocol": "train", "seed": 0, "session": "0", "n_test": 100}
    results = pd.DataFrame(rows).assign(**constant)
    trials = results.assign(trial=0)
    manifest = SimpleNamespace(pipelines={}, protocols=["train"], fixed={})
    run = SimpleNamespace(
        groups=[ScoredGroup("X", "train", results, trials, reference="p0")],
        stored=SimpleNamespace(manifest=manifest, trials=trials),
        results=results,
        classes=["a", "b"],
        completeness=Completeness(1, pd.DataFrame()),
        is_recomputed=False,
        account=None,
    )
    return html.unescape(re.sub("<[^>]+>", " ", overview_section(run).body))


@pytest.mark.parametrize(
    ("n_subjects", "n_pipelines", "needed"), [(5, 2, 6), (6, 5, 8), (7, 5, 8), (3, 3, 7)]
)
def test_too_few_subjects_for_the_number_of_comparisons_are_told(n_subjects, n_pipelines, needed):
    text = text_of(n_subjects, n_pipelines)
    assert "no difference can be significant at 5 %" in text
    assert f"this needs at least {needed} subjects" in text
    assert ("Holm's correction over" in text.split("no difference")[1]) == (n_pipelines > 2)
    assert "would be significant in 80 %" not in text


@pytest.mark.parametrize(("n_subjects", "n_pipelines"), [(6, 2), (8, 5)])
def test_enough_subjects_have_the_difference_that_they_can_show(n_subjects, n_pipelines):
    text = text_of(n_subjects, n_pipelines)
    assert "no difference can be significant" not in text
    assert "would be significant in 80 %" in text
