"""Digests of files: of the content alone, and of the content that there is now."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bci_dann.data.recordings import content_digest as module
from bci_dann.data.recordings.content_digest import content_digest
from bci_dann.exceptions import DataError


@pytest.fixture
def settled(monkeypatch):
    """Take every file for one that was written long ago."""
    monkeypatch.setattr(module, "SETTLED_SECONDS", -1)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.edf"
    path.write_bytes(bytes(1000))
    return path


def test_equal_content_is_equal_anywhere_and_through_links(file, tmp_path):
    copy, link = tmp_path / "copy", tmp_path / "link"
    copy.write_bytes(bytes(1000))
    os.utime(copy, (0, 0))
    link.symlink_to(file)
    assert content_digest(file) == content_digest(copy) == content_digest(link)
    copy.write_bytes(bytes(999))
    assert content_digest(file) != content_digest(copy)


@pytest.mark.usefixtures("settled")
def test_a_file_is_read_once_until_it_is_touched(file, monkeypatch):
    first = content_digest(file)
    read = []
    opened = Path.open

    def noted(self, *args, **kwargs):
        read.append(self)
        return opened(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", noted)
    assert content_digest(file) == first
    assert file not in read
    file.touch()
    assert content_digest(file) == first
    assert file in read


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("in_place", [True, False])
def test_a_change_with_the_old_size_and_time_is_noticed(file, tmp_path, in_place):
    first, stat = content_digest(file), file.stat()
    target = file if in_place else tmp_path / "new"
    target.write_bytes(bytes(500) + b"1" + bytes(499))
    target.replace(file)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert file.stat().st_mtime_ns == stat.st_mtime_ns
    assert content_digest(file) != first


def test_a_change_within_the_tick_of_a_clock_is_noticed(file):
    """What was written just now is not remembered."""
    first = content_digest(file)
    file.write_bytes(bytes(999) + b"1")
    assert content_digest(file) != first


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b"null", b"[[], 3]"])
def test_a_damaged_memory_does_no_harm(file, content):
    first = content_digest(file)
    for memory in (module.cache_root() / "digests").iterdir():
        memory.write_bytes(content)
    assert content_digest(file) == first


@pytest.mark.usefixtures("settled")
def test_a_cache_that_cannot_be_written_does_no_harm(file, tmp_path, monkeypatch):
    first = content_digest(file)
    (tmp_path / "cache").write_text("")
    monkeypatch.setenv("BCI_DANN_CACHE", str(tmp_path / "cache"))
    assert content_digest(file) == first


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.edf cannot be read: No such file"):
        content_digest(tmp_path / "none.edf")
