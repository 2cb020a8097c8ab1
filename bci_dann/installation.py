"""What is installed, what this machine offers, and what is wrong with either."""

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

# distribution -> module
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
class Problem:
    """Something that is broken, and how to mend it.

    Parameters
    ----------
    what : str
        The fault.
    remedy : str
        A sentence that says what to do.
    """

    what: str
    remedy: str


@dataclass(frozen=True)
class Report:
    """What was found.

    Parameters
    ----------
    versions : dict of str to str
        Of Python, this package and the libraries.
    facts : dict of str to str
        Device, cores, folders.
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
        What imports a module by its name; ``None`` is the package's own way.

    Returns
    -------
    Report
    """
    importer = importer or _import
    problems: list[Problem | None] = [library_problem(name, importer) for name in LIBRARIES]
    folders = _folders()
    problems += [folder_problem(name, path, must) for name, (path, must) in folders.items()]
    facts = {**_machine(), **{name: str(path) for name, (path, _) in folders.items()}}
    return Report(_versions(), facts, tuple(p for p in problems if p is not None))


def library_problem(distribution: str, importer: Importer) -> Problem | None:
    """Return what is wrong with a library, if anything.

    Parameters
    ----------
    distribution : str
        One of the names that pip knows.
    importer : callable
        What imports a module by its name.

    Returns
    -------
    Problem or None
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
    """Return what is wrong with a folder, if anything.

    Parameters
    ----------
    name : str
        The setting that names it.
    path : pathlib.Path
        The folder.
    must_exist : bool
        Whether whoever uses it refuses to make it.

    Returns
    -------
    Problem or None
    """
    if must_exist and not path.is_dir():
        return Problem(f"{name} is {path}, which is no folder", f"Run `mkdir -p {path}`.")
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
    """Import as the package does, which mends torchaudio on the way."""
    from bci_dann._compat import braindecode_models, import_torchaudio

    if module == "torchaudio":
        return import_torchaudio()
    if module == "braindecode":
        return braindecode_models()
    return importlib.import_module(module)


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "bci_dann": __version__}
    return {**found, **{name: _version(name) or "absent" for name in LIBRARIES}}


def _machine() -> dict[str, str]:
    facts = {"system": platform.platform(), "cores": str(os.cpu_count())}
    return facts | dict(_about_torch())


def _about_torch() -> Iterator[tuple[str, str]]:
    from bci_dann._compat import import_torchaudio

    try:
        import torch

        on_gpu = torch.cuda.is_available()
        yield "device", f"cuda ({torch.cuda.get_device_name()})" if on_gpu else "cpu"
        native = import_torchaudio()
        yield "torchaudio", "native" if native else "pure torch (its native part does not load)"
    except Exception:  # library_problem tells of it
        yield "device", "unknown"


def _folders() -> dict[str, tuple[Path, bool]]:
    """Return the folders in use, and whether they must exist because someone has set them."""
    from bci_dann.data.cache import cache_root

    folders = {"BCI_DANN_CACHE": (cache_root(), False)}
    for name in ("MNE_DATA", "MOABB_RESULTS"):
        given = os.environ.get(name) or _mne_setting(name)
        folders[name] = (Path(given or "~/mne_data").expanduser(), given is not None)
    return folders


def _mne_setting(name: str) -> str | None:
    try:
        import mne
    except Exception:  # library_problem tells of it
        return None
    value = mne.get_config(name)
    return None if value is None else str(value)
