"""Code blocks of Markdown pages: what is run, written to a file, or shown only, and their run.

The rules, page by page, from top to bottom, in an empty folder that is on Python's path:

- a ``python`` block is executed, all of a page in one namespace; a ``bash`` block is run by
  ``bash -e``;
- a ``python`` or ``yaml`` block whose first line is a comment with a file name, ``# my.yaml``, is
  written to this file, and not executed;
- a ``yaml`` block without a file name is a fragment, which has to be valid YAML;
- ``text`` and other data are not executed;
- a block after the line ``<!-- not executed: REASON -->`` is not executed;
- the line ``<!-- setup: recordings -->`` asks for a folder of simulated recordings.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

__all__ = ["Block", "PageError", "problems", "read_blocks", "run_page", "wants_recordings"]

FOLDER = Path(__file__).parent
EXECUTED = ("python", "bash")
# Languages of blocks that only show something.
SHOWN = ("text", "json", "toml", "csv", "bibtex", "html")
# Commands that have no place in a test: they change the environment, or need a network.
FORBIDDEN = re.compile(r"\b(pip install|git clone|sbatch|apt-get|wget|curl)\b")

FENCE = re.compile(r"^(?P<indent>[ >]*)(?P<ticks>`{3,}|~{3,})\s*(?P<info>[^`]*?)\s*$")
CODE_DIRECTIVE = re.compile(r"\{(code-block|code-cell|code)\}\s*(?P<language>\w*)")
OPTION = re.compile(r"^:[\w-]+:")
NOT_EXECUTED = re.compile(r"^\s*<!--\s*not executed:(?P<reason>.*?)-->\s*$")
SETUP = re.compile(r"^\s*<!--\s*setup:\s*recordings\s*-->\s*$", flags=re.MULTILINE)
FILE_NAME = re.compile(r"^# ([\w-]+(?:[/.][\w-]+)*\.(?:py|ya?ml))\s*$")


class PageError(AssertionError):
    """A page whose code does not run."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes
    ----------
    page : pathlib.Path
        The page.
    line : int
        Line of the block's first line of code, from 1.
    language : str
        As written after the fence.
    code : str
        The content, without the indentation of the fence.
    reason : str or None
        Why it is not executed, where the page says that it is not.
    """

    page: Path
    line: int
    language: str
    code: str
    reason: str | None = None

    @property
    def place(self) -> str:
        """Page and line, for messages."""
        return f"{self.page.name}:{self.line}"

    @property
    def file_name(self) -> str | None:
        """The file that the block is written to, if it is one."""
        if self.language not in ("python", "yaml"):
            return None
        match = FILE_NAME.match(self.code.partition("\n")[0])
        return match[1] if match else None

    @property
    def kind(self) -> str:
        """``"skipped"``, ``"file"``, ``"python"``, ``"bash"``, ``"fragment"`` or ``"shown"``."""
        if self.reason is not None:
            return "skipped"
        if self.file_name is not None:
            return "file"
        if self.language in EXECUTED:
            return self.language
        return "fragment" if self.language == "yaml" else "shown"


def wants_recordings(text: str) -> bool:
    """Return whether a page asks for the folder of recordings."""
    return SETUP.search(text) is not None


def read_blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, those inside directives too."""
    return list(_blocks(page, page.read_text(encoding="utf-8").splitlines()))


def _blocks(page: Path, lines: list[str]) -> Iterator[Block]:
    directives: list[str] = []  # fences of open directives, whose content is Markdown
    reason: str | None = None
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if match := NOT_EXECUTED.match(line):
            reason = match["reason"].strip()
            continue
        fence = FENCE.match(line)
        if fence is None:
            reason = reason if not line.strip() else None
            continue
        ticks, info = fence["ticks"], fence["info"]
        if not info and directives and len(ticks) >= len(directives[-1]):
            directives.pop()
            continue
        code = CODE_DIRECTIVE.match(info)
        if info.startswith("{") and code is None:
            directives.append(ticks)
            continue
        end = _end(lines, number, ticks)
        content = _dedented(lines[number:end], fence["indent"])
        start = next((i for i, text in enumerate(content) if not OPTION.match(text)), len(content))
        start = start if code else 0
        language = code["language"] if code else info.split(" ")[0]
        text = "\n".join(content[start:]) + "\n"
        yield Block(page, number + 1 + start, language, text, reason)
        reason, number = None, end + 1


