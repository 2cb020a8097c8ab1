"""Examination of the installation, and what it says about what is broken."""

from __future__ import annotations

import doctest
import importlib.metadata
import os
import sys
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from bci_dann import __version__, installation
from bci_dann.installation import (
    LIBRARIES,
    Problem,
    examine,
    folder_problem,
    library_problem,
)


def fine(module):
    """Import nothing, successfully."""


def test_a_sound_installation_has_no_problems():
    report = examine()
    assert report.problems == ()
    assert report.versions["mne"] == importlib.metadata.version("mne")
    assert report.facts["device"].split()[0] in {"cpu", "cuda"}
    assert "torchaudio" in report.facts
    assert report.facts["MNE_DATA"] == os.environ["MNE_DATA"]


def test_every_library_is_imported_once_and_has_a_version():
    imported = []
    report = examine(imported.append)
    assert imported == list(LIBRARIES.values())
    assert set(report.versions) == {"python", "bci_dann", *LIBRARIES}
    assert report.versions["bci_dann"] == __version__
    assert "absent" not in report.versions.values()


def test_libraries_are_those_that_the_package_requires(project):
    """Whatever is declared as a dependency and has a native part, or imports much, is examined."""
    import tomllib

    declared = tomllib.loads((project / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {line.partition(">")[0] for line in declared}
    assert set(LIBRARIES) - {"torchaudio"} <= names  # which comes with braindecode


@pytest.mark.parametrize(
    "error",
    [
        OSError("libc10_cuda.so: cannot open shared object file"),
        ImportError("cannot import name 'x'"),
        AttributeError("module 'numpy' has no attribute 'in1d'"),
    ],
)
def test_a_library_that_does_not_load_is_named_with_its_error(error):
    def broken(module):
        if module == "braindecode":
            raise error

    (problem,) = examine(broken).problems
    version = importlib.metadata.version("braindecode")
    assert problem.what == f"braindecode {version} does not import: {error}"
    assert "constraints.txt" in problem.remedy


def test_all_that_is_broken_is_listed():
    def broken(module):
        raise ImportError(f"no {module}")

    problems = examine(broken).problems
    assert len(problems) == len(LIBRARIES)
    assert problems[0].what.startswith("numpy")


def test_a_library_that_is_missing(monkeypatch):
    monkeypatch.setattr(installation, "_version", lambda name: None)
    problem = library_problem("pyriemann", pytest.fail)
    assert problem == Problem("pyriemann is not installed", "Run `pip install pyriemann`.")


def test_a_library_that_is_missing_has_no_version(monkeypatch):
    monkeypatch.setattr(installation, "LIBRARIES", {"no-such-library": "nothing"})
    report = examine(fine)
    assert report.versions["no-such-library"] == "absent"
    assert report.problems[0].remedy == "Run `pip install no-such-library`."


def test_warnings_of_libraries_are_no_problem(recwarn):
    def warning(module):
        import warnings

        warnings.warn("deprecated", DeprecationWarning, stacklevel=1)

    assert library_problem("numpy", warning) is None
    assert not recwarn.list


def test_without_torch_the_device_is_unknown(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    facts = examine(fine).facts
    assert facts["device"] == "unknown"
    assert facts["cores"] == str(os.cpu_count())


def test_a_folder_that_is_set_but_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("MNE_DATA", str(tmp_path / "gone"))
    (problem,) = examine(fine).problems
    assert problem.what == f"MNE_DATA is {tmp_path / 'gone'}, which is not a folder"
    assert problem.remedy == f"Run `mkdir -p {tmp_path / 'gone'}`."


def test_a_folder_of_mnes_own_settings_counts(tmp_path, monkeypatch):
    import mne

    monkeypatch.delenv("MNE_DATA")
    monkeypatch.setattr(mne, "get_config", lambda name: str(tmp_path / name))
    report = examine(fine)
    assert report.facts["MNE_DATA"] == str(tmp_path / "MNE_DATA")
    assert "MNE_DATA" in report.problems[0].what


def test_a_folder_that_nobody_has_set_need_not_exist(tmp_path, monkeypatch):
    import mne

    monkeypatch.delenv("MNE_DATA")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(mne, "get_config", lambda name: None)
    report = examine(fine)
    assert report.facts["MNE_DATA"] == str(tmp_path / "mne_data")
    assert report.problems == ()


def test_the_cache_is_where_trials_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("BCI_DANN_CACHE", str(tmp_path / "file" / "cache"))
    (tmp_path / "file").touch()
    report = examine(fine)
    assert report.facts["BCI_DANN_CACHE"] == str(tmp_path / "file" / "cache")
    assert f"{tmp_path / 'file'} is a file" in report.problems[0].what


@pytest.mark.parametrize("must_exist", [False, True])
def test_a_folder_that_can_be_used(tmp_path, must_exist):
    assert folder_problem("X", tmp_path, must_exist=must_exist) is None


def test_a_folder_that_can_be_made(tmp_path):
    assert folder_problem("X", tmp_path / "new" / "deep", must_exist=False) is None
    assert not (tmp_path / "new").exists()


def test_folders_that_cannot_be_used(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    assert "is a file" in folder_problem("X", tmp_path / "file" / "a", must_exist=False).what
    monkeypatch.setattr(os, "access", lambda *_: False)
    problem = folder_problem("X", tmp_path, must_exist=True)
    assert "cannot be written" in problem.what
    assert problem.remedy == "Set X to a folder of yours."


def test_the_example_of_the_documentation_holds():
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for example in finder.find(examine, "examine", globs={"examine": examine}):
        assert runner.run(example).failed == 0
    assert runner.tries == 2


def test_modules_are_imported_as_the_package_does(monkeypatch):
    from bci_dann import _compat

    calls = []
    monkeypatch.setattr(_compat, "import_torchaudio", lambda: calls.append("torchaudio"))
    monkeypatch.setattr(_compat, "braindecode_models", lambda: calls.append("braindecode"))
    monkeypatch.setattr(_compat, "pyriemann_module", lambda name: calls.append(name))
    for module in ("torchaudio", "braindecode", "pyriemann"):
        installation._import(module)
    assert calls == ["torchaudio", "braindecode", "transfer"]
    assert installation._import("pathlib").Path is Path


def test_the_tested_versions_can_be_installed_on_the_oldest_python(project):
    lines = (project / "constraints.txt").read_text(encoding="utf-8").splitlines()
    names = [line.partition("==")[0] for line in lines if "==" in line]
    assert len(names) > 100
    refusing = {}
    for name in names:
        try:
            needed = importlib.metadata.metadata(name).get("Requires-Python")
        except importlib.metadata.PackageNotFoundError:  # of an extra that is not installed here
            continue
        if needed and "3.11.0" not in SpecifierSet(needed):
            refusing[name] = needed
    assert refusing == {}
