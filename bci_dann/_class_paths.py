"""Classes by path, ``"module:Class"``: imported on demand, and never because a file names them."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError, DataError

__all__ = ["check_imported", "class_path", "import_class", "is_class_path"]

CLASS_PATH = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def is_class_path(name: str) -> bool:
    """Whether a name is the path of a class, ``"module:Class"``.

    Parameters
    ----------
    name : str
        Any text.

    Returns
    -------
    bool
        Of names alone; nothing is imported.
    """
    return CLASS_PATH.fullmatch(name) is not None


def import_class(kind: str, path: str) -> Any:
    """Import what a path names.

    Parameters
    ----------
    kind : str
        What it is for, for messages.
    path : str
        ``"module:Class"``.

    Returns
    -------
    object
        A class or a function.

    Raises
    ------
    ConfigError
        When the module cannot be imported, or has no such name.
    """
    module, _, attribute = path.partition(":")
    try:
        imported = importlib.import_module(module)
    except ImportError as error:
        is_missing = (error.name or module) in (module, module.partition(".")[0])
        advice = (
            f"The folder of {module}.py must be on Python's path: install it, or set PYTHONPATH."
            if is_missing
            else f"{module} imports it: install what is missing, or correct the import."
        )
        raise ConfigError(f"{kind}: {path!r} cannot be imported: {error}. {advice}") from error
    except SyntaxError as error:
        raise ConfigError(
            f"{kind}: {path!r} cannot be imported, because {module} is not valid Python: {error}."
        ) from error
    if not hasattr(imported, attribute):
        hint = did_you_mean(attribute, dir(imported))
        raise ConfigError(f"{kind}: {module} has no {attribute!r}.{hint}")
    return getattr(imported, attribute)


def class_path(kind: type) -> str:
    """Return ``"module:Class"`` of a class.

    Parameters
    ----------
    kind : type
        Defined at the top level of a module.

    Returns
    -------
    str
        By which :func:`import_class` finds it again.
    """
    return f"{kind.__module__}:{kind.__qualname__}"


def check_imported(description: Any) -> None:
    """Raise where a file names a class whose module the user has not imported.

    Parameters
    ----------
    description : object
        Text, numbers, lists and mappings, as a saved model holds them.

    Raises
    ------
    DataError
        Naming the module to import first.
    """
    for path in _class_paths(description):
        module = path.partition(":")[0]
        if module not in sys.modules and module.partition(".")[0] != "bci_dann":
            raise DataError(
                f"the model uses {path!r}, which is not part of bci_dann. A file never runs code "
                f"by itself: import {module} before you load the model, or give the command line "
                f"--import {module}."
            )


def _class_paths(description: Any) -> Iterator[str]:
    if isinstance(description, Mapping):
        description = [*description, *description.values()]
    if isinstance(description, list | tuple):
        for part in description:
            yield from _class_paths(part)
    elif isinstance(description, str) and is_class_path(description):
        yield description
