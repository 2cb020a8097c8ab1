"""Shell completion for names of pipelines, protocols and configurations."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = ["complete_config", "complete_pipelines", "complete_protocols"]


def complete_config(incomplete: str) -> list[str]:
    """Return the configurations of the package and the YAML files that begin with a text.

    Parameters
    ----------
    incomplete : str
        The text typed so far.

    Returns
    -------
    list of str
        Names, files, and folders with a trailing slash.
    """
    from bci_dann._resources import shipped_configurations

    names = [name for name in shipped_configurations() if name.startswith(incomplete)]
    typed = Path(incomplete)
    folder = typed if incomplete.endswith("/") else typed.parent
    start = "" if incomplete.endswith("/") else typed.name
    found = sorted(folder.glob(f"{start}*")) if folder.is_dir() else []
    files = [f"{one}/" if one.is_dir() else str(one) for one in found if _is_yaml_or_folder(one)]
    return [*names, *files]


def complete_pipelines(incomplete: str) -> list[str]:
    """Return completions of a comma-separated list of pipelines.

    Parameters
    ----------
    incomplete : str
        The text typed so far.

    Returns
    -------
    list of str
        The text, with the last name completed by pipelines of the package or of ``pipelines/``.
    """
    from bci_dann._resources import pipelines_folder

    folders = (Path("pipelines"), pipelines_folder())
    return _completed(incomplete, {path.stem for one in folders for path in one.glob("*.yml")})


def complete_protocols(incomplete: str) -> list[str]:
    """Return completions of a comma-separated list of protocols.

    Parameters
    ----------
    incomplete : str
        The text typed so far.

    Returns
    -------
    list of str
        The text, with the last name completed.
    """
    from bci_dann.evaluation.protocols import PROTOCOLS

    return _completed(incomplete, PROTOCOLS)


def _completed(incomplete: str, names: Iterable[str]) -> list[str]:
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in sorted(names) if name.startswith(last)]


def _is_yaml_or_folder(path: Path) -> bool:
    return not path.name.startswith(".") and (path.is_dir() or path.suffix in {".yaml", ".yml"})
