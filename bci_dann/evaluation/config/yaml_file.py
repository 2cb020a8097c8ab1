"""Configuration files, each of which may say only what differs from another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError

__all__ = ["read_content"]

EXTENDS = "extends"


def read_content(path: Path) -> Any:
    """Read a YAML file, and what it extends.

    Parameters
    ----------
    path : pathlib.Path
        The file. A key ``extends`` names another, relative to its folder, whose keys it takes
        over; a key that it has itself replaces the other's whole.

    Returns
    -------
    object
        The content, without ``extends``.

    Raises
    ------
    ConfigError
        When a file is missing, cannot be read, or extends itself.
    """
    content = _parsed(path)
    met = [path.resolve()]
    while isinstance(content, dict) and EXTENDS in content:
        origin = _named(content, met[-1])
        if origin in met:
            raise ConfigError(
                f"{met[-1]} extends {origin.name}, which is built on it. Take `extends` out of one."
            )
        base = _parsed(origin)
        if not isinstance(base, dict):
            raise ConfigError(f"{met[-1]} extends {origin}, which holds no keys.")
        own = {key: value for key, value in content.items() if key != EXTENDS}
        content = {**base, **own}
        met.append(origin)
    return content


def _named(content: dict[str, Any], path: Path) -> Path:
    name = content[EXTENDS]
    if not isinstance(name, str):
        raise ConfigError(f"{path}: extends must be the name of one file; got {name!r}.")
    return (path.parent / name).resolve()


def _parsed(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        near = did_you_mean(path.name, [p.name for p in path.parent.glob("*.y*ml")])
        raise ConfigError(f"there is no configuration file {path}.{near}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"the configuration {path} cannot be read: {error}") from error
