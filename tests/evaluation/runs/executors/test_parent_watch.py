"""A process ends soon after the one that has started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

WATCHING = (
    "import os, sys, time\n"
    "from bci_dann.evaluation.runs.executors.parent_watch import end_with_parent\n"
    "end_with_parent(os.getppid() if sys.argv[1] == 'parent' else int(sys.argv[1]))\n"
    "print('watching', os.getpid(), flush=True)\n"
    "time.sleep(60)\n"
)
PARENT = (
    "import subprocess, sys, time\n"
    f"child = subprocess.Popen([sys.executable, '-c', {WATCHING!r}, 'parent'])\n"
    "time.sleep(60)\n"
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="another parent is given on POSIX only")


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_process_whose_parent_is_killed_ends():
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline().split()[1])
        time.sleep(1.2)  # more than one look
        assert is_running(pid)
        parent.kill()
        deadline = time.monotonic() + 30
        while is_running(pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not is_running(pid)


def test_a_process_whose_parent_was_gone_before_it_looked_ends():
    done = subprocess.run([sys.executable, "-c", WATCHING, "1"], timeout=30, check=False)
    assert done.returncode == 1
