"""Pipeline files in MOABB's YAML format: search and reading.

As in MOABB, the classes named in a file are imported: use only files that you trust.
"""

from __future__ import annotations

import filecmp
import itertools
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from bci_dann._config import StrictModel, validate
from bci_dann._validation import did_you_mean
from bci_dann.evaluation.config.yaml_file import read_yaml
from bci_dann.exceptions import BCIDannWarning, ConfigError

__all__ = [
    "PipelineSpec",
    "available_pipelines",
    "find_pipeline",
    "load_pipeline",
    "pipeline_description",
    "warn_of_built_in_name",
]

YAML_SUFFIXES = {".yml", ".yaml"}


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
    """The content of a pipeline file, for creating the estimator and for comparisons.

    Attributes
    ----------
    name : str
        The name in tables.
    definition : tuple of dict
        The steps in order, each with ``name``, ``from`` and ``parameters``, and, for user-defined
        classes or components, ``code``, a digest of their source.
    source : str
        The pipeline file, for messages; ignored in comparisons.
    set_by : mapping of str to str
        Origin of the parameters that are set by the configuration of a run, for messages; ignored
        in comparisons.

    See Also
    --------
    load_pipeline : Reads a pipeline file.
    build : Creates the estimator.

    Examples
    --------
    >>> from bci_dann.evaluation import PipelineSpec, build
    >>> step = {
    ...     "name": "ShallowClassifier",
    ...     "from": "bci_dann.estimators",
    ...     "parameters": {"features": "tangent_space", "classifier": "logistic"},
    ... }
    >>> build(PipelineSpec("mine", (step,))).classifier
    'logistic'
    """

    name: str
    definition: tuple[dict[str, Any], ...]
    source: str = field(default="", compare=False)
    set_by: Mapping[str, str] = field(default_factory=dict, compare=False)


def available_pipelines(folders: Sequence[Path]) -> dict[str, Path]:
    """Return the pipeline files in folders by their names without ``.yml``.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        The folders; if several have a file with the same name, that of the first folder is used.

    Returns
    -------
    dict of str to pathlib.Path
        Paths by name, sorted by name.
    """
    files: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.yml")):
            files.setdefault(path.stem, path)
    return dict(sorted(files.items()))


def find_pipeline(name: str, folders: Sequence[Path]) -> Path:
    """Return the file of a pipeline.

    Parameters
    ----------
    name : str
        A path that ends in ``.yml``, or a name.
    folders : sequence of pathlib.Path
        The folders that are searched for names and relative paths.

    Returns
    -------
    pathlib.Path
        The file in the first folder that has it.

    Raises
    ------
    ConfigError
        When there is no such file.
    """
    known = available_pipelines(folders)
    if name in known:
        return known[name]
    for candidate in [Path(name), *(folder / name for folder in folders)]:
        if candidate.suffix in YAML_SUFFIXES and candidate.is_file():
            return candidate
    searched = ", ".join(str(folder) for folder in folders)
    raise ConfigError(
        f"there is no pipeline {name!r}.{did_you_mean(name, known)} "
        f"Known pipelines: {', '.join(known) or 'none'} (looked in {searched})."
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
        The pipeline, with only the parameters of the file.

    Raises
    ------
    ConfigError
        When the file cannot be read, or does not have this format.

    See Also
    --------
    build : Creates the estimator.
    bci_dann.estimators.build_method : A method by the name of its pipeline.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann.evaluation import build, load_pipeline
    >>> text = '''
    ... name: mine
    ... paradigms: [LeftRightImagery]
    ... pipeline:
    ...   - name: ShallowClassifier
    ...     from: bci_dann.estimators
    ...     parameters: {features: csp, n_components: 6}
    ... '''
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mine.yml"
    ...     size = path.write_text(text)
    ...     build(load_pipeline(path)).n_components
    6
    """
    content = read_yaml(Path(path), "pipeline")
    if isinstance(content, Mapping) and "param_grid" in content:
        raise ConfigError(
            f"{path}: `param_grid` is not supported, because its search mixes the trials of "
            "one subject between training and validation. Write each setting as a pipeline."
        )
    file = validate(_PipelineFile, content, str(path))
    steps = tuple(component.model_dump(by_alias=True) for component in file.pipeline)
    return PipelineSpec(file.name, steps, source=str(path))


def pipeline_description(path: Path) -> str:
    """Return the description of a method in its pipeline file, in one line.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    str
        The comment at the start of the file; without one, the names of the steps.

    Raises
    ------
    ConfigError
        When there is no comment, and the file cannot be read as a pipeline.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    comment = itertools.takewhile(lambda line: line.startswith("#"), lines)
    text = " ".join(line.lstrip("#").strip() for line in comment).strip()
    return text or " + ".join(step["name"] for step in load_pipeline(path).definition)


def warn_of_built_in_name(spec: PipelineSpec, built_in_folder: Path) -> None:
    """Warn if a user's pipeline file has the name of a pipeline of the package.

    Parameters
    ----------
    spec : PipelineSpec
        The pipeline from the file ``spec.source``, which is used.
    built_in_folder : pathlib.Path
        The folder of the package's pipelines. For a file with the same content there is no
        warning.
    """
    path = Path(spec.source)
    built_in = available_pipelines([built_in_folder])
    for name in {path.stem: None, spec.name: None}:
        namesake = built_in.get(name)
        if namesake is None or filecmp.cmp(path, namesake, shallow=False):
            continue
        warnings.warn(
            f"the pipeline {name!r} is taken from {path}, and not from {namesake}, which comes "
            "with the package under the same name. Rename one where you mean the other.",
            BCIDannWarning,
            stacklevel=2,
        )
        return
