"""Runs that share a folder: one at a time rewrites its files, and a dead one keeps no lock."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from bci_dann.evaluation.runs.folder_lock import folder_lock
from bci_dann.exceptions import ResultsError

HOLDING = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from bci_dann.evaluation.runs.folder_lock import folder_lock\n"
    "with folder_lock(Path(sys.argv[1])):\n"
    "    print('held', flush=True)\n"
    "    time.sleep(60)\n"
)


def test_no_increment_is_lost(tmp_path):
    counter = tmp_path / "counter"
    counter.write_text("0")

    def increment(_):
        with folder_lock(tmp_path):
            counter.write_text(str(int(counter.read_text()) + 1))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(increment, range(40)))
    assert counter.read_text() == "40"


def test_another_process_is_waited_for_and_a_killed_one_is_not(tmp_path):
    command = [sys.executable, "-c", HOLDING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(ResultsError, match=r"another run has been writing.*delete .*\.lock"),
            folder_lock(tmp_path, timeout_s=0.3),
        ):
            pytest.fail("two hold the lock")
        holder.kill()
    with folder_lock(tmp_path, timeout_s=0.3):
        pass


def test_an_error_in_the_block_releases_the_lock(tmp_path):
    with pytest.raises(KeyError), folder_lock(tmp_path):
        raise KeyError
    with folder_lock(tmp_path, timeout_s=0.1):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ResultsError, match="cannot be written"),
        folder_lock(tmp_path / "file" / "out"),
    ):
        pass


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_a_folder_that_cannot_be_written_to_is_told_with_what_to_do(tmp_path, monkeypatch, number):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("filelock.FileLock.acquire", fail)
    with (
        pytest.raises(ResultsError, match=f"{os.strerror(number)}.*check the permissions"),
        folder_lock(tmp_path),
    ):
        pass
