"""Constructor parameters and defaults of a class, read from its source or by importing it."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bci_dann._validation import did_you_mean
from bci_dann.evaluation.config.module_source import bound_names, definition_of, literal_of
from bci_dann.exceptions import ConfigError

__all__ = ["Constructor", "constructor_of", "defaults_of", "imported_class"]

# Types of values that YAML can represent, so that defaults can be stored with a pipeline.
PLAIN_TYPES = (type(None), bool, int, float, str)
# Names in the body of a class that determine how it is called.
CALL_METHODS = {"__init__", "__new__", "__signature__"}
# The class attribute that lists deprecated keywords, which the constructor accepts by ``**``.
DEPRECATED_ATTRIBUTE = "deprecated_parameters"
# Bases without a constructor of their own.
BASES_WITHOUT_CONSTRUCTOR = ("object", "ABC", "Generic", "Protocol")


@dataclass(frozen=True)
class Constructor:
    """The keyword parameters of a class or of a function that builds an estimator.

    Attributes
    ----------
    names : tuple of str
        The parameters, in order.
    takes_any : bool
        Whether any other keyword is accepted as well.
    defaults : mapping of str to object, or None
        The defaults that YAML supports, by parameter; ``None`` if the source computes one.
    deprecated : tuple of str
        Keywords of the previous version, which are accepted with a warning.
    """

    names: tuple[str, ...]
    takes_any: bool
    defaults: Mapping[str, Any] | None
    deprecated: tuple[str, ...] = ()

    def accepts(self, name: str) -> bool:
        """Return whether a parameter of this name may be given.

        Parameters
        ----------
        name : str
            The parameter.

        Returns
        -------
        bool
            Whether it is accepted; always true if the constructor accepts any keyword.
        """
        return self.takes_any or name in self.names or name in self.deprecated


def constructor_of(step: Mapping[str, Any], pipeline: str) -> Constructor:
    """Return the constructor of a pipeline's step, without importing its class if possible.

    Importing a class imports its libraries, which takes seconds for torch. Without importing, a
    misspelt parameter is reported immediately.

    Parameters
    ----------
    step : mapping
        A step with ``name`` and ``from``.
    pipeline : str
        The pipeline's name, for messages.

    Returns
    -------
    Constructor
        The constructor, with the same parameters as from importing the class.

    Raises
    ------
    ConfigError
        When there is no such module or class.
    """
    from_source = _constructor_from_source(step["from"], step["name"])
    return from_source or _constructor_of_class(imported_class(step, pipeline))


def defaults_of(step: Mapping[str, Any], pipeline: str) -> Mapping[str, Any]:
    """Return the defaults of a pipeline's step that YAML supports.

    Parameters
    ----------
    step : mapping
        A step with ``name`` and ``from``.
    pipeline : str
        The pipeline's name, for messages.

    Returns
    -------
    mapping of str to object
        Defaults by parameter; if the source computes a default, the class is imported.

    Raises
    ------
    ConfigError
        When there is no such module or class.
    """
    defaults = constructor_of(step, pipeline).defaults
    if defaults is not None:
        return defaults
    return _constructor_of_class(imported_class(step, pipeline)).defaults or {}


def imported_class(step: Mapping[str, Any], pipeline: str) -> Any:
    """Import the class of a pipeline's step.

    Parameters
    ----------
    step : mapping
        A step with ``name`` and ``from``.
    pipeline : str
        The pipeline's name, for messages.

    Returns
    -------
    type or callable
        The class or function of the step.

    Raises
    ------
    ConfigError
        When the module cannot be imported, or has no such class.
    """
    try:
        module = importlib.import_module(step["from"])
    except ImportError as error:
        raise ConfigError(
            f"pipeline {pipeline}: the module {step['from']!r} cannot be imported: {error}. "
            "Correct `from`, or install the package."
        ) from error
    try:
        return getattr(module, step["name"])
    except AttributeError:
        hint = did_you_mean(step["name"], dir(module))
        raise ConfigError(
            f"pipeline {pipeline}: {step['from']} has no class {step['name']!r}.{hint}"
        ) from None


def _yaml_defaults(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults that YAML supports."""
    return {name: value for name, value in defaults.items() if isinstance(value, PLAIN_TYPES)}


