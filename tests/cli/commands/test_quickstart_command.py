"""The command ``quickstart``: what it prints, and that it leaves the work to the library."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bci_dann.examples.quickstart import Quickstart


@pytest.fixture
def calls(monkeypatch):
    """Replace the work by a made-up result; return the calls."""
    seen = []
    rows = [
        {
            "dataset": "SimulatedMI",
            "pipeline": name,
            "protocol": "train",
            "seed": 0,
            "subject": subject,
            "session": "0",
            "n_test": 60,
            "accuracy": accuracy,
            "roc_auc": accuracy,
        }
        for name, accuracy in {"source_only": 0.6, "bci_dann": 0.8}.items()
        for subject in "123"
    ]

    def run(out, jobs, *, say):
        seen.append((out, jobs))
        say("1 of 3: methods")
        recordings = (out / "new_subject" / "a.fif", out / "new_subject" / "b.fif")
        files = (out / "subjects.png", out / "model", recordings, out / "predictions.csv")
        return Quickstart(pd.DataFrame(rows), out, *files, 60, 50, 40, out / "report.html")

    monkeypatch.setattr("bci_dann.examples.quickstart.run_quickstart", run)
    return seen


def test_it_prints_the_table_the_counts_and_what_to_type(bci_dann, calls):
    done = bci_dann("quickstart", "--jobs", "2", "-o", "first")
    assert done.exit_code == 0, done.output
    assert calls == [(Path("first"), 2)]
    assert "Leave one subject out: SimulatedMI" in done.stdout
    assert "50 right once it is adapted" in done.stdout
    assert "bci-dann adapt first/model first/new_subject/a.fif -o first/adapted" in done.stdout
    assert "first/subjects.png" in done.stdout
    assert "first/report.html" in done.stdout


def test_steps_are_on_the_standard_error_stream(bci_dann, calls):
    done = bci_dann("quickstart")
    assert calls == [(Path("runs/quickstart"), 1)]
    assert "1 of 3" in done.stderr
    assert "1 of 3" not in done.stdout
