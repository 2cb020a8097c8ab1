"""The commands behind a results folder are kept, without the paths of one machine."""

from __future__ import annotations

import json
import platform
import subprocess

import pytest

from bci_dann.evaluation.runs import invocations
from bci_dann.evaluation.runs.invocations import (
    add_invocation,
    current_invocation,
    read_invocations,
)

VERSIONS = {"bci_dann": "0.1.0+abc", "torch": "2.13.0"}


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["/env/bin/bci-dann", "run", "c.yaml", "--jobs", "2"], "bci-dann run c.yaml --jobs 2"),
        (
            [invocations.PACKAGE / "__main__.py", "run", "c.yaml", "--data-dir", "/home/me/eeg"],
            "bci-dann run c.yaml --data-dir FOLDER",
        ),
        (
            ["bci-dann", "run", "c.yaml", "--data-dir=/home/me", "-o", "/tmp/x", "--seeds", "0,1"],
            "bci-dann run c.yaml --data-dir FOLDER --seeds 0,1",
        ),
        (
            ["bci-dann", "run", "c.yaml", "-o/home/me/x", "-j2", "-o=/tmp/x", "--out=/tmp/x"],
            "bci-dann run c.yaml -j2",
        ),
        (
            ["bci-dann", "run", "c.yaml", "--tensorboard", "/home/me/log", "--shard=1/2"],
            "bci-dann run c.yaml --shard=1/2",
        ),
        (["bci-dann", "run", "/home/me/c.yaml", "-j2"], "bci-dann run c.yaml -j2"),
        (["/home/me/study.py", "--fast"], "python study.py --fast"),
        (["benchmarks/__main__.py", "--all"], "python benchmarks --all"),
        (["benchmarks/one.py"], "python benchmarks/one.py"),
        ([invocations.PACKAGE / "examples" / "toys.py"], "python -m bci_dann.examples.toys"),
        ([], "python"),
    ],
)
def test_a_command_is_kept_without_paths_of_this_machine(arguments, command):
    assert current_invocation(VERSIONS, arguments).command == command


def test_commands_are_appended_in_order(tmp_path):
    first = current_invocation(VERSIONS, ["bci-dann", "run", "a.yaml"])
    second = current_invocation(VERSIONS, ["bci-dann", "run", "b.yaml"])
    add_invocation(tmp_path, first)
    add_invocation(tmp_path, second)
    assert read_invocations(tmp_path) == [first, second]
    assert first.versions == VERSIONS
    assert "cores" in first.machine


@pytest.mark.parametrize("content", [None, "", "[1]", '[{"date": "x"}]'])
def test_a_folder_without_a_usable_list_has_no_commands(tmp_path, content):
    if content is not None:
        (tmp_path / "invocations.json").write_text(content)
    assert read_invocations(tmp_path) == []


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    def git(*arguments):
        identity = ["-c", "user.name=x", "-c", "user.email=x@y.z"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True)

    (tmp_path / "file").write_text("1")
    git("init", "-q")
    git("add", "file")
    git("commit", "-qm", "first")
    monkeypatch.setattr(invocations, "PACKAGE", tmp_path / "bci_dann")
    return tmp_path


def test_the_commit_is_that_of_the_checkout_and_says_when_files_differ(checkout):
    clean = current_invocation(VERSIONS, []).commit
    assert len(clean) == 40
    (checkout / "file").write_text("2")
    assert current_invocation(VERSIONS, []).commit == f"{clean}+changes"


def test_outside_a_checkout_the_commit_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(invocations, "PACKAGE", tmp_path / "bci_dann")
    assert current_invocation(VERSIONS, []).commit == "unknown"


def test_python_and_the_library_of_linear_algebra_are_kept(tmp_path):
    import numpy  # noqa: F401 (which brings a BLAS)

    found = current_invocation(VERSIONS)
    assert found.platform["python"] == platform.python_version()
    assert any(character.isdigit() for character in found.platform["blas"])
    add_invocation(tmp_path, found)
    assert read_invocations(tmp_path) == [found]


def test_commands_of_earlier_versions_are_read(tmp_path):
    add_invocation(tmp_path, current_invocation(VERSIONS))
    file = tmp_path / "invocations.json"
    (stored,) = json.loads(file.read_text())
    del stored["platform"]
    file.write_text(json.dumps([stored]))
    assert read_invocations(tmp_path)[0].platform == {}
