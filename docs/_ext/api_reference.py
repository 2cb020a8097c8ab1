"""The pages of the API reference, generated from the names that the packages make public.

Before Sphinx looks for its sources, one page for each room of the package is written to ``api/``,
with an ``index``; autosummary then writes one page for each class and function. A name that is
public in two packages, such as ``DANNClassifier``, has one page, and references by any of its names
lead there.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGE = "bci_dann"


@dataclass(frozen=True)
class Room:
    """One package, and the further modules whose names belong on its page.

    Parameters
    ----------
    module : str
        The package.
    title : str
        The heading of its page.
    sentence : str
        What it is for.
    parts : tuple of str
        Modules inside it whose public names are listed, too.
    """

    module: str
    title: str
    sentence: str
    parts: tuple[str, ...] = ()

    @property
    def page(self) -> str:
        """The name of the page."""
        return self.module.removeprefix(f"{PACKAGE}.") if self.module != PACKAGE else "top_level"


ROOMS = (
    Room(
        "bci_dann",
        "Top level",
        "What most programs need: a dataset as trials, the methods, saved models, the benchmark.",
    ),
    Room(
        "bci_dann.data",
        "Data",
        "Trials in microvolt from MOABB's datasets, from a folder of recordings or from the "
        "simulator, preprocessed, checked and kept in a cache.",
    ),
    Room(
        "bci_dann.estimators",
        "Estimators",
        "The methods, each a scikit-learn classifier that aligns, learns, adapts to a new subject, "
        "and saves itself.",
    ),
    Room(
        "bci_dann.evaluation",
        "Evaluation",
        "Leave-one-subject-out runs under named protocols, their tables and statistics, the choice "
        "of a pipeline without the target's labels, and the diagnosis of shift.",
    ),
    Room(
        "bci_dann.serving",
        "Serving",
        "Use of a saved model: fit it, adapt it to recordings of a new subject, and predict.",
    ),
    Room(
        "bci_dann.exceptions",
        "Errors and warnings",
        "What the package raises; each error also inherits the built-in class that callers of "
        "scikit-learn and MOABB catch.",
    ),
    Room(
        "bci_dann.components",
        "Components",
        "The open parts of a method (alignment, backbone, term, schedule, weighting) by name, by "
        "class path, or as instances.",
    ),
    Room(
        "bci_dann.alignment",
        "Alignment",
        "Removal of what is known to differ between domains, the covariance, before anything is "
        "learned.",
    ),
    Room(
        "bci_dann.features",
        "Features",
        "Tangent vectors of covariances in several views of a trial, and the directions in which "
        "features drift.",
    ),
    Room(
        "bci_dann.reweighting",
        "Reweighting",
        "Weights under which the source trials resemble the target, and measures of how far to "
        "trust them.",
        ("bci_dann.reweighting.builtin_weightings",),
    ),
    Room(
        "bci_dann.objectives",
        "Objectives",
        "The training objective: the label loss, and terms that adapt to the target, with their "
        "weights and schedules.",
        (
            "bci_dann.objectives.conditional_adversary",
            "bci_dann.objectives.class_confusion",
            "bci_dann.objectives.entropy",
            "bci_dann.objectives.coral",
            "bci_dann.objectives.mean_discrepancy",
            "bci_dann.objectives.schedules",
        ),
    ),
    Room(
        "bci_dann.models",
        "Models",
        "Backbones, the motor-imagery head, and the domain head behind a gradient reversal.",
    ),
    Room(
        "bci_dann.training",
        "Training",
        "The engine that trains networks, alone or in stacks, and linear heads.",
    ),
    Room(
        "bci_dann.adaptation",
        "Adaptation",
        "The drift guard, the estimation of label shift, and the adaptation of a linear head.",
        (
            "bci_dann.adaptation.drift_guard",
            "bci_dann.adaptation.label_shift",
            "bci_dann.adaptation.head_adaptation",
        ),
    ),
    Room(
        "bci_dann.estimators.networks",
        "Networks inside an estimator",
        "What the network classifiers are made of: training plans, outputs, and weights as arrays.",
    ),
    Room(
        "bci_dann.persistence",
        "Persistence",
        "Model folders of safetensors and JSON, without pickle.",
    ),
    Room(
        "bci_dann.reporting",
        "Reporting",
        "Tables, figures and pages of results.",
    ),
)
# Headings of the index, each with the first of the rooms that stand under it.
SECTIONS = {
    "For users": "bci_dann",
    "For builders of methods": "bci_dann.components",
    "Inside": "bci_dann.training",
}


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
