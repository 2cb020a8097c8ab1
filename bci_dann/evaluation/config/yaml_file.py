"""Reading of YAML files, and of configurations that extend another file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bci_dann._validation import did_you_mean
from bci_dann.evaluation.config.yaml_loader import Keys, YamlError, parse_yaml
from bci_dann.exceptions import ConfigError

__all__ = ["in_free_section", "read_config_content", "read_yaml", "yaml_lines"]

EXTENDS_KEY = "extends"

# Sections of a configuration whose values have no declared types, as keys from the root.
FREE_SECTIONS: tuple[Keys, ...] = (("data", "params"), ("pipeline_parameters",), ("variants",))


def read_yaml(path: Path, kind: str) -> Any:
    """Read a YAML file; all files of a run are read by this function.

    Words are read as text, see :func:`~bci_dann.evaluation.config.yaml_loader.parse_yaml`.
    Since MOABB has to read pipeline files in the same way, they must not contain values that YAML
    1.1 reads differently.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    kind : str
        Kind of the file for messages, for example ``"configuration"``.

    Returns
    -------
    object
        Its content: mappings, lists, numbers and text only.

    Raises
    ------
    ConfigError
        When the file is missing, is not valid YAML, or is ambiguous; the message names the line.
    """
    is_free = in_free_section if kind == "configuration" else _everywhere
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), is_free)
    except FileNotFoundError:
        near = did_you_mean(path.name, [p.name for p in path.parent.glob("*.y*ml")])
        raise ConfigError(f"there is no {kind} file {path}.{near}") from None
    except YamlError as error:
        where = f"{path}, line {error.line}" if error.line else str(path)
        raise ConfigError(f"the {kind} file {where}: {error}.") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"the {kind} file {path}, line {line}: it is no text in UTF-8. Save it as UTF-8."
        ) from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"the {kind} file {path} cannot be read: {error}") from error


def read_config_content(path: Path) -> Any:
    """Read a configuration file, and the files that it extends.

    Parameters
    ----------
    path : pathlib.Path
        The file. Its key ``extends`` is the path of another file, relative to its folder, whose
        keys are inherited; a key of the file replaces the inherited one entirely.

    Returns
    -------
    object
        The content, without ``extends``.

    Raises
    ------
    ConfigError
        When a file is missing, cannot be read, or extends itself.
    """
    content = read_yaml(path, "configuration")
    chain = [path.resolve()]
    while isinstance(content, dict) and EXTENDS_KEY in content:
        base_path = _base_path(content, chain[-1])
        if base_path in chain:
            raise ConfigError(
                f"{chain[-1]} extends {base_path.name}, which extends it in turn. Remove "
                "`extends` from one of them."
            )
        base = read_yaml(base_path, "configuration")
        if not isinstance(base, dict):
            raise ConfigError(f"{chain[-1]} extends {base_path}, which holds no keys.")
        content = {**base, **{key: content[key] for key in content if key != EXTENDS_KEY}}
        chain.append(base_path)
    return content


def yaml_lines(content: Any, indent: int = 0) -> str:
    """Return content as lines of YAML.

    Parameters
    ----------
    content : mapping or list
        Plain data.
    indent : int
        Spaces in front of each line.

    Returns
    -------
    str
        Lines without a newline at the end, keys in the order of ``content``.
    """
    lines = yaml.safe_dump(content, sort_keys=False, allow_unicode=True).splitlines()
    return "\n".join(" " * indent + line for line in lines)


def in_free_section(keys: Keys) -> bool:
    """Return whether a value of a configuration has no declared type.

    Parameters
    ----------
    keys : tuple of str
        Its keys from the root.

    Returns
    -------
    bool
        True in sections such as ``data.params``.
    """
    if keys[:1] == ("datasets",) and len(keys) > 1:  # a suite: each entry is a section `data`
        keys = ("data", *keys[2:])
    if keys[:2] == ("data", "datasets"):  # several together
        keys = ("data", *keys[2:])
    return any(keys[: len(section)] == section for section in FREE_SECTIONS)


def _everywhere(_: Keys) -> bool:
    return True


def _base_path(content: dict[str, Any], path: Path) -> Path:
    name = content[EXTENDS_KEY]
    if not isinstance(name, str):
        raise ConfigError(f"{path}: extends must be the name of one file; got {name!r}.")
    return (path.parent / name).resolve()
