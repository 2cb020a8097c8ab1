"""The user's own code in a pipeline, of which records have to know whether it has changed."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["own_code"]

PACKAGE = Path(__file__).resolve().parents[2]
# "module:Class", as terms of one's own are named
CLASS_PATH = re.compile(r"([A-Za-z_][\w.]*):[A-Za-z_]\w*")


def own_code(step: Mapping[str, Any]) -> str | None:
    """Return a digest of the files that a step's own classes are in.

    Parameters
    ----------
    step : mapping
        ``from`` and ``parameters`` of a pipeline's step.

    Returns
    -------
    str or None
        ``None`` where all classes are of this package or of an installed one, whose version
        stands for its code. Files that these files import are not looked at.
    """
    modules = {step["from"], *_modules_in(step["parameters"])}
    files = sorted({file for file in map(_file_of, modules) if file is not None and _is_own(file)})
    if not files:
        return None
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _modules_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        for part in value:
            yield from _modules_in(part)
    elif isinstance(value, str) and (found := CLASS_PATH.fullmatch(value)):
        yield found[1]


def _file_of(module: str) -> Path | None:
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):  # told when the pipeline is built
        return None
    if found is None or not found.has_location or found.origin is None:
        return None
    return Path(found.origin).resolve()


def _is_own(file: Path) -> bool:
    places = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    installed = [Path(place).resolve() for place in places]
    return not any(file.is_relative_to(place) for place in [PACKAGE, *installed])
