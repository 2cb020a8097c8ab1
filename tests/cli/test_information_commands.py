"""The commands ``doctor``, ``datasets`` and ``pipelines``."""

from __future__ import annotations

import pytest

from bci_dann import installation
from bci_dann.installation import Problem, Report


@pytest.mark.parametrize("problems", [(), (Problem("torch is not installed", "Install it."),)])
def test_the_exit_code_says_whether_something_is_broken(bci_dann, monkeypatch, problems):
    report = Report({"python": "3"}, {"cores": "2"}, problems)
    monkeypatch.setattr(installation, "examine", lambda: report)
    done = bci_dann("doctor")
    assert done.exit_code == len(problems)
    assert ("Broken: torch is not installed. Install it." in done.stderr) == bool(problems)
    assert ("nothing is wrong" in done.stdout) != bool(problems)
    assert "python" in done.stdout
    assert "cores" in done.stdout


def test_datasets_lists_ours_and_moabbs(bci_dann):
    names = bci_dann("datasets").stdout.split()
    assert {"SimulatedMI", "Recordings", "BNCI2014_001"} <= set(names)


def test_pipelines_lists_files_here(bci_dann, config, monkeypatch):
    monkeypatch.chdir(config.parent.parent)
    done = bci_dann("pipelines")
    assert "Covariances + TangentSpace + LogisticRegression" in done.stdout
    assert "ea_dann" in done.stdout
