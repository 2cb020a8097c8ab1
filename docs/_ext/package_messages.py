"""Messages of a package's errors and warnings, read from its source without importing it.

A message is found wherever one of the package's own exception classes is called, in a ``raise``, in
a function that returns the error, or in ``warnings.warn``. What is filled in at run time becomes an
ellipsis. The validators of configuration sections raise ``ValueError``, which the package turns
into its ``ConfigError``, so they count as such.
"""

from __future__ import annotations

import ast
import itertools
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from source_modules import (
    Module,
    arguments,
    defaults,
    is_parameter,
    local_values,
    nodes_with_function,
    read_module,
    source_files,
)

__all__ = ["GAP", "Message", "collect_messages", "exception_classes"]

GAP = "…"
# Texts of one place at most, where a message has alternatives.
MAX_ALTERNATIVES = 4
# Calls inside calls that are followed.
MAX_DEPTH = 4
# A suggestion that follows some messages; left out, since it depends on what was typed.
SUGGESTION = "did_you_mean"
# Functions that raise `NAME must be ...` for the name that they are given.
OPTION_CHECKS = ("check_option", "check_count", "check_between")
VALIDATORS = ("field_validator", "model_validator")
CONFIG_ERROR, PROBLEM = "ConfigError", "Problem"

Bindings = Mapping[str, list[str]]


@dataclass(frozen=True)
class Message:
    """One message, and where it comes from.

    Attributes
    ----------
    kind : str
        The exception class; ``"Problem"`` for what ``bci-dann doctor`` says.
    text : str
        With :data:`GAP` for what is filled in.
    module : str
        Dotted name of the module.
    line : int
        Where the text is given to the exception, from 1.
    """

    kind: str
    text: str
    module: str
    line: int

    @property
    def folder(self) -> str:
        """The room of the module: the package's first folder, or the package itself."""
        parts = self.module.split(".")
        return ".".join(parts[:2]) if len(parts) > 2 else parts[0]


