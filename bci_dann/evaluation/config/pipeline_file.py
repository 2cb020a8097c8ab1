"""Pipelines in MOABB's YAML format: finding and reading them.

As in MOABB, a file names the classes that it is made of, which are imported: use only
files that you trust.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from bci_dann._config import StrictModel, validate
from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError

__all__ = [
    "PipelineSpec",
    "available_pipelines",
    "find_pipeline",
    "load_pipeline",
]


class _Component(StrictModel):
    name: str
    from_: str = Field(alias="from")
    parameters: dict[str, Any] = Field(default_factory=dict)


class _PipelineFile(StrictModel):
    name: str = Field(min_length=1)
    paradigms: list[str] = Field(default_factory=list)
    pipeline: list[_Component] = Field(min_length=1)
    citations: str | list[str] | None = None


@dataclass(frozen=True)
class PipelineSpec:
    """A pipeline as data: what is needed to build it, and to tell it from another.

    Parameters
    ----------
    name : str
        The name that tables show.
    definition : tuple of dict
        The steps in order, each with ``name``, ``from`` and ``parameters``, and ``code``, a
        digest, where the class or a term is the user's own.
    """

    name: str
    definition: tuple[dict[str, Any], ...]


def available_pipelines(folders: Sequence[Path]) -> dict[str, Path]:
    """Return the pipeline files of some folders by their names without ``.yml``.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Where to look; a name in an earlier folder hides the same name in a later one.

    Returns
    -------
    dict of str to pathlib.Path
        Sorted by name.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.yml")):
            found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def find_pipeline(name: str, folders: Sequence[Path]) -> Path:
    """Return the file of a pipeline.

    Parameters
    ----------
    name : str
        A path that ends in ``.yml``, or a name to be looked up.
    folders : sequence of pathlib.Path
        Where names are looked up, and what relative paths may start from.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ConfigError
        When there is no such file.
    """
    known = available_pipelines(folders)
    if name in known:
        return known[name]
    for candidate in [Path(name), *(folder / name for folder in folders)]:
        if candidate.suffix in {".yml", ".yaml"} and candidate.is_file():
            return candidate
    looked = ", ".join(str(folder) for folder in folders)
    raise ConfigError(
        f"there is no pipeline {name!r}.{did_you_mean(name, known)} "
        f"Known pipelines: {', '.join(known) or 'none'} (looked in {looked})."
    )


def load_pipeline(path: str | Path) -> PipelineSpec:
    """Read one pipeline file.

    Parameters
    ----------
    path : str or pathlib.Path
        A file in MOABB's YAML format.

    Returns
    -------
    PipelineSpec

    Raises
    ------
    ConfigError
        When the file cannot be read, or does not have this format.
    """
    content = _read_yaml(Path(path))
    if isinstance(content, Mapping) and "param_grid" in content:
        raise ConfigError(
            f"{path}: `param_grid` is not supported, because its search mixes the trials of "
            "one subject between training and validation. Write each setting as a pipeline."
        )
    file = validate(_PipelineFile, content, str(path))
    steps = tuple(component.model_dump(by_alias=True) for component in file.pipeline)
    return PipelineSpec(file.name, steps)


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"the pipeline file {path} cannot be read: {error}") from error
