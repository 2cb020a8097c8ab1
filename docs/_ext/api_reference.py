"""The pages of the API reference, generated from the names that the packages make public.

Before Sphinx looks for its sources, one page for each room of the package is written to ``api/``,
with an ``index``; autosummary then writes one page for each class and function. A name that is
public in two packages, such as ``DANNClassifier``, has one page, and references by any of its names
lead there.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from api_rooms import ROOMS, SECTIONS, Room
from public_objects import (
    exists,
    find_target,
    inherited_members,
    internal_names,
    listings,
    load,
    own_members,
    targets,
)


def constant_lines(module: str, name: str) -> Iterator[str]:
    """Yield the entry of a constant: its value where it is short, and the comment above it."""
    value = getattr(importlib.import_module(module), name)
    yield f".. py:data:: {module}.{name}"
    if isinstance(value, int | float | str):
        yield f"   :value: {value!r}"
    yield ""
    yield f"   {constant_comment(module, name)}"
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        yield ""
        yield f"   Names: {', '.join(f'``{key}``' for key in value)}."
    yield ""


def constant_comment(module: str, name: str) -> str:
    """Return the comment above the assignment of a constant."""
    for source in modules_that_may_define(module, name):
        lines = inspect.getsource(source).splitlines()
        for node in ast.parse("\n".join(lines)).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", 0)]
            if any(getattr(target, "id", None) == name for target in targets):
                comment: list[str] = []
                above = node.lineno - 2
                while lines[above].startswith("# "):
                    comment.insert(0, lines[above].removeprefix("# "))
                    above -= 1
                return re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", " ".join(comment))
    return ""


def modules_that_may_define(module: str, name: str) -> Iterator[ModuleType]:
    """Yield the module that a lazy package names for a constant, or else the module itself."""
    package = importlib.import_module(module)
    place = getattr(package, "_MODULES", {}).get(name)
    yield importlib.import_module(f"{module}.{place}") if place else package


def table(module: str, names: tuple[str, ...]) -> list[str]:
    """Return the lines of a table of links to the pages of classes or functions."""
    if not names:
        return []
    return [
        f".. currentmodule:: {module}",
        "",
        ".. autosummary::",
        "   :toctree: generated/",
        "   :nosignatures:",
        "",
        *(f"   {name}" for name in names),
        "",
    ]


def heading(text: str, line: str) -> list[str]:
    """Return the lines of a heading."""
    return [text, line * len(text), ""]


def part_title(module: str) -> str:
    """Return the heading of a module on the page of its package."""
    return module.rpartition(".")[2].replace("_", " ").replace("builtin", "built-in").capitalize()


def room_page(room: Room) -> str:
    """Return the page of a room, as reStructuredText."""
    lines = [*heading(room.title, "="), f".. py:module:: {room.module}", ""]
    lines += [f"``{room.module}``: {room.sentence}", ""]
    for module in (room.module, *room.parts):
        listing = listings()[module]
        if module != room.module:
            summary, _, more = (importlib.import_module(module).__doc__ or "").partition("\n\n")
            lines += [*heading(part_title(module), "-")]
            lines += [f".. py:module:: {module}", "", f"In ``{module}``. {summary.strip()}", ""]
            lines += [*map(with_links, more.strip().splitlines()), ""]
        package = importlib.import_module(module)
        classes = tuple(n for n in listing.described if inspect.isclass(getattr(package, n)))
        functions = tuple(n for n in listing.described if n not in classes)
        for title, names in (("Classes", classes), ("Functions", functions)):
            lines += [f".. rubric:: {title}", "", *table(module, names)] if names else []
        if listing.elsewhere:
            links = ", ".join(f":py:obj:`~{target}`" for target in listing.elsewhere.values())
            lines += [f"Public here, too, and described elsewhere: {links}.", ""]
        constants = [name for name in listing.constants if not name.startswith("__")]
        if constants:
            lines += [".. rubric:: Constants and types", ""]
            lines += [line for name in constants for line in constant_lines(module, name)]
        if "__version__" in listing.constants:
            lines += [f".. py:data:: {module}.__version__", "", "   The version, as text.", ""]
    return "\n".join(lines)


def index_page() -> str:
    """Return the first page, with one sentence on each room."""
    lines = heading("API reference", "=")
    lines += [
        "Every public name, with shapes, units, errors, papers and an example. Trials are arrays "
        "``(n_trials, n_chans, n_times)`` in microvolt (µV), frequencies are in Hz, times in s.",
        "",
    ]
    rooms: list[Room] = []
    starts = {module: title for title, module in SECTIONS.items()}
    for room in ROOMS:
        if room.module in starts:
            lines += [*toctree(rooms), *heading(starts[room.module], "-")]
            rooms = []
        rooms.append(room)
        lines += [f":doc:`{room.title} <{room.page}>`", f"    {room.sentence}", ""]
    return "\n".join([*lines, *toctree(rooms)])


def toctree(rooms: list[Room]) -> list[str]:
    """Return the lines of a hidden table of contents."""
    if not rooms:
        return []
    return [".. toctree::", "   :hidden:", "", *(f"   {room.page}" for room in rooms), ""]


def pages() -> dict[str, str]:
    """Return the generated pages by name, without those of single classes and functions."""
    return {"index": index_page(), **{room.page: room_page(room) for room in ROOMS}}


def class_members() -> dict[str, dict[str, Any]]:
    """Return, for the template of a class, the members of each class by its full name."""
    names = {target for target in targets().values() if inspect.isclass(load(target))}
    return {
        "described_here": {name: own_members(load(name)) for name in names},
        "inherited": {name: inherited_members(load(name)) for name in names},
    }


def write_pages(app: Any, config: Any) -> None:
    """Write the pages to ``api/``, those that changed only, and give templates their functions."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        path = folder / f"{name}.rst"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    if config.toc_object_entries_show_parents == "domain":
        config.toc_object_entries_show_parents = "hide"
    if config.default_role is None:
        config.default_role = "py:obj"  # `name` in a docstring is a reference
    has_gallery = "sphinx_gallery.gen_gallery" in app.extensions
    context = {**class_members(), "has_gallery": has_gallery}
    config.autosummary_context = {**config.autosummary_context, **context}


