"""Names that the shell completes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bci_dann.cli.completion import complete_config, complete_pipelines, complete_protocols


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "ea_mine.yml").touch()
    (tmp_path / "quiet.yaml").touch()
    (tmp_path / "quiet.csv").touch()
    (tmp_path / "queries").mkdir()
    monkeypatch.chdir(tmp_path)


def test_the_last_of_several_pipelines_is_completed(here):
    assert complete_pipelines("dan") == ["dann"]
    assert complete_pipelines("rts_im,ea_mi") == ["rts_im,ea_mine"]
    assert {"ea_dann", "ea_mine"} <= set(complete_pipelines("ea_"))


def test_protocols_are_completed():
    assert complete_protocols("onl") == ["online"]


def test_configurations_are_shipped_names_files_and_folders(here):
    assert complete_config("qu") == ["quickstart", "queries/", "quiet.yaml"]
    assert complete_config("pipelines/ea") == ["pipelines/ea_mine.yml"]
    assert complete_config("nowhere/") == []


def test_the_shell_gets_them(here):
    """As the completion that `--install-completion` writes for bash asks for them."""
    code = "from bci_dann.cli import main; import sys; sys.argv = ['bci-dann']; main()"
    words = "bci-dann run quick"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            "PYTHONPATH": ":".join(sys.path),
            "_BCI_DANN_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": "2",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["quickstart"]
