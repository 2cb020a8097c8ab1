from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bci_dann

# The helpers that stand beside the tests of the documentation.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def simulated_recordings(tmp_path_factory):
    """A folder with ``recordings/`` of four subjects and ``new_subject.edf``."""
    from simulated_recordings import write_recordings

    return write_recordings(tmp_path_factory.mktemp("simulated"))


@pytest.fixture(scope="session")
def python_server(tmp_path_factory):
    """The socket of a process with the libraries loaded, of which programs are forks."""
    path = tmp_path_factory.mktemp("server") / "socket"
    command = [sys.executable, str(Path(__file__).parent / "preloaded_python.py"), str(path)]
    package = Path(bci_dann.__file__).parents[1]  # of the source tree, or installed
    environment = {**os.environ, "PYTHONPATH": str(package), "MPLBACKEND": "Agg"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, env=environment, text=True) as server:
        assert server.stdout.readline() == "ready\n"
        yield path
        server.stdin.close()
