"""Parsed modules of a package: their functions, constants and imports, and parts of functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = [
    "Module",
    "arguments",
    "assigned",
    "defaults",
    "is_parameter",
    "local_values",
    "nodes_with_function",
    "read_module",
    "source_files",
]


@dataclass(frozen=True)
class Module:
    """A parsed module, with what its names stand for."""

    name: str
    tree: ast.Module
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)


def source_files(package: Path) -> Iterator[tuple[str, Path]]:
    """Yield the dotted name and the file of every module of a package."""
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def read_module(name: str, path: Path) -> Module:
    """Return a parsed module; of functions with one name the first one counts."""
    module = Module(name, ast.parse(path.read_text(encoding="utf-8")))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef):
            module.functions.setdefault(node.name, node)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                module.imports[alias.asname or alias.name] = (node.module, alias.name)
    for statement in module.tree.body:
        module.constants.update(assigned(statement))
    return module


def assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a statement assigns to, with their values."""
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value
            elif isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
                for one, value in zip(target.elts, statement.value.elts, strict=False):
                    if isinstance(one, ast.Name):
                        yield one.id, value


def nodes_with_function(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.FunctionDef | None]]:
    """Yield all nodes, each with the innermost function around it."""
    stack: list[tuple[ast.AST, ast.FunctionDef | None]] = [(tree, None)]
    while stack:
        node, function = stack.pop()
        yield node, function
        inside = node if isinstance(node, ast.FunctionDef) else function
        stack += [(child, inside) for child in ast.iter_child_nodes(node)]


def is_parameter(function: ast.FunctionDef | None, name: str) -> bool:
    """Return whether a function has a parameter of this name."""
    if function is None:
        return False
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return name in [one.arg for one in every]


def local_values(function: ast.FunctionDef | None, name: str) -> list[ast.expr]:
    """Return all that a function assigns to a name."""
    nodes = [] if function is None else [n for n in ast.walk(function) if isinstance(n, ast.stmt)]
    return [value for node in nodes for target, value in assigned(node) if target == name]


def arguments(function: ast.FunctionDef, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Yield the parameters of a function with what a call gives for them."""
    names = [one.arg for one in [*function.args.posonlyargs, *function.args.args]]
    yield from zip(names, call.args, strict=False)
    yield from ((k.arg, k.value) for k in call.keywords if k.arg is not None)


def defaults(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """Return the default values of positional parameters."""
    names = [one.arg for one in function.args.args]
    values = function.args.defaults
    return dict(zip(names[len(names) - len(values) :], values, strict=True))
