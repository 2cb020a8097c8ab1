"""The description of a run: data, preprocessing, pipelines, protocols and seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator

from bci_dann._config import StrictModel, validate
from bci_dann._resources import find_configuration, pipelines_folder
from bci_dann._validation import check_option
from bci_dann.data.datasets import DataConfig
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.evaluation.config.pipeline_builder import with_defaults, with_parameters
from bci_dann.evaluation.config.pipeline_file import PipelineSpec, find_pipeline, load_pipeline
from bci_dann.evaluation.config.variants import expanded
from bci_dann.evaluation.config.yaml_file import read_content
from bci_dann.evaluation.protocols import PROTOCOLS
from bci_dann.exceptions import ConfigError

__all__ = ["RunConfig", "load_config", "pipeline_folders", "pipeline_specs", "with_replaced"]

EVERY = "*"
Values = Annotated[list[Any], Field(min_length=1)]
Settings = Annotated[dict[str, Values], Field(min_length=1)]


class RunConfig(StrictModel):
    """Everything that determines the results of a run, and how many threads a task uses.

    Parameters
    ----------
    name : str
        Names the run's folder.
    data : DataConfig
        The recordings.
    preprocessing : Preprocessing
        What makes trials of them.
    pipelines : list of str
        Names of files in a pipelines folder, or paths that end in ``.yml``.
    protocols : list of str
        Names in :data:`~bci_dann.evaluation.PROTOCOLS`.
    seeds : list of int
        Every pipeline is trained once for each seed.
    pipeline_parameters : dict of str to dict
        Values that replace those in the pipeline files, by the pipeline's name; ``"*"``
        reaches every pipeline that has such a parameter.
    variants : dict of str to dict of str to list
        Settings to compare, by the pipeline's name: each combination of the listed values of
        its parameters runs as a pipeline in its place, with a name like
        ``reweight_ts[classifier=kmm,alignment=none]``.
    threads : int
        Threads of one task. Sums in another order round differently, so this belongs to
        the results; the number of tasks at a time does not.
    """

    name: str = Field(min_length=1, pattern=r"^[\w.-]+$")
    data: DataConfig
    preprocessing: Preprocessing = Preprocessing()
    pipelines: list[str] = Field(min_length=1)
    protocols: list[str] = Field(min_length=1)
    seeds: list[Annotated[int, Field(ge=0, lt=2**32)]] = Field(default=[0], min_length=1)
    pipeline_parameters: dict[str, dict[str, Any]] = Field(default_factory=dict)
    variants: dict[str, Settings] = Field(default_factory=dict)
    threads: int = Field(default=1, ge=1)

    @field_validator("pipelines", "protocols", "seeds")
    @classmethod
    def _once_each(cls, values: list[Any]) -> list[Any]:
        twice = sorted({str(value) for value in values if values.count(value) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is listed more than once")
        return values

    @field_validator("protocols")
    @classmethod
    def _known(cls, protocols: list[str]) -> list[str]:
        for protocol in protocols:
            check_option("each protocol", protocol, PROTOCOLS)
        return protocols


def load_config(config: str | Path | Mapping[str, Any] | RunConfig) -> RunConfig:
    """Read and check a run configuration.

    Parameters
    ----------
    config : str, pathlib.Path, mapping or RunConfig
        A YAML file, which may take over keys of another (``extends: other.yaml``); the name of
        a configuration that comes with the package (``quickstart``); or the content. Pipeline
        names in a file are looked up in ``../pipelines`` beside the file's folder, in
        ``pipelines`` in the working folder, and in the pipelines that come with the package,
        and become paths.

    Returns
    -------
    RunConfig
        With the paths of the pipeline files as ``pipelines``.

    Raises
    ------
    ConfigError
        Naming each wrong key, with what was probably meant.
    """
    if isinstance(config, RunConfig):
        run, folder = config, None
    elif isinstance(config, Mapping):
        run, folder = validate(RunConfig, config, "the configuration"), None
    else:
        path = find_configuration(config)
        run, folder = validate(RunConfig, read_content(path), str(path)), path.parent
    folders = pipeline_folders(folder)
    paths = [str(find_pipeline(name, folders).resolve()) for name in run.pipelines]
    run = run.model_copy(update={"pipelines": paths})
    pipeline_specs(run)  # raises where a pipeline or an override is wrong
    return run


def with_replaced(config: RunConfig, replaced: Mapping[str, Any]) -> RunConfig:
    """Return a run with some of its lists replaced, as the command line does.

    Parameters
    ----------
    config : RunConfig
        As :func:`load_config` returns it; it is left as it is.
    replaced : mapping of str to object
        New values by key. Parameters and variants of pipelines that are then not run any more
        are dropped.

    Returns
    -------
    RunConfig

    Raises
    ------
    ConfigError
        As :func:`load_config`.
    """
    content = {**dict(config), **replaced}
    specs = _loaded(content["pipelines"])
    names = [*(spec.name for spec in specs), EVERY]
    for key in ("pipeline_parameters", "variants"):
        content[key] = {name: own for name, own in content[key].items() if name in names}
    every = content["pipeline_parameters"].get(EVERY, {})
    if every:
        content["pipeline_parameters"][EVERY] = _taken(every, specs)
    return load_config(content)


def pipeline_folders(config_folder: Path | None = None) -> list[Path]:
    """Return the folders in which pipeline names are looked up, nearest first.

    Parameters
    ----------
    config_folder : pathlib.Path or None
        The folder of the configuration file, if there is one.

    Returns
    -------
    list of pathlib.Path
    """
    beside = [] if config_folder is None else [config_folder / ".." / "pipelines"]
    folders = [*beside, Path("pipelines"), pipelines_folder()]
    return list(dict.fromkeys(folder.resolve() for folder in folders))


def pipeline_specs(config: RunConfig) -> list[PipelineSpec]:
    """Load the pipelines of a run, with the parameters that the run sets.

    Parameters
    ----------
    config : RunConfig
        The run.

    Returns
    -------
    list of PipelineSpec
        In the order of ``config.pipelines``, variants in the place of what they are of.

    Raises
    ------
    ConfigError
        When a file is wrong, two pipelines bear one name, or a parameter is unknown.
    """
    specs = _loaded(config.pipelines)
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"pipelines: two files bear the name {name!r}. Rename one.")
    _check_targets_of_parameters(config.pipeline_parameters, names)
    changed = [_with_run_parameters(spec, config.pipeline_parameters) for spec in specs]
    _check_every(config.pipeline_parameters.get(EVERY, {}), changed)
    return [with_defaults(spec) for spec in expanded(changed, config.variants)]


def _loaded(pipelines: Sequence[str]) -> list[PipelineSpec]:
    folders = pipeline_folders()
    return [load_pipeline(find_pipeline(name, folders)) for name in pipelines]


def _check_targets_of_parameters(parameters: Mapping[str, Any], names: list[str]) -> None:
    for name in parameters:
        check_option("each key of pipeline_parameters", name, [*names, EVERY])


def _with_run_parameters(
    spec: PipelineSpec, parameters: Mapping[str, Mapping[str, Any]]
) -> PipelineSpec:
    spec = with_parameters(spec, parameters.get(EVERY, {}), strict=False)
    return with_parameters(spec, parameters.get(spec.name, {}))


def _check_every(parameters: Mapping[str, Any], specs: list[PipelineSpec]) -> None:
    """Raise where a parameter for every pipeline has reached none."""
    taken = _taken(parameters, specs)
    for name in parameters:
        if name not in taken:
            raise ConfigError(f"pipeline_parameters['*']: no pipeline has a parameter {name!r}.")


def _taken(parameters: Mapping[str, Any], specs: list[PipelineSpec]) -> dict[str, Any]:
    """Return those parameters that some step of a pipeline has."""
    given = [with_parameters(spec, parameters, strict=False) for spec in specs]
    taken = {name for spec in given for step in spec.definition for name in step["parameters"]}
    return {name: value for name, value in parameters.items() if name in taken}
