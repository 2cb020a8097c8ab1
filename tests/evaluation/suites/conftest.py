"""A folder of downloads, which MOABB reads instead of the network."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# The writers of files that stand beside the tests.
sys.path.insert(0, str(Path(__file__).parent))

from downloaded_files import write_downloads


@pytest.fixture
def downloads(monkeypatch, tmp_path):
    """Return a function that writes the files of some subjects of a dataset as downloads."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    monkeypatch.setenv("MNE_DATA", str(folder))
    monkeypatch.setenv("MOABB_DOWNLOAD_PROVIDER", "upstream")  # no mirror is asked first

    def write(dataset, subjects=(1, 2), n_trials=2):
        for subject in subjects:
            write_downloads(dataset, folder, subject, n_trials)
        return folder

    return write
