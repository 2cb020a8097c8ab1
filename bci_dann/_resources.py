"""Pipelines, run configurations, models and documentation that come with the package."""

from __future__ import annotations

import importlib.resources
import warnings
from collections.abc import Mapping
from pathlib import Path

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import BCIDannWarning, ConfigError, InstallationError

__all__ = [
    "BUILTIN",
    "builtin_models",
    "configs_folder",
    "documentation_index",
    "find_builtin_model",
    "find_configuration",
    "pipelines_folder",
    "shipped_configurations",
]

# What a name of a model that comes with the package begins with, in the place of a folder.
BUILTIN = "builtin:"


def pipelines_folder() -> Path:
    """Return the folder of the shipped pipelines, one method a file in MOABB's YAML format.

    Returns
    -------
    pathlib.Path
        Inside the package where it was installed from a wheel; ``pipelines/`` of the checkout
        where it runs from one.

    Raises
    ------
    InstallationError
        When the installed package lacks the folder.
    """
    return _shipped("pipelines")


def configs_folder() -> Path:
    """Return the folder of the shipped run configurations.

    Returns
    -------
    pathlib.Path
        Inside the package where it was installed from a wheel; ``configs/`` of the checkout
        where it runs from one.

    Raises
    ------
    InstallationError
        When the installed package lacks the folder.
    """
    return _shipped("configs")


def find_configuration(given: str | Path) -> Path:
    """Return the file of a run configuration, the user's or a shipped one.

    Parameters
    ----------
    given : str or pathlib.Path
        The path of a file; or the name of a shipped configuration: ``quickstart``. Where there
        is no such file, ``quickstart.yaml`` and ``configs/quickstart.yaml`` are the shipped one
        as well, with a warning.

    Returns
    -------
    pathlib.Path
        A file that exists.

    Raises
    ------
    ConfigError
        When there is neither; the message lists the shipped configurations.

    Examples
    --------
    >>> find_configuration("quickstart").name
    'quickstart.yaml'
    """
    path = Path(given)
    if path.exists() and not path.is_dir():
        return path
    shipped = shipped_configurations()
    name = _without_suffix(path)
    if name not in shipped:
        raise ConfigError(_missing(path, shipped))
    if path.suffix:
        warnings.warn(
            f"there is no file {path}; taking the configuration {name!r} that comes with "
            f"bci_dann ({shipped[name]}).",
            BCIDannWarning,
            stacklevel=2,
        )
    return shipped[name]


def shipped_configurations() -> dict[str, Path]:
    """Return the run configurations that come with the package.

    Returns
    -------
    dict of str to pathlib.Path
        The files by name, as ``quickstart`` or ``experiments/strength``.
    """
    folder = configs_folder()
    files = sorted(folder.rglob("*.yaml"))
    return {file.relative_to(folder).with_suffix("").as_posix(): file for file in files}


def builtin_models() -> dict[str, Path]:
    """Return the trained models that come with the package.

    Returns
    -------
    dict of str to pathlib.Path
        The folders by name, as ``builtin:right-hand-rest``.
    """
    folder = _package() / "serving" / "builtin"
    return {f"{BUILTIN}{one.name}": one for one in sorted(folder.glob("*")) if one.is_dir()}


def find_builtin_model(name: str) -> Path:
    """Return the folder of a model that comes with the package.

    Parameters
    ----------
    name : str
        Such as ``"builtin:right-hand-rest"``.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    ConfigError
        When no model of this name comes with the package.

    Examples
    --------
    >>> find_builtin_model("builtin:right-hand-rest").name
    'right-hand-rest'
    """
    models = builtin_models()
    if name not in models:
        raise ConfigError(
            f"no model {name!r} comes with bci_dann.{did_you_mean(name, models)} These do: "
            f"{', '.join(models)}."
        )
    return models[name]


def documentation_index() -> Path:
    """Return the first page of the built documentation.

    Returns
    -------
    pathlib.Path
        Inside the package where a wheel has brought it; ``docs/_build/html/index.html`` of the
        checkout where it was built there.

    Raises
    ------
    InstallationError
        When there is none; the message says how to build it.
    """
    package = _package()
    inside = package / "_docs" / "index.html"
    built = package.parent / "docs" / "_build" / "html" / "index.html"
    if inside.is_file():
        return inside
    if _is_checkout(package) and built.is_file():
        return built
    raise InstallationError(
        f"the documentation is not built: there is no {built if _is_checkout(package) else inside}."
        " In a checkout of bci_dann, build it with\n"
        "  python -m sphinx -b html docs docs/_build/html\n"
        'where the extra "docs" (or "dev") is installed, or read its pages docs/*.md.'
    )


def _shipped(name: str) -> Path:
    package = _package()
    installed, checkout = package / f"_{name}", package.parent / name
    if installed.is_dir():
        return installed
    if _is_checkout(package) and checkout.is_dir():
        return checkout
    raise InstallationError(
        f"this installation of bci_dann lacks its {name}: expected the folder {installed}. "
        "Install bci_dann again, from a wheel or from a complete checkout."
    )


def _package() -> Path:
    return Path(str(importlib.resources.files("bci_dann")))


def _is_checkout(package: Path) -> bool:
    return (package.parent / "pyproject.toml").is_file()


def _without_suffix(path: Path) -> str:
    name = path.with_suffix("") if path.suffix in {".yaml", ".yml"} else path
    return name.as_posix().removeprefix("configs/")


def _missing(path: Path, shipped: Mapping[str, Path]) -> str:
    beside = [file.name for file in path.parent.glob("*.y*ml")]
    near = did_you_mean(path.name, beside) or did_you_mean(_without_suffix(path), shipped)
    listed = ", ".join(shipped)
    return f"there is no configuration file {path}.{near} Those of the package: {listed}."