def exception_classes(package: Path) -> dict[str, str]:
    """Return the package's exception and warning classes with their one-line descriptions.

    Parameters
    ----------
    package : pathlib.Path
        The folder of the package, with ``exceptions.py``.

    Returns
    -------
    dict of str to str
        In the order of the file.
    """
    tree = ast.parse((package / "exceptions.py").read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {node.name: (ast.get_docstring(node) or "").split("\n")[0] for node in classes}


def collect_messages(package: Path) -> list[Message]:
    """Return every message of a package's own errors and warnings.

    Parameters
    ----------
    package : pathlib.Path
        The folder of the package.

    Returns
    -------
    list of Message
        Sorted by class, folder and text.
    """
    modules = {name: read_module(name, path) for name, path in source_files(package)}
    kinds = {*exception_classes(package), PROBLEM}
    found = {
        message
        for module in modules.values()
        if not module.name.endswith(".exceptions")
        for message in _Collector(module, modules, kinds).messages()
    }
    return sorted(found, key=lambda m: (m.kind, m.folder, _sort_key(m.text), m.module, m.line))


def _sort_key(text: str) -> str:
    return re.sub(r"[^a-z]+", " ", text.lower()).strip()


class _Collector:
    """Messages of one module."""

    def __init__(self, module: Module, modules: Mapping[str, Module], kinds: set[str]) -> None:
        self.module, self.modules, self.kinds = module, modules, kinds

    def messages(self) -> Iterator[Message]:
        for node, function in nodes_with_function(self.module.tree):
            if isinstance(node, ast.Call):
                yield from self._of_call(node, function)

    def _of_call(self, call: ast.Call, function: ast.FunctionDef | None) -> Iterator[Message]:
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name == PROBLEM and len(call.args) > 1:
            parts = [self._texts(self.module, arg, function, {}, 0) for arg in call.args[:2]]
            texts = [f"{what}. {remedy}" for what, remedy in itertools.product(*parts)]
            yield from self._made(PROBLEM, texts, call)
        elif name in self.kinds and call.args:
            yield from self._of_text(name, call.args[0], call, function)
        elif _is_warning(call) and (kind := self._category(call)):
            yield from self._of_text(kind, call.args[0], call, function)
        elif name in OPTION_CHECKS:
            yield from self._of_check(name, call, function)
        elif name == "ValueError" and call.args and _is_validator(function):
            yield from self._of_text(CONFIG_ERROR, call.args[0], call, function)

    def _of_text(
        self, kind: str, text: ast.expr, call: ast.Call, function: ast.FunctionDef | None
    ) -> Iterator[Message]:
        yield from self._made(kind, self._texts(self.module, text, function, {}, 0), call)

    def _of_check(
        self, name: str, call: ast.Call, function: ast.FunctionDef | None
    ) -> Iterator[Message]:
        module, check = self._function(self.module, name)
        if module is None or check is None or module is self.module:
            return
        bound = self._bound(self.module, check, call, function, 0)
        errors = [k.value for k in call.keywords if k.arg == "error"]
        kind = next((e.id for e in errors if isinstance(e, ast.Name)), CONFIG_ERROR)
        for node in ast.walk(check):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                texts = self._texts(module, node.exc.args[0], check, bound, 1)
                yield from self._made(kind, texts, call)

    def _made(self, kind: str, texts: list[str], call: ast.Call) -> Iterator[Message]:
        for text in dict.fromkeys(map(_tidied, texts)):
            if re.search("[A-Za-z]", text):
                yield Message(kind, text, self.module.name, call.lineno)

    def _category(self, call: ast.Call) -> str | None:
        category = call.args[1] if len(call.args) > 1 else None
        name = category.id if isinstance(category, ast.Name) else ""
        return name if name in self.kinds else None

    # ---------------------------------------------------------------- the text of an expression

    def _texts(
        self,
        module: Module,
        node: ast.expr | None,
        function: ast.FunctionDef | None,
        bound: Bindings,
        depth: int,
    ) -> list[str]:
        """Return the alternatives of what an expression gives as text."""
        if depth > MAX_DEPTH or node is None:
            return [GAP]
        deeper = depth + 1
        if isinstance(node, ast.Constant):
            return [node.value] if isinstance(node.value, str) else [str(node.value)]
        if isinstance(node, ast.JoinedStr):
            parts = [self._texts(module, part, function, bound, depth) for part in node.values]
            return _joined(parts)
        if isinstance(node, ast.FormattedValue):
            return self._texts(module, node.value, function, bound, deeper)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            sides = (node.left, node.right)
            if any(isinstance(side, ast.Constant) and side.value == 1 for side in sides):
                return [GAP]  # a sum of numbers
            return _joined([self._texts(module, side, function, bound, depth) for side in sides])
        if isinstance(node, ast.IfExp):
            chosen = [
                text
                for branch in _branches(node, bound)
                for text in self._texts(module, branch, function, bound, deeper)
            ]
            return [text for text in dict.fromkeys(chosen) if text][:MAX_ALTERNATIVES] or [""]
        if isinstance(node, ast.Name):
            return self._of_name(module, node.id, function, bound, deeper)
        if isinstance(node, ast.Call):
            return self._of_inner_call(module, node, function, bound, deeper)
        return [GAP]

    def _of_name(
        self,
        module: Module,
        name: str,
        function: ast.FunctionDef | None,
        bound: Bindings,
        depth: int,
    ) -> list[str]:
        if name in bound:
            return bound[name]
        values = local_values(function, name)
        if len(values) == 1:
            return self._texts(module, values[0], function, bound, depth)
        if values or is_parameter(function, name):
            return [GAP]
        if name in module.constants:
            return self._texts(module, module.constants[name], None, {}, depth)
        origin, original = module.imports.get(name, ("", ""))
        if origin in self.modules and original in self.modules[origin].constants:
            source = self.modules[origin]
            return self._texts(source, source.constants[original], None, {}, depth)
        return [GAP]

    def _of_inner_call(
        self,
        module: Module,
        call: ast.Call,
        function: ast.FunctionDef | None,
        bound: Bindings,
        depth: int,
    ) -> list[str]:
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name == SUGGESTION:
            return [""]
        source, inner = self._function(module, name)
        if source is None or inner is None or not _returns_text(inner):
            return [GAP]
        given = {
            key: self._texts(module, value, function, bound, depth)
            for key, value in arguments(inner, call)
        }
        returned = [node.value for node in ast.walk(inner) if isinstance(node, ast.Return)]
        texts = [
            text for value in returned for text in self._texts(source, value, inner, given, depth)
        ]
        return list(dict.fromkeys(texts))[:MAX_ALTERNATIVES] or [GAP]

    def _bound(
        self,
        module: Module,
        inner: ast.FunctionDef,
        call: ast.Call,
        function: ast.FunctionDef | None,
        depth: int,
    ) -> dict[str, list[str]]:
        """Return what a check is called with: the name of the option, and the limits."""
        given = {**defaults(inner), **dict(arguments(inner, call))}
        name = self._texts(module, given.pop("name"), function, {}, depth)
        numbers = {key: _number(value) for key, value in given.items() if key != "value"}
        return {"name": name, **{key: [text] for key, text in numbers.items() if text}}

    def _function(self, module: Module, name: str) -> tuple[Module | None, ast.FunctionDef | None]:
        if name in module.functions:
            return module, module.functions[name]
        origin, original = module.imports.get(name, ("", ""))
        source = self.modules.get(origin)
        return source, source.functions.get(original) if source else None


def _is_warning(call: ast.Call) -> bool:
    return ast.unparse(call.func) == "warnings.warn" and bool(call.args)


def _is_validator(function: ast.FunctionDef | None) -> bool:
    decorators = [] if function is None else function.decorator_list
    return any(ast.unparse(one).startswith(VALIDATORS) for one in decorators)


def _returns_text(function: ast.FunctionDef) -> bool:
    return function.returns is not None and ast.unparse(function.returns) == "str"


def _number(node: ast.expr) -> str:
    """Return a literal as a message shows it, and an empty string for anything else."""
    if ast.unparse(node) == "math.inf":
        return "inf"
    if not isinstance(node, ast.Constant):
        return ""
    return f"{node.value:g}" if isinstance(node.value, float) else str(node.value)


def _branches(node: ast.IfExp, bound: Bindings) -> list[ast.expr]:
    """Return the branches that are possible with the arguments of a check."""
    test = ast.unparse(node.test)
    if test in bound:
        return [node.body if bound[test] == ["True"] else node.orelse]
    if test == "high == float('inf')" and "high" in bound:
        return [node.body if bound["high"] == ["inf"] else node.orelse]
    return [node.body, node.orelse]


def _joined(parts: list[list[str]]) -> list[str]:
    combinations = itertools.islice(itertools.product(*parts), MAX_ALTERNATIVES)
    return ["".join(combination) for combination in combinations]


def _tidied(text: str) -> str:
    """Return a text on one line, without gaps beside gaps or a place at the start."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(rf"{GAP}(?: ?{GAP})+", GAP, text)
    return re.sub(rf"^(?:{GAP}:\s*)+", "", text)
