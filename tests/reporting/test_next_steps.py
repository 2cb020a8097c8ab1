"""Closing lines: files that exist, and commands that the command line knows."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from bci_dann.cli.app import COMMANDS
from bci_dann.reporting import after_quickstart, after_run

QUICKSTART = after_quickstart(
    Path("my runs/q"),
    Path("my runs/q/model"),
    (Path("my runs/q/new_subject/a.fif"), Path("my runs/q/new_subject/b.fif")),
    (60, 50, 40),
    Path("my runs/q/report.html"),
)


def typed(lines):
    return [shlex.split(line) for line in lines if line.strip().startswith("bci-dann ")]


def test_every_line_to_type_is_a_command():
    commands = {command.__name__ for command in COMMANDS}
    lines = typed(QUICKSTART)
    assert len(lines) >= 4
    assert {line[1] for line in lines} <= commands


def test_paths_with_spaces_are_quoted():
    adapt = next(line for line in typed(QUICKSTART) if line[1] == "adapt")
    assert adapt[2:] == [
        "my runs/q/model",
        "my runs/q/new_subject/a.fif",
        "-o",
        "my runs/q/adapted",
    ]
    assert "'my runs'" in after_run(Path("my runs"), Path("my.yaml"))[-1]


def test_an_environment_that_is_not_activated_is_told_to_be(tmp_path, monkeypatch):
    script = tmp_path / "my env" / "bin" / "activate"
    script.parent.mkdir(parents=True)
    script.touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "my env"))
    arguments = (Path("q"), Path("q/model"), (Path("a.fif"), Path("b.fif")), (60, 50, 40))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert f"    source '{script}'" in after_quickstart(*arguments)
    monkeypatch.setattr(shutil, "which", lambda _: "bin/bci-dann")
    assert not any("activate" in line for line in after_quickstart(*arguments))


def test_the_counts_are_told():
    text = "\n".join(QUICKSTART)
    assert "60 trials" in text
    assert "40 right by the saved model" in text
    assert "50 right once it is adapted" in text


def test_a_report_is_named_where_there_is_one():
    assert any("my runs/q/report.html" in line for line in QUICKSTART)
    out = Path("runs/my")
    lines = after_run(out, Path("my.yaml"), report=out / "report.html")
    assert "runs/my/report.html" in lines[0]
    assert not any("report" in line for line in after_run(out, Path("my.yaml")))


def test_the_next_command_reads_the_same_recordings():
    last = after_run(Path("runs/my"), Path("my.yaml"), Path("my recordings"))[-1]
    assert "fit my.yaml --data-dir 'my recordings' --pipeline NAME" in last
