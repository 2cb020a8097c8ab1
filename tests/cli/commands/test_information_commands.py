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
    assert ("No problem found" in done.stdout) != bool(problems)
    assert "python" in done.stdout
    assert "cores" in done.stdout


def test_datasets_lists_ours_and_moabbs_with_size_and_licence(bci_dann):
    lines = bci_dann("datasets").stdout.splitlines()
    row = next(line for line in lines if line.startswith("BNCI2014_001"))
    assert row.split()[:6] == ["BNCI2014_001", "9", "2", "22", "4", "250"]
    assert "CC-BY" in row
    assert {"SimulatedMI", "Recordings"} <= {line.split()[0] for line in lines if line.split()}


def test_datasets_fit_into_a_terminal(bci_dann, monkeypatch):
    monkeypatch.setattr("bci_dann.cli.console.PIPE_WIDTH", 80)
    lines = bci_dann("datasets").stdout.splitlines()
    assert any(line.startswith("AguileraRodriguez2025 15 ") for line in lines)


@pytest.mark.parametrize("command", ["datasets", "pipelines"])
def test_a_text_selects_names(bci_dann, command):
    text = {"datasets": "2014_0", "pipelines": "DANN"}[command]
    done = bci_dann(command, text)
    assert done.stdout.startswith("3 datasets" if command == "datasets" else "8 pipelines")
    nothing = bci_dann(command, "nonsense")
    assert nothing.exit_code == 2
    assert f"no {command[:-1]} has 'nonsense' in its name" in nothing.stderr


def test_pipelines_lists_methods_with_their_papers_and_files_here(bci_dann, config, monkeypatch):
    monkeypatch.chdir(config.parent.parent)
    done = bci_dann("pipelines")
    row = next(line for line in done.stdout.splitlines() if line.startswith("plain "))
    assert "Covariances + TangentSpace + LogisticRegression (" in row
    row = next(line for line in done.stdout.splitlines() if line.startswith("dann "))
    assert "Ganin et al. 2016" in row


@pytest.fixture
def built(tmp_path, monkeypatch):
    index = tmp_path / "index.html"
    index.touch()
    monkeypatch.setattr("bci_dann._resources.documentation_index", lambda: index)
    return index


def test_docs_opens_the_browser(bci_dann, built, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    done = bci_dann("docs")
    assert done.exit_code == 0
    assert opened == [built.as_uri()]
    assert str(built) in done.stdout


def test_docs_without_a_browser_says_where_they_are(bci_dann, built, monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    assert str(built) in bci_dann("docs").stdout


def test_docs_path_opens_nothing(bci_dann, built, monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda url: pytest.fail("opened"))
    assert bci_dann("docs", "--path").stdout == f"{built}\n"


def test_docs_that_are_not_built_say_how_to_build_them(bci_dann, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.resources.files", lambda name: tmp_path / "bci_dann")
    done = bci_dann("docs")
    assert done.exit_code == 1
    assert "sphinx -b html docs" in done.stderr
    assert "python -m sphinx -b html docs docs/_build/html" in done.stderr
