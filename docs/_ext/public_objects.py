"""The public objects of the package: where each is described, and the members of its classes."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api_rooms import PACKAGE, ROOMS


@dataclass(frozen=True)
class Listing:
    """The public names of one module, sorted by where they are described.

    Parameters
    ----------
    module : str
        The module.
    described : tuple of str
        Classes and functions that have a page under this module.
    constants : tuple of str
        Constants and type aliases.
    elsewhere : dict of str to str
        Names that have their page under another module, with the full name of that page.
    """

    module: str
    described: tuple[str, ...]
    constants: tuple[str, ...]
    elsewhere: dict[str, str]


@functools.cache
def listings() -> dict[str, Listing]:
    """Return the public names of every listed module, in the order of the pages."""
    owners: dict[int, str] = {}  # the page of each object
    listed = {}
    for module in (name for room in ROOMS for name in (room.module, *room.parts)):
        described, constants, elsewhere = [], [], {}
        package = importlib.import_module(module)
        for name in getattr(package, "__all__", []):
            member = getattr(package, name)
            if not is_documented(member):
                constants.append(name)
            elif id(member) in owners:
                elsewhere[name] = owners[id(member)]
            else:
                owners[id(member)] = f"{module}.{name}"
                described.append(name)
        listed[module] = Listing(module, tuple(described), tuple(constants), elsewhere)
    return listed


def is_documented(member: object) -> bool:
    """Return whether a public object has a docstring of its own, as classes and functions do."""
    return inspect.isclass(member) or inspect.isroutine(member)


@functools.cache
def targets() -> dict[str, str]:
    """Return where each name of a public object is described, by full name and by short name."""
    found: dict[str, str] = {}
    for listing in listings().values():
        for name in (*listing.described, *listing.constants):
            target = f"{listing.module}.{name}"
            member = getattr(importlib.import_module(listing.module), name)
            found[target] = target
            found.setdefault(name, target)
            if is_documented(member):
                found.setdefault(f"{member.__module__}.{member.__qualname__}", target)
        for name, target in listing.elsewhere.items():
            found[f"{listing.module}.{name}"] = target
    return found


def find_target(reference: str) -> str | None:
    """Return the full name under which an object is described, or None.

    Parameters
    ----------
    reference : str
        ``name``, ``package.name``, or either with ``.member`` of a class, which may be inherited.

    Returns
    -------
    str or None
        The name of a target in the pages.
    """
    known = targets()
    if reference in known:
        return known[reference]
    owner, _, member = reference.rpartition(".")
    if owner not in known:
        return None
    described = load(known[owner])
    if not inspect.isclass(described):
        return None
    for base in public_bases(described):
        if member in own_members(base):
            return f"{known[f'{base.__module__}.{base.__qualname__}']}.{member}"
    return None


def load(full_name: str) -> Any:
    """Return the object of a full name."""
    module, _, name = full_name.rpartition(".")
    return getattr(importlib.import_module(module), name)


def exists(full_name: str) -> bool:
    """Return whether a full name is that of a module, or of something in one."""
    parts = full_name.split(".")
    for n in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:n]))
        except ImportError:
            continue
        for part in parts[n:]:
            fields = inspect.get_annotations(found) if inspect.isclass(found) else {}
            if not hasattr(found, part) and part not in fields:
                return False
            found = getattr(found, part, None)
        return True
    return False


@functools.cache
def internal_names() -> frozenset[str]:
    """Return the names that any module of the package makes public for the others."""
    names: set[str] = set()
    for path in Path(importlib.import_module(PACKAGE).__file__ or "").parent.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
                names.update(ast.literal_eval(node.value))
    return frozenset(names)


def public_bases(owner: type) -> list[type]:
    """Return a class and its bases, as far as they have pages."""
    known = targets()
    return [base for base in owner.__mro__ if f"{base.__module__}.{base.__qualname__}" in known]


def own_members(owner: type) -> dict[str, str]:
    """Return the members that the page of a class describes, each ``method`` or ``property``.

    Those of bases without a page count as the class's own; those of bases with a page, and those
    of other packages, are left out.
    """
    above = {base for parent in public_bases(owner)[1:] for base in parent.__mro__}
    found: dict[str, str] = {}
    for base in owner.__mro__:
        if base in above or base.__module__.partition(".")[0] != PACKAGE:
            continue
        for name, member in vars(base).items():
            if not name.startswith("_") and is_own_code(member):
                found.setdefault(name, member_kind(member))
    return found


def inherited_members(owner: type) -> dict[str, dict[str, str]]:
    """Return what a class inherits from each base that has a page, by the base's full name."""
    seen = set(own_members(owner))
    inherited = {}
    for base in public_bases(owner)[1:]:
        new = {name: kind for name, kind in own_members(base).items() if name not in seen}
        seen.update(new)
        if new:
            inherited[targets()[f"{base.__module__}.{base.__qualname__}"]] = new
    return inherited


def member_kind(member: object) -> str:
    """Return what autodoc calls a member of a class."""
    has_getter = isinstance(member, property | functools.cached_property)
    return "property" if has_getter else "method"


def is_own_code(member: object) -> bool:
    """Return whether a class member is a method or property that this package has written."""
    for attribute in ("__func__", "fget", "func"):
        member = getattr(member, attribute, member)
    is_routine = inspect.isfunction(member)
    return is_routine and member.__module__.partition(".")[0] == PACKAGE
