"""Record of the commands that computed the results of a folder: date, machine and commit."""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bci_dann._files import write_atomically

__all__ = ["Invocation", "add_invocation", "current_invocation", "read_invocations"]

INVOCATIONS_FILE = "invocations.json"
UNKNOWN = "unknown"
CPU_INFO = Path("/proc/cpuinfo")
PACKAGE = Path(__file__).resolve().parents[2]
# Options whose value is a local path, with the replacement in published commands; None omits the
# option, because it does not change results.
LOCAL_PATHS = {
    "--data-dir": "FOLDER",
    "--out": None,
    "-o": None,
    "--rows": None,
    "--tensorboard": None,
}


@dataclass(frozen=True)
class Invocation:
    """One command that computed results.

    Attributes
    ----------
    date : str
        Start time (UTC) in ISO 8601 format, to the second.
    command : str
        The command as typed, without local paths.
    commit : str
        Git commit of the package, followed by ``+changes`` if files differed from it;
        ``"unknown"`` if the package is not in a git checkout.
    machine : str
        Processor and number of cores.
    versions : dict of str to str
        Versions of the packages that results depend on.
    platform : dict of str to str
        ``python``, ``blas``, the library of linear algebra, and ``gpu``, ``"none"`` without one
        and ``"unknown"`` where this process trained no network. Empty for commands of earlier
        versions.
    """

    date: str
    command: str
    commit: str
    machine: str
    versions: dict[str, str]
    platform: dict[str, str] = field(default_factory=dict)


def current_invocation(
    versions: Mapping[str, str], arguments: Sequence[str] | None = None
) -> Invocation:
    """Describe the command of this process.

    Parameters
    ----------
    versions : mapping of str to str
        Versions of the packages that results depend on.
    arguments : sequence of str, optional
        The program and its arguments; by default those of this process.

    Returns
    -------
    Invocation
        With the current time.
    """
    return Invocation(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        command=_command(sys.argv if arguments is None else arguments),
        commit=_commit(PACKAGE.parent),
        machine=_machine(),
        versions=dict(versions),
        platform={"python": platform.python_version(), "blas": _blas(), "gpu": _gpu()},
    )


def add_invocation(folder: Path, invocation: Invocation) -> None:
    """Append a command to the list in a results folder.

    Parameters
    ----------
    folder : pathlib.Path
        The results folder.
    invocation : Invocation
        The command to add.

    Raises
    ------
    ResultsError
        When the folder cannot be written to.
    """
    known = [asdict(one) for one in read_invocations(folder)]
    text = json.dumps([*known, asdict(invocation)], indent=1)
    write_atomically(folder / INVOCATIONS_FILE, text.encode())


def read_invocations(folder: Path) -> list[Invocation]:
    """Return the commands that computed results of a folder, in temporal order.

    Parameters
    ----------
    folder : pathlib.Path
        The results folder.

    Returns
    -------
    list of Invocation
        Empty for folders of earlier versions, which have no such list.
    """
    try:
        stored = json.loads((folder / INVOCATIONS_FILE).read_text(encoding="utf-8"))
        return [Invocation(**one) for one in stored]
    except (OSError, ValueError, TypeError):
        return []


def _command(arguments: Sequence[str]) -> str:
    words = _program(Path(arguments[0])) if arguments else ["python"]
    remaining = iter(arguments[1:])
    for word in remaining:
        option = _option_of(word)
        if option not in LOCAL_PATHS:
            path = Path(word)
            words.append(path.name if path.is_absolute() else word)
            continue
        if word == option:  # the value is the next word
            next(remaining, None)
        stand_in = LOCAL_PATHS[option]
        words += [] if stand_in is None else [option, stand_in]
    return shlex.join(words)


def _option_of(word: str) -> str:
    """Return the option of a word, without a value in the same word: `--out=PATH`, `-oPATH`."""
    return word.partition("=")[0] if word.startswith("--") else word[:2]


def _program(path: Path) -> list[str]:
    """Return the words that start a program: its name, a module of this package, or a script."""
    absolute = path.absolute()
    if path.name == "bci-dann" or absolute == PACKAGE / "__main__.py":
        return ["bci-dann"]
    if absolute.is_relative_to(PACKAGE):
        module = absolute.relative_to(PACKAGE.parent).with_suffix("")
        return ["python", "-m", ".".join(module.parts)]
    script = absolute.parent if path.name == "__main__.py" else absolute
    inside = script.is_relative_to(Path.cwd())
    return ["python", script.relative_to(Path.cwd()).as_posix() if inside else script.name]


def _commit(checkout: Path) -> str:
    """Return the commit of a checkout, without searching parent folders."""
    if not (checkout / ".git").exists():
        return UNKNOWN
    commit = _git(checkout, "rev-parse", "HEAD")
    changes = _git(checkout, "status", "--porcelain", "--untracked-files=no")
    return f"{commit}+changes" if commit and changes else commit or UNKNOWN


def _git(checkout: Path, *arguments: str) -> str:
    command = ["git", "-C", str(checkout), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _machine() -> str:
    return f"{_processor()}, {os.cpu_count()} cores"


def _blas() -> str:
    """Return the libraries of linear algebra of this process, with version and processor type."""
    from threadpoolctl import threadpool_info

    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    names = (
        f"{one['internal_api']} {one['version']} ({one.get('architecture', UNKNOWN)})"
        for one in found
    )
    return " and ".join(dict.fromkeys(names)) or UNKNOWN


def _gpu() -> str:
    """Return the GPU that networks are trained on by default."""
    torch = sys.modules.get("torch")  # slow to import where no network is trained
    if torch is None:
        return UNKNOWN
    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else "none"


def _processor() -> str:
    try:
        lines = CPU_INFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
