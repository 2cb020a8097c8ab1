"""Replacement of values in the content of a configuration, by ``KEY=VALUE`` (``--set``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bci_dann._resources import find_configuration
from bci_dann.evaluation.config.run_pipelines import ConfigOrigin
from bci_dann.evaluation.config.yaml_file import in_free_section, read_config_content
from bci_dann.evaluation.config.yaml_loader import YamlError, parse_yaml
from bci_dann.exceptions import ConfigError

__all__ = ["located_content", "with_settings"]

SETTING_FORM = "--set takes KEY=VALUE, for example preprocessing.band=[8,30]"


def with_settings(content: Any, settings: Iterable[str]) -> Any:
    """Return the content of a configuration with some values replaced.

    Parameters
    ----------
    content : object
        Content of a file; not changed.
    settings : iterable of str
        Settings ``"KEY=VALUE"``: keys of sections joined by dots, and a value in YAML. Missing
        sections are added. The keys themselves are not checked here.

    Returns
    -------
    object
        A copy with the new values; ``content`` itself if it is not a mapping.

    Raises
    ------
    ConfigError
        When a setting has another form, its value is not valid YAML, a key is given twice, or a key
        refers to a part of a value that has no keys.

    Examples
    --------
    >>> content = {"seeds": [0], "preprocessing": {"notch": 50}}
    >>> with_settings(content, ["preprocessing.band=[8, 30]", "seeds=[1,2]"])
    {'seeds': [1, 2], 'preprocessing': {'notch': 50, 'band': [8, 30]}}
    """
    replaced = content
    given: set[tuple[str, ...]] = set()
    for text in settings:
        keys, value = _parsed_setting(text)
        if keys in given:
            raise ConfigError(f"--set gives {'.'.join(keys)} twice.")
        given.add(keys)
        if isinstance(replaced, Mapping):
            replaced = _with_value(replaced, keys, value, text)
    return replaced


def _parsed_setting(text: str) -> tuple[tuple[str, ...], Any]:
    path, equals, value = text.partition("=")
    keys = tuple(part.strip() for part in path.split("."))
    if not equals or not all(keys):
        raise ConfigError(f"{SETTING_FORM}; got {text!r}.")
    try:
        # with the same rules as in the file, so that a value is read in the same way
        return keys, parse_yaml(value, lambda below: in_free_section((*keys, *below)))
    except YamlError as error:
        raise ConfigError(f"--set {text}: {error}.") from error


def _with_value(
    section: Mapping[str, Any], keys: tuple[str, ...], value: Any, text: str
) -> dict[str, Any]:
    first, *rest = keys
    if not rest:
        return {**section, first: value}
    inner = section.get(first)
    if inner is None:
        inner = {}
    if not isinstance(inner, Mapping):
        raise ConfigError(
            f"--set {text}: {first!r} is {inner!r}, which has no keys. Set it as a whole, as in "
            f"{first}=VALUE."
        )
    return {**section, first: _with_value(inner, tuple(rest), value, text)}


def located_content(
    config: str | Path | Mapping[str, Any], settings: Sequence[str] = ()
) -> tuple[Any, ConfigOrigin]:
    """Read the content of a configuration file without checking it, and its origin.

    Parameters
    ----------
    config : str, pathlib.Path or mapping
        A file, the name of a configuration of the package, or the content.
    settings : sequence of str
        See :func:`load_config`.

    Returns
    -------
    content : object
        The content; a mapping for a valid file.
    origin : ConfigOrigin
        The origin of the content.

    Raises
    ------
    ConfigError
        When the file is missing or cannot be read, or a setting has another form.
    """
    if isinstance(config, Mapping):
        return with_settings(config, settings), ConfigOrigin()
    path = find_configuration(config)
    source = f"{path} with --set" if settings else str(path)
    return with_settings(read_config_content(path), settings), ConfigOrigin(source, path.parent)
