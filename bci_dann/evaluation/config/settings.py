"""Single values of a configuration that are replaced by ``KEY=VALUE`` texts of a command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bci_dann.evaluation.config.yaml_file import in_free_section
from bci_dann.evaluation.config.yaml_loader import YamlError, parse_yaml
from bci_dann.exceptions import ConfigError

__all__ = ["with_settings"]

FORM = "--set takes KEY=VALUE, for example preprocessing.band=[8,30]"


def with_settings(content: Any, settings: Iterable[str]) -> Any:
    """Return the content of a configuration with some values replaced.

    Parameters
    ----------
    content : object
        As it was read from a file; it is left as it is.
    settings : iterable of str
        Each ``"KEY=VALUE"``: keys of sections joined by dots, and a value in YAML. Sections that
        are missing are added. Whether the keys exist is for whoever checks the result.

    Returns
    -------
    object
        A copy with the new values; ``content`` itself where it is no mapping.

    Raises
    ------
    ConfigError
        When a text has another form, its value is no YAML, a key is given twice, or it leads into
        a value that has no keys.

    Examples
    --------
    >>> content = {"seeds": [0], "preprocessing": {"notch": 50}}
    >>> with_settings(content, ["preprocessing.band=[8, 30]", "seeds=[1,2]"])
    {'seeds': [1, 2], 'preprocessing': {'notch': 50, 'band': [8, 30]}}
    """
    replaced = content
    given: set[tuple[str, ...]] = set()
    for text in settings:
        keys, value = _parsed(text)
        if keys in given:
            raise ConfigError(f"--set gives {'.'.join(keys)} twice.")
        given.add(keys)
        if isinstance(replaced, Mapping):
            replaced = _with_value(replaced, keys, value, text)
    return replaced


def _parsed(text: str) -> tuple[tuple[str, ...], Any]:
    path, equals, value = text.partition("=")
    keys = tuple(part.strip() for part in path.split("."))
    if not equals or not all(keys):
        raise ConfigError(f"{FORM}; got {text!r}.")
    try:
        # free where the file is, so that a text means the same here and there
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
