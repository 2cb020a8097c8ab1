"""The section with the accuracies of each subject."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from bci_dann.reporting.run_report.scored_group import ScoredGroup
from bci_dann.reporting.run_report.subjects_section import subjects_section


def section_of(accuracies, n_classes=2):
    """Return the text of the section for accuracies of subjects, equal with both pipelines.

    The number of classes is ``None`` in a pseudo-online run, whose windows overlap.
    """
    rows = [
        {"pipeline": pipeline, "subject": str(number), "accuracy": accuracy}
        for pipeline in ("mdm", "csp_lda")
        for number, accuracy in enumerate(accuracies, start=1)
    ]
    constant = {"dataset": "X", "protocol": "train", "seed": 0, "session": "0", "n_test": 100}
    results = pd.DataFrame(rows).assign(**constant)
    results.attrs["n_classes"] = n_classes
    trials = pd.DataFrame({"truth": ["a", "b"]})
    group = ScoredGroup("X", "train", results, trials, reference="mdm")
    return subjects_section(SimpleNamespace(groups=[group])).body


def test_a_subject_worse_than_guessing_is_named():
    text = section_of([0.8, 0.2, 0.6])
    assert "Subject 2 of X: every pipeline is right less often than by guessing" in text
    assert text.count("less often than by guessing") == 1


def test_nothing_is_said_of_windows_which_are_mostly_idle_time():
    assert "guessing" not in section_of([0.8, 0.2, 0.6], n_classes=None)


def test_nothing_is_said_if_no_subject_is():
    assert "guessing" not in section_of([0.8, 0.45, 0.6])
