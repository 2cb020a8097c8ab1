"""Examination of the installation: versions, device, folders, and remedies for what is broken.

``bci-dann doctor`` prints what :func:`examine` returns.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bci_dann._version import __version__

__all__ = ["Problem", "Report", "examine", "folder_problem", "library_problem"]

# Distributions that pip knows, and the modules that they install.
LIBRARIES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "pandas": "pandas",
    "scikit-learn": "sklearn",
    "torch": "torch",
    "torchaudio": "torchaudio",
    "braindecode": "braindecode",
    "mne": "mne",
    "mne-bids": "mne_bids",
    "moabb": "moabb",
    "pyriemann": "pyriemann",
    "safetensors": "safetensors",
}
Importer = Callable[[str], Any]


@dataclass(frozen=True)
class Problem:  # numpydoc ignore=PR02
    """Something that is broken, and its remedy.

    Parameters
    ----------
    what : str
        The fault, as the start of a sentence.
    remedy : str
        A sentence that says what to do.
    """

    what: str
    remedy: str


@dataclass(frozen=True)
class Report:  # numpydoc ignore=PR02
    """Versions, machine and problems of an installation.

    Parameters
    ----------
    versions : dict of str to str
        Of Python, this package and the libraries.
    facts : dict of str to str
        System, cores, device and folders, by name.
    problems : tuple of Problem
        Empty where all is well.
    """

    versions: dict[str, str]
    facts: dict[str, str]
    problems: tuple[Problem, ...]


def examine(importer: Importer | None = None) -> Report:
    """Examine the installation by importing everything that is needed.

    Parameters
    ----------
    importer : callable or None
        Imports a module by its name; ``None`` imports as the package does, which works around
        a torchaudio whose native library does not load.

    Returns
    -------
    Report
        With one problem for each library that is missing or does not import, and for each
        folder that cannot be used.

    Examples
    --------
    >>> report = examine(lambda module: None)
    >>> sorted(report.facts)[:3]
    ['BCI_DANN_CACHE', 'MNE_DATA', 'MOABB_RESULTS']
    """
    importer = importer or _import
    problems: list[Problem | None] = [library_problem(name, importer) for name in LIBRARIES]
    folders = _folders()
    problems += [folder_problem(name, path, must) for name, (path, must) in folders.items()]
    facts = {**_machine(), **{name: str(path) for name, (path, _) in folders.items()}}
    return Report(_versions(), facts, tuple(p for p in problems if p is not None))


def library_problem(distribution: str, importer: Importer) -> Problem | None:
    """Return the problem of a library, if there is one.

    Parameters
    ----------
    distribution : str
        A key of ``LIBRARIES``, as pip knows it.
    importer : callable
        Imports a module by its name.

    Returns
    -------
    Problem or None
        ``None`` where it is installed and imports.
    """
    if _version(distribution) is None:
        return Problem(f"{distribution} is not installed", f"Run `pip install {distribution}`.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # third-party import-time notices
            importer(LIBRARIES[distribution])
    except Exception as error:  # a broken library raises anything, OSError for instance
        return Problem(
            f"{distribution} {_version(distribution)} does not import: {error}",
            "Install the versions in constraints.txt: `pip install -c constraints.txt bci_dann`.",
        )
    return None


def folder_problem(name: str, path: Path, must_exist: bool) -> Problem | None:
    """Return the problem of a folder, if there is one.

    Parameters
    ----------
    name : str
        The setting that names it, an environment variable.
    path : pathlib.Path
        The folder.
    must_exist : bool
        Whether its user refuses to make it.

    Returns
    -------
    Problem or None
        ``None`` where it can be written to, or made.
    """
    if must_exist and not path.is_dir():
        return Problem(f"{name} is {path}, which is not a folder", f"Run `mkdir -p {path}`.")
    nearest = next(p for p in (path, *path.absolute().parents) if p.exists())
    if not nearest.is_dir():
        return Problem(f"{name} is {path}, and {nearest} is a file", f"Set {name} to a folder.")
    if not os.access(nearest, os.W_OK):
        return Problem(
            f"{name} is {path}, and {nearest} cannot be written to",
            f"Set {name} to a folder of yours.",
        )
    return None


def _import(module: str) -> Any:
    """Import a module as the package does."""
    from bci_dann._compat import braindecode_models, import_torchaudio, pyriemann_module

    if module == "torchaudio":
        return import_torchaudio()
    if module == "braindecode":
        return braindecode_models()
    if module == "pyriemann":
        return pyriemann_module("transfer")
    return importlib.import_module(module)


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _versions() -> dict[str, str]:
    own = {"python": platform.python_version(), "bci_dann": __version__}
    return {**own, **{name: _version(name) or "absent" for name in LIBRARIES}}


def _machine() -> dict[str, str]:
    facts = {"system": platform.platform(), "cores": str(os.cpu_count())}
    return facts | dict(_torch_facts())


def _torch_facts() -> Iterator[tuple[str, str]]:
    from bci_dann._compat import import_torchaudio

    try:
        import torch

        on_gpu = torch.cuda.is_available()
        yield "device", f"cuda ({torch.cuda.get_device_name()})" if on_gpu else "cpu"
        native = import_torchaudio()
        yield "torchaudio", "native" if native else "pure torch (its native part does not load)"
    except Exception:  # library_problem says what is broken
        yield "device", "unknown"


def _folders() -> dict[str, tuple[Path, bool]]:
    """Return the folders in use, and whether they must exist because a setting names them."""
    from bci_dann.data.cache import cache_root

    folders = {"BCI_DANN_CACHE": (cache_root(), False)}
    for name in ("MNE_DATA", "MOABB_RESULTS"):
        given = os.environ.get(name) or _mne_setting(name)
        folders[name] = (Path(given or "~/mne_data").expanduser(), given is not None)
    return folders


def _mne_setting(name: str) -> str | None:
    try:
        import mne
    except Exception:  # library_problem says what is broken
        return None
    value = mne.get_config(name)
    return None if value is None else str(value)
