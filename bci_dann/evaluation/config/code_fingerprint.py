"""Fingerprints of code that affects results: of this package, and of user-defined classes."""

from __future__ import annotations

import functools
import hashlib
import operator
import re
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bci_dann.evaluation.config.module_source import module_file
from bci_dann.exceptions import ConfigError

__all__ = ["check_code_is_current", "package_fingerprint", "user_code_fingerprint"]

PACKAGE = Path(__file__).resolve().parents[2]
# Parts of the package that do not affect records: the command line, the use of finished records,
# and the use of saved models.
WITHOUT_INFLUENCE = (
    *("__main__.py", "_version.py", "installation.py"),
    *("cli", "examples", "reporting", "serving"),
    *("evaluation/diagnosis", "evaluation/selection", "evaluation/metrics.py"),
    *("evaluation/summary.py", "evaluation/run_merge.py"),
)
# Hexadecimal digits of a fingerprint: 64 bits, so that collisions are practically impossible.
N_DIGITS = 16
# "module:Class", the notation for user-defined components of a method.
CLASS_PATH = re.compile(r"([A-Za-z_][\w.]*):[A-Za-z_]\w*")
# By user-defined module, what this process has loaded: the content of its file, and the module with
# its classes and functions, which are other objects after `importlib.reload`.
_loaded: dict[str, tuple[bytes, list[Any]]] = {}


@functools.cache
def package_fingerprint(package: Path = PACKAGE) -> str:
    """Return a digest of the source files of this package that can affect results.

    Parameters
    ----------
    package : pathlib.Path
        The folder of the package.

    Returns
    -------
    str
        The first 16 digits of SHA-256 over the names and contents of the files. Files of the
        command line, of reports and of the examples are left out.
    """
    names = sorted(path.relative_to(package).as_posix() for path in package.rglob("*.py"))
    excluded = tuple(f"{name}/" for name in WITHOUT_INFLUENCE)
    digest = hashlib.sha256()
    for name in names:
        if not f"{name}/".startswith(excluded):
            content = (package / name).read_bytes()
            # with names and lengths, so that moving a line to another file changes the digest
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()[:N_DIGITS]


def user_code_fingerprint(step: Mapping[str, Any]) -> str | None:
    """Return a digest of the files that define user-defined classes of a pipeline's step.

    Parameters
    ----------
    step : mapping
        ``from`` and ``parameters`` of a step. Classes in parameters, at any depth, are recognised
        by the notation ``"module:Class"``.

    Returns
    -------
    str or None
        The digest; ``None`` if all classes are from this package or from installed packages, which
        are identified by their versions. Files imported by these files are not included.
    """
    user_files = sorted(set(_user_files(step).values()))
    if not user_files:
        return None
    return hashlib.sha256(b"".join(file.read_bytes() for file in user_files)).hexdigest()[:N_DIGITS]


def check_code_is_current(step: Mapping[str, Any]) -> None:
    """Raise if this process would use an earlier content of a file than its fingerprint.

    Python imports a module once: where its file is edited afterwards, as in a notebook, records
    would have the key of the new code and the results of the old one.

    Parameters
    ----------
    step : mapping
        ``from`` and ``parameters`` of a step whose classes have just been imported. The first call
        for a module stores its content.

    Raises
    ------
    ConfigError
        When a file has changed since the first call, and was not loaded again.
    """
    for module, file in _user_files(step).items():
        if module not in sys.modules:
            continue
        loaded = sys.modules[module]
        own = (one for one in vars(loaded).values() if getattr(one, "__module__", None) == module)
        objects = [loaded, *own]
        content = file.read_bytes()
        known, earlier = _loaded.get(module, (content, objects))
        is_same = len(objects) == len(earlier) and all(map(operator.is_, objects, earlier))
        if is_same and content != known:
            raise ConfigError(
                f"{file} has changed since this process imported it, and results would be those "
                "of the earlier code: start Python again, or call importlib.reload."
            )
        _loaded[module] = content, objects


def _user_files(step: Mapping[str, Any]) -> dict[str, Path]:
    """Return the files of the user-defined classes of a step, by module."""
    files = {name: module_file(name) for name in {step["from"], *_modules_in(step["parameters"])}}
    return {name: file for name, file in files.items() if file and _is_user_file(file)}


def _modules_in(value: Any) -> Iterator[str]:
    """Yield the modules of all classes in a parameter, including mappings and lists."""
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        for part in value:
            yield from _modules_in(part)
    elif isinstance(value, str) and (match := CLASS_PATH.fullmatch(value)):
        yield match[1]


def _is_user_file(file: Path) -> bool:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    installed = [Path(sysconfig.get_path(name)).resolve() for name in names]
    return not any(file.is_relative_to(folder) for folder in [PACKAGE, *installed])