def link_papers(*arguments: Any) -> None:
    """Make links of the DOI and arXiv numbers in the lines of a docstring."""
    lines = arguments[-1]  # as autodoc-process-docstring gives them
    lines[:] = [with_links(line) for line in lines]


def with_links(line: str) -> str:
    """Return a line of text with links in the place of DOI and arXiv numbers."""
    line = re.sub(r"\bdoi:(10\.\S+?)(?=[.,;]?(?:\s|$))", r"`doi:\1 <https://doi.org/\1>`__", line)
    return re.sub(r"\barXiv:(\d{4}\.\d+)", r"`arXiv:\1 <https://arxiv.org/abs/\1>`__", line)


def resolve_reference(app: Any, env: Any, node: Any, content: Any) -> Any:
    """Resolve a reference by any name of a public object; show internal ones without a link."""
    if node.get("refdomain") != "py":
        return None
    reference = node.get("reftarget", "")
    owner = ".".join(filter(None, [node.get("py:module"), node.get("py:class")]))
    for candidate in (reference, f"{owner}.{reference}"):
        target = find_target(candidate)
        if target is not None:
            domain = env.get_domain("py")
            # an exact name, whose kind need not be that of the role
            return domain.resolve_xref(
                env, node["refdoc"], app.builder, "obj", target, node, content
            )
    return content if reference in internal_names() or exists(reference) else None


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("config-inited", write_pages)
    app.connect("missing-reference", resolve_reference)
    app.connect("autodoc-process-docstring", link_papers, priority=900)  # after numpydoc
    return {"parallel_read_safe": True, "parallel_write_safe": True}
