"""Python programs that start with the libraries loaded: forks of one process that imports them.

Importing torch, MOABB and MNE takes seconds, and the pages of the documentation start many
programs.

    python preloaded_python.py SOCKET                      serves until its standard input ends
    python -S preloaded_python.py SOCKET -m MODULE ...     like `python -m MODULE ...`
    python -S preloaded_python.py SOCKET FILE ...          like `python FILE ...`

A program has the working folder, environment and files of who asked for it, and ends with it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import NoReturn

PRELOADED = ("bci_dann.cli.app", "moabb", "mne", "torch", "pandas", "matplotlib.pyplot", "joblib")
FORWARDED = (signal.SIGINT, signal.SIGTERM)
LOST = 255  # exit code of a program whose server has gone


def serve(path: str) -> bool:
    """Fork a program for each request; return true in a program, false once standard input ends."""
    import importlib

    for name in PRELOADED:
        importlib.import_module(name)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server.bind(path)
    server.listen(64)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system forgets those who have ended
    while True:
        readable, _, _ = select.select([server, sys.stdin], [], [])
        if sys.stdin in readable:
            return False
        connection, _ = server.accept()
        if os.fork() == 0:
            server.close()
            attend(connection)
            return True
        connection.close()


def attend(connection: socket.socket) -> None:
    """Fork the program, forward signals to it, and say how it ended; return in the program."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()  # the program and its children can be ended together
    message, files, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    program = os.fork()
    if program == 0:
        connection.close()
        become(json.loads(message), files)
        return
    for file in files:
        os.close(file)
    ended = os.pidfd_open(program)
    while True:
        readable, _, _ = select.select([connection, ended], [], [])
        if ended in readable:
            _, status = os.waitpid(program, 0)
            connection.sendall(bytes([os.waitstatus_to_exitcode(status) % 256]))
            os._exit(0)
        signals = connection.recv(1)
        if not signals:  # who asked has gone
            os.killpg(0, signal.SIGKILL)
        os.kill(program, signals[0])


def become(request: dict, files: list[int]) -> None:
    """Take over the folder, environment, files and arguments of a request."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    own = str(Path(__file__).parent)
    paths = request["environment"].get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [*paths, *(path for path in sys.path if path not in (own, *paths))]
    sys.argv = request["arguments"]


def run() -> None:
    """Run what the arguments name, as the main program."""
    import runpy

    if sys.argv[0] == "-m":
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


def ask(path: str, arguments: list[str]) -> NoReturn:
    """Have a program run with our folder, environment and files, and end as it does."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(path)
    for number in FORWARDED:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda number, _: connection.sendall(bytes([number])))
    request = {"folder": str(Path.cwd()), "environment": dict(os.environ), "arguments": arguments}
    socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
    code = connection.recv(1)
    os._exit(code[0] if code else LOST)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        ask(sys.argv[1], sys.argv[2:])
    if serve(sys.argv[1]):
        run()
