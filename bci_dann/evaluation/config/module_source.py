"""Location and parsing of Python modules without importing them."""

from __future__ import annotations

import ast
import functools
import importlib.machinery
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["bound_names", "definition_of", "literal_of", "module_file"]

Definition = ast.ClassDef | ast.FunctionDef

# Maximum length of the chain of imports from a package to the module that defines a name. Longer
# chains are circular (empirical: scikit-learn and PyRiemann have at most 3).
LONGEST_CHAIN = 10


def module_file(module: str) -> Path | None:
    """Return the source file of a module, importing neither it nor its parent packages.

    Parameters
    ----------
    module : str
        The module's full name, for example ``"sklearn.linear_model"``.

    Returns
    -------
    pathlib.Path or None
        ``None`` if there is no such module, or it does not come from a Python file.
    """
    spec = _module_spec(module)
    if spec is None or not spec.has_location or spec.origin is None:
        return None
    path = Path(spec.origin).resolve()
    return path if path.suffix == ".py" else None


def definition_of(module: str, name: str) -> tuple[str, Definition] | None:
    """Return the source of a class or function, following the imports of packages.

    Parameters
    ----------
    module : str
        The module from which the name is imported.
    name : str
        The class or function.

    Returns
    -------
    tuple of (str, ast.ClassDef or ast.FunctionDef), or None
        The module that defines it, and the definition. ``None`` if it cannot be determined from the
        source: the name is bound more than once, or computed, or the module is not a Python file.
    """
    module, node = _binding_of(module, name)
    return (module, node) if isinstance(node, Definition) else None


def literal_of(module: str, name: str) -> Any:
    """Return the value of a constant, following imports as :func:`definition_of` does.

    Parameters
    ----------
    module : str
        The module in which the name is used.
    name : str
        The constant.

    Returns
    -------
    Any
        The value; ``None`` if it cannot be determined from the source.
    """
    _, node = _binding_of(module, name)
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return None
    try:
        return ast.literal_eval(node.value)
    except ValueError:  # it is computed
        return None


def _binding_of(module: str, name: str) -> tuple[str, ast.stmt | None]:
    """Return the only statement that binds a name, and its module; imports are followed."""
    for _ in range(LONGEST_CHAIN):
        tree = _parsed_module(module)
        bindings = [] if tree is None else list(_bindings(tree, name))
        if len(bindings) != 1:
            break
        node = bindings[0]
        if not isinstance(node, ast.ImportFrom):
            return module, node
        module, name = _import_source(node, module), _name_at_source(node, name)
    return module, None


def _module_spec(module: str) -> importlib.machinery.ModuleSpec | None:
    package, *parts = module.split(".")
    try:
        spec = importlib.util.find_spec(package)  # does not import top-level packages
    except (ImportError, ValueError):
        return None
    name = package
    for part in parts:
        if spec is None or spec.submodule_search_locations is None:
            return None
        name = f"{name}.{part}"
        folders = list(spec.submodule_search_locations)
        spec = importlib.machinery.PathFinder.find_spec(name, folders)
    return spec


def _parsed_module(module: str) -> ast.Module | None:
    path = module_file(module)
    if path is None:
        return None
    try:
        return _parsed_file(path, path.stat().st_mtime_ns)
    except (OSError, SyntaxError, ValueError):
        return None


@functools.lru_cache(maxsize=64)
def _parsed_file(path: Path, _modified_ns: int) -> ast.Module:
    return ast.parse(path.read_bytes())


def _bindings(tree: ast.Module, name: str) -> Iterator[ast.stmt]:
    """Yield the statements outside functions and classes that bind a name."""
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        node = pending.pop(0)
        if isinstance(node, ast.If | ast.Try):
            handlers = node.handlers if isinstance(node, ast.Try) else []
            last = node.finalbody if isinstance(node, ast.Try) else []
            branches = [node.body, *(handler.body for handler in handlers), node.orelse, last]
            pending += [part for branch in branches for part in branch]
        elif name in bound_names(node):
            yield node


def bound_names(node: ast.stmt) -> set[str]:
    """Return the names that a statement binds, without those inside its blocks.

    Parameters
    ----------
    node : ast.stmt
        An import, an assignment, or the definition of a function or class.

    Returns
    -------
    set of str
        The names; empty for other statements.
    """
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return {target.id for target in targets if isinstance(target, ast.Name)}
    name = getattr(node, "name", None)
    return set() if name is None else {name}


def _import_source(node: ast.ImportFrom, module: str) -> str:
    if not node.level:
        return node.module or ""
    path = module_file(module)
    is_package = path is not None and path.name == "__init__.py"
    parents = module.split(".")
    base = parents[: len(parents) - node.level + is_package]
    return ".".join([*base, *([node.module] if node.module else [])])


def _name_at_source(node: ast.ImportFrom, name: str) -> str:
    return next(alias.name for alias in node.names if (alias.asname or alias.name) == name)
