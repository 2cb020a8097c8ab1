"""YAML with fewer implicit types: words are text, keys are unique, and errors name the line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

__all__ = ["YamlError", "parse_yaml"]

# Keys from the root of a document to a value.
Keys = tuple[str, ...]

NUMBER_TAGS = {
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(?:0|[1-9][0-9]*)"),
    "tag:yaml.org,2002:float": re.compile(
        r"[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+|(?:0|[1-9][0-9]*)(?=[eE]))(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    ),
}
WORD_TAGS = {
    "tag:yaml.org,2002:bool": re.compile("true|True|TRUE|false|False|FALSE"),
    "tag:yaml.org,2002:null": re.compile("~|null|Null|NULL|"),
    "tag:yaml.org,2002:merge": re.compile("<<"),
}
TEXT_TAG = "tag:yaml.org,2002:str"
TAGS: dict[type[yaml.Node], set[str]] = {
    yaml.MappingNode: {"tag:yaml.org,2002:map"},
    yaml.SequenceNode: {"tag:yaml.org,2002:seq"},
    yaml.ScalarNode: {TEXT_TAG, *NUMBER_TAGS, *WORD_TAGS},
}

# Maximum number of values in a document, with aliases expanded. Empirical: the longest
# configurations have hundreds; ten lines of nested aliases can expand to billions.
MOST_NODES = 100_000


class YamlError(ValueError):
    """A document that cannot be read as YAML.

    Parameters
    ----------
    problem : str
        The problem, and what to write instead.
    line : int or None
        Line number, from 1.
    """

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem)
        self.line = line


def parse_yaml(text: str, is_free: Callable[[Keys], bool]) -> Any:
    """Return the content of a YAML document.

    Only ``true`` and ``false`` are truth values, and only decimal numbers without leading zeros
    are numbers: ``001``, ``1:30``, ``yes``, ``off`` and ``2024-05-01`` are text. Keys are text. A
    duplicate key in a mapping is an error.

    For values without a known type (parameters of a user-defined class) these rules cannot be
    used, since ``no`` may mean the word or ``false``. There, values that these rules and YAML 1.1
    read differently are an error, and keys may be numbers.

    Parameters
    ----------
    text : str
        The document.
    is_free : callable
        Returns whether the value at a path of keys has no known type.

    Returns
    -------
    object
        Mappings, lists, numbers, truth values, text and None.

    Raises
    ------
    YamlError
        When the document is not valid YAML, or ambiguous.
    """
    try:
        node = yaml.compose(text, Loader=_PlainLoader)
        if node is None:
            return None
        for count, (one, keys, ancestors) in enumerate(_walk(node)):
            _check(one, is_free(keys), ancestors)
            if count == MOST_NODES:
                raise YamlError(f"it has more than {MOST_NODES} values")
        return _construct(node, is_free)
    except yaml.reader.ReaderError as error:
        problem = f"the character {chr(int(error.character))!r} is not allowed in YAML"
        raise YamlError(problem, text.count("\n", 0, error.position) + 1) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(_problem(error), mark.line + 1 if mark else None) from None
    except RecursionError:
        raise YamlError("it is nested too deeply") from None


class _PlainLoader(yaml.SafeLoader):
    """PyYAML's loader with fewer implicit types."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012  # PyYAML's own attribute


for _tag, _expression in {**NUMBER_TAGS, **WORD_TAGS}.items():
    _PlainLoader.add_implicit_resolver(
        _tag, re.compile(rf"(?:{_expression.pattern})\Z"), first=None
    )


def _walk(
    node: yaml.Node, keys: Keys = (), ancestors: tuple[yaml.Node, ...] = ()
) -> Iterator[tuple[yaml.Node, Keys, tuple[yaml.Node, ...]]]:
    """Yield each node with its path of keys and its ancestors."""
    yield node, keys, ancestors
    inside = (*ancestors, node)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _walk(key, keys, inside)
            yield from _walk(value, (*keys, str(key.value)), inside)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _walk(value, keys, inside)


def _check(node: yaml.Node, free: bool, ancestors: tuple[yaml.Node, ...]) -> None:
    line = node.start_mark.line + 1
    if any(node is one for one in ancestors):
        raise YamlError("an alias (*) is inside the value to which it refers", line)
    if node.tag not in TAGS[type(node)]:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        raise YamlError(f"the tag {tag} is not supported here. Leave it out", line)
    if isinstance(node, yaml.MappingNode):
        _check_keys(node)
    if free and isinstance(node, yaml.ScalarNode) and _is_ambiguous(node):
        raise YamlError(
            f"{node.value!r} may be read as text, or as {_other_reading(node)}. "
            f'Write "{node.value}" in quotes for the text, or else {_other_reading(node)}',
            line,
        )


def _check_keys(node: yaml.MappingNode) -> None:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise YamlError("a key must be text or a number", key.start_mark.line + 1)
        line = key.start_mark.line + 1
        if key.value in lines:
            raise YamlError(
                f"the key {key.value!r} is duplicated, also in line {lines[key.value]}. "
                "Remove one of them",
                line,
            )
        lines[key.value] = line


def _is_ambiguous(node: yaml.ScalarNode) -> bool:
    """Return whether YAML 1.1 reads an unquoted scalar differently from the rules here."""
    return node.style is None and node.tag == TEXT_TAG and _tag_in_yaml_1_1(node) != TEXT_TAG


def _tag_in_yaml_1_1(node: yaml.ScalarNode) -> str:
    resolver: Any = yaml.SafeLoader("")
    return str(resolver.resolve(yaml.ScalarNode, node.value, (True, False)))


def _other_reading(node: yaml.ScalarNode) -> str:
    """Return the YAML 1.1 reading of a scalar, as unambiguous YAML."""
    try:
        value = yaml.safe_load(node.value)
    except (yaml.YAMLError, ValueError):  # a date that does not exist, and `=`
        return "a date"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _construct(node: yaml.Node, is_free: Callable[[Keys], bool], keys: Keys = ()) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_construct(one, is_free, keys) for one in node.value]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, is_free, keys)
    try:
        return _PlainLoader("").construct_object(node)
    except yaml.YAMLError:
        raise
    except Exception as error:  # `!!int text`, and numbers of thousands of digits
        line = node.start_mark.line + 1
        kind = node.tag.rpartition(":")[2]
        raise YamlError(f"{str(node.value)[:40]!r} cannot be read as {kind}", line) from error


def _mapping(node: yaml.MappingNode, is_free: Callable[[Keys], bool], keys: Keys) -> dict[Any, Any]:
    content: dict[Any, Any] = {}
    own = []
    for key, value in node.value:
        if key.tag == "tag:yaml.org,2002:merge":
            for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                content = {**_merged(merged, is_free, keys), **content}
        else:
            own.append((key, value))
    for key, value in own:
        name = _construct(key, is_free) if is_free(keys) else key.value
        content[name] = _construct(value, is_free, (*keys, key.value))
    return content


def _merged(node: yaml.Node, is_free: Callable[[Keys], bool], keys: Keys) -> dict[Any, Any]:
    if not isinstance(node, yaml.MappingNode):
        raise YamlError("<< needs mappings, whose keys it inherits", node.start_mark.line + 1)
    return _mapping(node, is_free, keys)


def _problem(error: yaml.MarkedYAMLError) -> str:
    return " ".join(part for part in (error.context, error.problem) if part)
