"""The command ``export``; the page on export of the documentation runs it to the end."""

from __future__ import annotations

import pytest

from bci_dann import serving


@pytest.fixture
def exported(monkeypatch, tmp_path):
    """Stand-ins of what takes long; returns the arguments that they were called with."""
    calls = {}

    class Model:
        class recipe:  # noqa: N801
            pipeline, classes = "ea_dann", ["left", "right"]

    def check(model, path, n_trials):
        calls["check"] = (path, n_trials)
        return 2.5e-8

    monkeypatch.setattr(serving, "open_model", lambda folder: Model, raising=False)
    monkeypatch.setattr(serving, "export_onnx", lambda model, out: out, raising=False)
    monkeypatch.setattr(serving, "check_onnx", check, raising=False)
    return calls


def test_the_file_and_its_difference_are_printed(bci_dann, exported, tmp_path):
    done = bci_dann("export", tmp_path, "-o", tmp_path / "m.onnx", "--check", "--trials", "30")
    assert done.exit_code == 0, done.output
    assert "ea_dann for left, right was written to" in done.stdout
    assert "differ by at most 2.5e-08, on 30 random trials" in done.stdout
    assert exported["check"] == (tmp_path / "m.onnx", 30)


def test_nothing_is_compared_unasked(bci_dann, exported, tmp_path):
    done = bci_dann("export", tmp_path, "-o", tmp_path / "m.onnx")
    assert done.exit_code == 0, done.output
    assert "differ" not in done.stdout
    assert not exported


def test_a_folder_without_a_model_is_told(bci_dann, tmp_path):
    done = bci_dann("export", tmp_path, "-o", tmp_path / "m.onnx")
    assert done.exit_code == 2
    assert "recipe.json" in done.stderr
