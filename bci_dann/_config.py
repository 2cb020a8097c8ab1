"""Base class of configuration sections, with errors that name the wrong key and a correction."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import pydantic
from pydantic_core import ErrorDetails

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError

__all__ = ["StrictModel", "validate"]

Model = TypeVar("Model", bound=pydantic.BaseModel)


class StrictModel(pydantic.BaseModel):
    """Base class of configuration sections: unknown keys are errors, and instances are frozen."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


def validate(model_class: type[Model], mapping: Any, where: str) -> Model:
    """Build a configuration section from a mapping that a user wrote.

    Parameters
    ----------
    model_class : type of pydantic.BaseModel
        The section's class.
    mapping : mapping
        Keys and values, as read from YAML or given as keyword arguments.
    where : str
        What messages call the mapping, for example ``"configs/mine.yaml"``.

    Returns
    -------
    model_class
        The validated section.

    Raises
    ------
    ConfigError
        Naming ``where`` and the path of each wrong key; for an unknown key with the most similar
        known one.
    """
    if not isinstance(mapping, Mapping):
        raise ConfigError(
            f"{where}: expected a mapping with the keys {_listed(model_class)}; got {mapping!r}."
        )
    try:
        return model_class.model_validate(dict(mapping))
    except pydantic.ValidationError as error:
        lines = [_sentence(model_class, details) for details in error.errors(include_url=False)]
        raise ConfigError("\n".join(f"{where}: {line}" for line in lines)) from None


def _sentence(model_class: type[pydantic.BaseModel], details: ErrorDetails) -> str:
    path = ".".join(str(part) for part in details["loc"] if not _is_tag(part))
    if details["type"] == "extra_forbidden":
        return _unknown_key(model_class, details["loc"], path)
    if details["type"] == "missing":
        return f"the key {path!r} is missing."
    reason = details["msg"].removeprefix("Value error, ").rstrip(".")
    is_stated = "; got " in reason or _is_section(details["input"])
    got = "" if is_stated else f"; got {details['input']!r}"
    sentence = f"{reason}{got}"
    sentence += "" if sentence.endswith("?") else "."
    return f"{path}: {sentence}" if path else sentence


def _is_tag(part: int | str) -> bool:
    """Return whether a part of a path is a class of a union, ``<Class>``, and no key."""
    return isinstance(part, str) and part.startswith("<")


def _is_section(value: object) -> bool:
    """Return whether a value is a section, or a list of some, too long to repeat in a message."""
    if isinstance(value, list):
        return any(map(_is_section, value))
    return isinstance(value, Mapping | pydantic.BaseModel)


def _unknown_key(
    model_class: type[pydantic.BaseModel], location: tuple[int | str, ...], path: str
) -> str:
    section = _section_at(model_class, location[:-1])
    names = list(section.model_fields) if section else []
    known = f" Known keys: {', '.join(names)}." if names else ""
    return f"unknown key {path!r}.{did_you_mean(location[-1], names)}{known}"


def _section_at(
    model_class: type[pydantic.BaseModel], location: tuple[int | str, ...]
) -> type[pydantic.BaseModel] | None:
    """Return the class of the section at a path of keys, if that is unambiguous."""
    candidates: list[type[pydantic.BaseModel]] = [model_class]
    for part in location:
        if _is_tag(part):
            candidates = [one for one in candidates if f"<{one.__name__}>" == part]
            continue
        deeper = [
            section
            for candidate in candidates
            if isinstance(part, str) and part in candidate.model_fields
            for section in _sections_in(candidate.model_fields[part].annotation)
        ]
        # list positions, mapping keys and the tags of unions stay at the same class
        candidates = deeper or candidates
    return candidates[0] if len(candidates) == 1 else None


def _sections_in(annotation: Any) -> Iterator[type[pydantic.BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, pydantic.BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _sections_in(argument)


def _listed(model_class: type[pydantic.BaseModel]) -> str:
    return ", ".join(model_class.model_fields)