def _end(lines: list[str], start: int, ticks: str) -> int:
    for number in range(start, len(lines)):
        fence = FENCE.match(lines[number])
        if fence and not fence["info"] and fence["ticks"].startswith(ticks):
            return number
    raise PageError(f"a block that starts at line {start} has no end")


def _dedented(lines: list[str], indent: str) -> list[str]:
    return [
        line.removeprefix(indent) if line.startswith(indent) else line.lstrip() for line in lines
    ]


def problems(block: Block) -> Iterator[str]:
    """Yield what is wrong with a block before anything is run."""
    known = (*EXECUTED, "yaml", *SHOWN)
    if block.language not in known:
        yield f"{block.place}: language {block.language!r}; use one of {', '.join(known)}"
    if block.reason == "":
        yield f"{block.place}: a block that is not executed needs its reason"
    if block.kind in EXECUTED and (match := FORBIDDEN.search(block.code)):
        yield f"{block.place}: {match[1]!r} is not for a test; mark the block as not executed"
    if block.language == "yaml" and block.kind != "skipped":
        try:
            yaml.safe_load(block.code)
        except yaml.YAMLError as error:
            yield f"{block.place}: no valid YAML: {error}"
    if block.language == "python" and block.kind != "bash":
        try:
            compile(block.code, block.place, "exec")
        except SyntaxError as error:
            yield f"{block.place}: no valid Python: {error}"


def run_page(
    page: Path, folder: Path, package: Path, server: Path, timeout_s: float = 600.0
) -> str:
    """Run the blocks of a page in a folder, in a process of their own.

    Parameters
    ----------
    page : pathlib.Path
        The page.
    folder : pathlib.Path
        Where files are written; on Python's path.
    package : pathlib.Path
        The folder that holds the package.
    server : pathlib.Path
        The socket of ``preloaded_python.py``, of which the page and ``bci-dann`` are forks.
    timeout_s : float
        Time that all blocks together may take.

    Returns
    -------
    str
        What the blocks have printed.

    Raises
    ------
    PageError
        With page and line of the block that failed, and its output.
    """
    steps = [_step(block) for block in read_blocks(page) if block.kind in (*EXECUTED, "file")]
    with tempfile.TemporaryDirectory() as tools:
        plan = Path(tools) / "steps.json"
        plan.write_text(json.dumps(steps), encoding="utf-8")
        command = [*_preloaded(server), str(FOLDER / "page_steps.py"), str(plan)]
        environment = _environment(folder, package, Path(tools), server)
        code, output = _run(command, folder, environment, timeout_s)
    if code:
        raise PageError(output)
    return output


def _run(
    command: list[str], folder: Path, environment: dict[str, str], timeout_s: float
) -> tuple[int, str]:
    """Return exit code and output of a command; with its children it is ended when time is up."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            return 1, f"{output}\nnot finished after {timeout_s:g} s"
    return process.returncode, output


def _step(block: Block) -> dict[str, object]:
    return {
        "place": block.place,
        "kind": block.kind,
        "code": block.code,
        "file": block.file_name,
        "page": str(block.page),
        "offset": block.line - 1,
    }


def _preloaded(server: Path) -> list[str]:
    """Return the command that has a program run as a fork of the server."""
    return [sys.executable, "-IS", str(FOLDER / "preloaded_python.py"), str(server)]


def _environment(folder: Path, package: Path, tools: Path, server: Path) -> dict[str, str]:
    """Return an environment in which ``bci-dann`` and ``python`` are those of the tests."""
    commands = {
        "bci-dann": [*_preloaded(server), "-m", "bci_dann"],
        "python": [sys.executable],
    }
    for name, words in commands.items():
        command = tools / name
        command.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        command.chmod(0o755)
    paths = [str(folder), str(package), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(tools), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
    }
