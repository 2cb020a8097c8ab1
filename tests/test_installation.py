from __future__ import annotations

import importlib.metadata
import os

import pytest

from bci_dann import installation
from bci_dann.installation import Problem, examine, folder_problem, library_problem


def test_a_sound_installation_has_no_problems():
    report = examine()
    assert report.problems == ()
    assert report.versions["mne"] == importlib.metadata.version("mne")
    assert report.facts["device"].split()[0] in {"cpu", "cuda"}
    assert "torchaudio" in report.facts
    assert report.facts["MNE_DATA"] == os.environ["MNE_DATA"]


def test_a_library_that_does_not_load_is_found():
    def broken(module):
        if module == "braindecode":
            raise OSError("libc10_cuda.so: cannot open shared object file")

    (problem,) = examine(broken).problems
    assert "braindecode" in problem.what
    assert "libc10_cuda.so" in problem.what
    assert "constraints.txt" in problem.remedy


def test_a_library_that_is_missing(monkeypatch):
    monkeypatch.setattr(installation, "_version", lambda name: None)
    problem = library_problem("pyriemann", pytest.fail)
    assert problem == Problem("pyriemann is not installed", "Run `pip install pyriemann`.")


def test_folder_that_is_set_but_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("MNE_DATA", str(tmp_path / "gone"))
    (problem,) = examine(lambda module: None).problems
    assert "MNE_DATA" in problem.what
    assert "mkdir -p" in problem.remedy


def test_folders(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    assert folder_problem("X", tmp_path / "new" / "deep", must_exist=False) is None
    assert "is a file" in folder_problem("X", tmp_path / "file" / "a", must_exist=False).what
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "cannot be written" in folder_problem("X", tmp_path, must_exist=True).what