def _constructor_of_class(component: Any) -> Constructor:
    parameters = inspect.signature(component).parameters.values()
    by_keyword = [p for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)]
    given = {p.name: p.default for p in parameters if p.default is not p.empty}
    takes_more = any(p.kind is p.VAR_KEYWORD for p in parameters)
    deprecated = tuple(getattr(component, DEPRECATED_ATTRIBUTE, ())) if takes_more else ()
    names = tuple(p.name for p in by_keyword)
    return Constructor(names, takes_more and not deprecated, _yaml_defaults(given), deprecated)


def _constructor_from_source(module: str, name: str) -> Constructor | None:
    """Return a constructor, or ``None`` if it cannot be determined from the source."""
    definition = definition_of(module, name)
    if definition is None:
        return None
    module, node = definition
    if isinstance(node, ast.FunctionDef):
        return None if node.decorator_list else _constructor_from_arguments(node.args, skip=0)
    return _constructor_from_class_source(module, node)


def _constructor_from_class_source(module: str, node: ast.ClassDef) -> Constructor | None:
    if node.decorator_list or not all(map(_is_abstract_base, node.keywords)):
        return None  # both may change how the class is called
    call = [part for part in node.body if bound_names(part) & CALL_METHODS]
    bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
    inherited = [base for base in bases if base not in BASES_WITHOUT_CONSTRUCTOR]
    if not call:
        if len(bases) < len(node.bases) or len(inherited) != 1:
            return None  # with several bases, Python determines the inherited constructor
        return _constructor_from_source(module, inherited[0])
    init = call[0]
    if len(call) > 1 or not isinstance(init, ast.FunctionDef) or init.decorator_list:
        return None
    constructor = _constructor_from_arguments(init.args, skip=1)
    if init.name != "__init__" or not constructor.takes_any:
        return constructor if init.name == "__init__" else None
    deprecated = _deprecated_parameters(module, node)
    if deprecated is None and node.bases:
        return None  # a base may list them
    return replace(constructor, takes_any=not deprecated, deprecated=deprecated or ())


def _deprecated_parameters(module: str, node: ast.ClassDef) -> tuple[str, ...] | None:
    """Return the keywords of the previous version from the class attribute, or its constant."""
    for part in node.body:
        if not isinstance(part, ast.Assign | ast.AnnAssign):
            continue
        if DEPRECATED_ATTRIBUTE in bound_names(part):
            if isinstance(part.value, ast.Name):
                names: tuple[str, ...] | None = literal_of(module, part.value.id)
                return names
            try:
                return tuple(ast.literal_eval(part.value)) if part.value is not None else None
            except ValueError:
                return None
    return None


def _is_abstract_base(keyword: ast.keyword) -> bool:
    """Return whether a class keyword is ``metaclass=ABCMeta``, which does not affect calls."""
    return keyword.arg == "metaclass" and getattr(keyword.value, "id", None) == "ABCMeta"


def _constructor_from_arguments(arguments: ast.arguments, skip: int) -> Constructor:
    positional = [*arguments.posonlyargs, *arguments.args]
    without_default = len(positional) - len(arguments.defaults)
    pairs = [
        *zip(positional[without_default:], arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    by_keyword = [*positional[max(skip, len(arguments.posonlyargs)) :], *arguments.kwonlyargs]
    names, takes_any = tuple(arg.arg for arg in by_keyword), arguments.kwarg is not None
    try:
        given = {arg.arg: ast.literal_eval(value) for arg, value in pairs if value is not None}
    except ValueError:  # a computed default
        return Constructor(names, takes_any, None)
    return Constructor(names, takes_any, _yaml_defaults(given))
