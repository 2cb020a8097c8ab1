from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from bci_dann import _files
from bci_dann._files import (
    check_folder_of,
    check_writable,
    remove_abandoned,
    write_atomically,
)
from bci_dann.exceptions import ConfigError, ResultsError


def test_content_arrives_and_nothing_else_stays(tmp_path):
    path = tmp_path / "new" / "deeper" / "table.csv"
    write_atomically(path, b"a,b\n")
    assert path.read_bytes() == b"a,b\n"
    assert list(path.parent.iterdir()) == [path]


def test_new_content_replaces_the_old(tmp_path):
    path = tmp_path / "table.csv"
    write_atomically(path, b"a long first content")
    write_atomically(path, b"short")
    assert path.read_bytes() == b"short"


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "model").write_text("no folder")
    for path in (tmp_path / "model" / "table.csv", tmp_path / "model" / "deep" / "table.csv"):
        with pytest.raises(ResultsError, match=r"is a file, or is in one\. Choose another folder"):
            write_atomically(path, b"")


def test_a_folder_that_cannot_be_made_is_found_before_it_is_needed(tmp_path, monkeypatch):
    check_writable(tmp_path / "new" / "deeper")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ResultsError, match="file is a file"):
        check_writable(tmp_path / "file" / "new")
    # the tests may run as root, who may write anywhere
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)
    with pytest.raises(ResultsError, match="is read-only for this user"):
        check_writable(tmp_path / "new")


def test_permissions_are_those_of_any_new_file(tmp_path):
    """A temporary file of mkstemp would be readable to its owner alone."""
    write_atomically(tmp_path / "atomic", b"")
    (tmp_path / "plain").touch()
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_content_is_on_the_disk_before_the_name_changes(tmp_path, monkeypatch):
    events = []
    monkeypatch.setattr(os, "fsync", lambda _: events.append("fsync"))
    rename = Path.replace
    monkeypatch.setattr(Path, "replace", lambda *a: (events.append("rename"), rename(*a)))
    write_atomically(tmp_path / "a", b"x")
    assert events == ["fsync", "rename"]


def test_a_full_disk_leaves_the_former_file_and_says_what_to_do(tmp_path, monkeypatch):
    path = tmp_path / "results.csv"
    write_atomically(path, b"former")

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResultsError, match=r"results\.csv cannot be written: No space.*free some"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interruption_leaves_the_former_file(tmp_path, monkeypatch):
    path = tmp_path / "results.csv"
    write_atomically(path, b"former")

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_the_place_of_the_folder_is_reported(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ResultsError, match="cannot be written"):
        write_atomically(tmp_path / "file" / "results.csv", b"")


def test_writers_at_the_same_time_never_mix(tmp_path, monkeypatch):
    """Each has a temporary file of its own: what stays is the content of one of them."""
    path, barrier = tmp_path / "results.csv", threading.Barrier(2)
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (barrier.wait(timeout=5), fsync(number)))
    contents = [b"a" * 10_000, b"b" * 20_000]
    threads = [threading.Thread(target=write_atomically, args=(path, c)) for c in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_the_error_is_the_packages_own_and_keeps_its_cause(tmp_path, monkeypatch):
    def denied(path, content):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(_files, "_replace", denied)
    with pytest.raises(ResultsError, match="Permission denied") as raised:
        write_atomically(tmp_path / "a", b"")
    assert isinstance(raised.value.__cause__, PermissionError)


def test_the_folder_of_a_file_is_wanted_before_the_work(tmp_path):
    assert check_folder_of(tmp_path / "table.csv") == tmp_path / "table.csv"
    with pytest.raises(ConfigError, match=r"does not exist. Make it \(`mkdir -p .*none`\)"):
        check_folder_of(tmp_path / "none" / "table.csv")
    with pytest.raises(ConfigError, match="is a folder: name a file in it"):
        check_folder_of(tmp_path)
    assert not list(tmp_path.iterdir())


def test_temporary_files_of_killed_writers_are_removed_after_an_hour(tmp_path):
    old, new, other = (tmp_path / name for name in (".a.part", ".b.part", "results.csv"))
    for path in (old, new, other):
        path.write_text("")
    for path in (old, other):
        os.utime(path, (0, 0))
    remove_abandoned(tmp_path)
    remove_abandoned(tmp_path / "not there")
    assert set(tmp_path.iterdir()) == {new, other}
