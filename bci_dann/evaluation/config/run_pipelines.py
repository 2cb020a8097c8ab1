"""Pipelines of a run: their files, each read once, and the parameters that the run sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bci_dann._resources import pipelines_folder
from bci_dann._validation import check_option
from bci_dann.evaluation.config.ensemble_members import with_members
from bci_dann.evaluation.config.pipeline_file import (
    PipelineSpec,
    find_pipeline,
    load_pipeline,
    warn_of_built_in_name,
)
from bci_dann.evaluation.config.pipeline_parameters import (
    accepted_parameters,
    check_parameter_names,
    with_defaults,
    with_parameters,
)
from bci_dann.evaluation.config.variants import Variants, expand_variants
from bci_dann.exceptions import ConfigError

__all__ = [
    "EVERY_PIPELINE",
    "ConfigOrigin",
    "accepted_by_any",
    "complete_specs",
    "pipeline_folders",
]

# The key of pipeline_parameters whose values apply to every pipeline that has such a parameter.
EVERY_PIPELINE = "*"


@dataclass(frozen=True)
class ConfigOrigin:
    """Origin of a configuration, which is ignored in comparisons of configurations.

    Attributes
    ----------
    source : str
        The file, for messages.
    folder : pathlib.Path or None
        The folder of the file, from which the search for pipelines starts.
    files : dict of str to PipelineSpec
        The content of the pipeline files that have been read, by path.
    """

    source: str = field(default="the configuration", compare=False)
    folder: Path | None = field(default=None, compare=False)
    files: dict[str, PipelineSpec] = field(default_factory=dict, compare=False)

    def path_of(self, name: str) -> str:
        """Return the path of a pipeline file, after reading it if necessary.

        Parameters
        ----------
        name : str
            The name of a pipeline, or the path of its file.

        Returns
        -------
        str
            A key of ``files``.

        Raises
        ------
        ConfigError
            When there is no such file, or it cannot be read.
        """
        if name in self.files:
            return name
        folders = pipeline_folders(self.folder)
        path = str(find_pipeline(name, folders).resolve())
        if path not in self.files:
            self.files[path] = load_pipeline(path)
            warn_of_built_in_name(self.files[path], folders[-1])
        return path

    def load(self, name: str) -> PipelineSpec:
        """Return the content of a pipeline file, after reading it if necessary.

        Parameters
        ----------
        name : str
            The name of a pipeline, or the path of its file.

        Returns
        -------
        PipelineSpec
            The pipeline, with only the parameters of the file.

        Raises
        ------
        ConfigError
            When there is no such file, or it cannot be read.
        """
        return self.files[self.path_of(name)]


def pipeline_folders(config_folder: Path | None = None) -> list[Path]:
    """Return the folders that are searched for pipeline names, in this order.

    Parameters
    ----------
    config_folder : pathlib.Path or None
        The folder of the configuration file, if there is one.

    Returns
    -------
    list of pathlib.Path
        The folders; the last one is that of the package.
    """
    beside = [] if config_folder is None else [config_folder / ".." / "pipelines"]
    folders = [*beside, Path("pipelines"), pipelines_folder()]
    return list(dict.fromkeys(folder.resolve() for folder in folders))


def complete_specs(
    pipelines: Sequence[str],
    parameters: Mapping[str, Mapping[str, Any]],
    variants: Variants,
    origin: ConfigOrigin,
) -> list[PipelineSpec]:
    """Return the pipelines of a run, with all effective parameters.

    Parameters
    ----------
    pipelines : sequence of str
        Names of pipelines, or paths of their files.
    parameters : mapping of str to mapping of str to object
        Parameters set by the run, by pipeline.
    variants : mapping of str to mapping of str to list, or to list of mapping
        Variants by pipeline; see :func:`expand_variants`.
    origin : ConfigOrigin
        Origin of the configuration of the run.

    Returns
    -------
    list of PipelineSpec
        See :func:`bci_dann.evaluation.config.run_config.pipeline_specs`.

    Raises
    ------
    ConfigError
        When a file is wrong, two pipelines have the same name, or a parameter is unknown.
    """
    specs = [origin.load(path) for path in pipelines]
    _check_names(specs, parameters)
    set_by = f"{origin.source}: pipeline_parameters"
    configured = [_with_run_parameters(spec, parameters, set_by) for spec in specs]
    set_by = f"{origin.source}: variants"
    expanded = expand_variants(configured, variants, set_by=set_by)
    for spec in expanded:
        check_parameter_names(spec)
    return [with_defaults(with_members(spec, origin.load)) for spec in expanded]


def accepted_by_any(parameters: Mapping[str, Any], specs: Sequence[PipelineSpec]) -> dict[str, Any]:
    """Return the parameters that a step of at least one pipeline has.

    Parameters
    ----------
    parameters : mapping of str to object
        Values by parameter.
    specs : sequence of PipelineSpec
        The pipelines.

    Returns
    -------
    dict of str to object
        The parameters that apply to a pipeline.

    Raises
    ------
    ConfigError
        When a step's class does not exist.
    """
    accepted = set().union(*(accepted_parameters(spec, parameters) for spec in specs))
    return {name: value for name, value in parameters.items() if name in accepted}


def _check_names(specs: Sequence[PipelineSpec], parameters: Mapping[str, Any]) -> None:
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"pipelines: two files have the name {name!r}. Rename one.")
    for name in parameters:
        check_option("each key of pipeline_parameters", name, [*names, EVERY_PIPELINE])
    for_every = parameters.get(EVERY_PIPELINE, {})
    accepted = accepted_by_any(for_every, specs)
    for name in for_every:
        if name not in accepted:
            raise ConfigError(f"pipeline_parameters['*']: no pipeline has a parameter {name!r}.")


def _with_run_parameters(
    spec: PipelineSpec, parameters: Mapping[str, Mapping[str, Any]], set_by: str
) -> PipelineSpec:
    for_every = accepted_parameters(spec, parameters.get(EVERY_PIPELINE, {}))
    spec = with_parameters(spec, for_every, set_by=set_by)
    return with_parameters(spec, parameters.get(spec.name, {}), set_by=set_by)
