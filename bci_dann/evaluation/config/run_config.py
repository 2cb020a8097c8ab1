"""The configuration of a run: data, preprocessing, pipelines, protocols and seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PrivateAttr, field_validator, model_validator

from bci_dann._config import StrictModel, validate
from bci_dann._validation import check_option, did_you_mean
from bci_dann.data.combined.combined_config import CombinedDataConfig, RunData, each_dataset
from bci_dann.data.dataset_names import SIMULATED, check_dataset_name
from bci_dann.data.datasets import DataConfig
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.regimes.regime import Regime
from bci_dann.data.regimes.worlds import Worlds
from bci_dann.evaluation.config.constructor import constructor_of
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.config.run_pipelines import (
    EVERY,
    ConfigOrigin,
    accepted_by_any,
    complete_specs,
    pipeline_folders,
)
from bci_dann.evaluation.config.settings import located_content
from bci_dann.evaluation.protocols import PROTOCOLS
from bci_dann.exceptions import ConfigError

__all__ = [
    "SUITE_KEY",
    "RunConfig",
    "load_config",
    "pipeline_folders",
    "pipeline_specs",
    "read_config",
    "run_of_content",
    "with_replaced",
]

# The key that a suite of several data sets has in the place of `data`.
SUITE_KEY = "datasets"

Values = Annotated[list[Any], Field(min_length=1)]
RegimeName = Annotated[str, Field(pattern=r"^\w[\w-]*$")]
Settings = Annotated[dict[str, Values], Field(min_length=1)]


class RunConfig(StrictModel):
    """Everything that determines the results of a run, and how many threads a task uses.

    A configuration that :func:`load_config` returned holds the content of its pipeline files, so
    that none of them is read again.

    Attributes
    ----------
    name : str
        Names the run's folder.
    data : DataConfig or CombinedDataConfig
        The recordings, of one data set or of several together.
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
    regimes : dict of str to Regime
        Situations to compare the pipelines in, by name, each a run of its own on trials that
        are derived from ``data``.
    worlds : Worlds or None
        Simulated data sets, drawn at random, as further regimes.
    baselines : list of str
        The pipelines whose best one, in each regime, the others are compared with.

    See Also
    --------
    load_config : Reads one from a file.
    bci_dann.run_benchmark : Runs it.

    Examples
    --------
    >>> from bci_dann.evaluation import load_config
    >>> config = load_config("quickstart")
    >>> config.data.dataset, config.preprocessing.band, config.seeds
    ('SimulatedMI', (8.0, 30.0), [0])
    """

    name: str = Field(min_length=1, pattern=r"^[\w.-]+$")
    data: RunData
    preprocessing: Preprocessing = Preprocessing()
    pipelines: list[str] = Field(min_length=1)
    protocols: list[str] = Field(min_length=1)
    seeds: list[Annotated[int, Field(ge=0, lt=2**32)]] = Field(default=[0], min_length=1)
    pipeline_parameters: dict[str, dict[str, Any]] = Field(default_factory=dict)
    variants: dict[str, Settings] = Field(default_factory=dict)
    threads: int = Field(default=1, ge=1)
    regimes: dict[RegimeName, Regime] = Field(default_factory=dict)
    worlds: Worlds | None = None
    baselines: list[str] = Field(default_factory=list)
    _origin: ConfigOrigin = PrivateAttr(default_factory=ConfigOrigin)

    @property
    def has_regimes(self) -> bool:
        """Whether the run is one of each regime.

        Returns
        -------
        bool
            True if there are ``regimes`` or ``worlds``.
        """
        return bool(self.regimes) or self.worlds is not None

    @field_validator("pipelines", "protocols", "seeds", "baselines")
    @classmethod
    def _check_unique(cls, values: list[Any]) -> list[Any]:
        repeated = sorted({str(value) for value in values if values.count(value) > 1})
        if repeated:
            raise ValueError(f"{', '.join(repeated)} is listed more than once")
        return values

    @field_validator("protocols")
    @classmethod
    def _check_protocols(cls, protocols: list[str]) -> list[str]:
        for protocol in protocols:
            check_option("each protocol", protocol, PROTOCOLS)
        return protocols

    @model_validator(mode="after")
    def _check_regimes(self) -> RunConfig:
        if self.has_regimes and not self.baselines:
            raise ValueError(
                "baselines is missing: name the pipelines whose best one the others are compared "
                "with in each regime"
            )
        if self.baselines and not self.has_regimes:
            raise ValueError("baselines are for regimes: add `regimes` or `worlds`, or remove it")
        if self.has_regimes and isinstance(self.data, CombinedDataConfig):
            raise ValueError("regimes and worlds are for one data set; `data` lists several")
        if isinstance(self.data, DataConfig) and self.has_regimes and self.data.regime is not None:
            raise ValueError("data.regime is set beside regimes or worlds; give one of the two")
        if self.worlds is not None:
            for name in set(self.worlds.draw()) & set(self.regimes):
                raise ValueError(f"the regime {name!r} has the name of a world; rename it")
        return self


def load_config(
    config: str | Path | Mapping[str, Any] | RunConfig,
    settings: Sequence[str] = (),
    defaults: Mapping[str, Any] | None = None,
) -> RunConfig:
    """Read and check a run configuration.

    Parameters
    ----------
    config : str, pathlib.Path, mapping or RunConfig
        A YAML file, which may take over keys of another (``extends: other.yaml``); the name of
        a configuration that comes with the package (``quickstart``); or the content. Pipeline
        names in a file are looked up in ``../pipelines`` beside the file's folder, in
        ``pipelines`` in the working folder, and in the pipelines that come with the package,
        and become paths.
    settings : sequence of str
        Values to replace in a file or mapping before it is checked, each ``"KEY=VALUE"`` with
        dots between keys and a value in YAML, as ``bci-dann run --set`` takes them.
    defaults : mapping of str to object, or None
        Values of keys that the file or the content may leave out.

    Returns
    -------
    RunConfig
        With the paths of the pipeline files as ``pipelines``.

    Raises
    ------
    ConfigError
        Naming each wrong key, with what was probably meant.

    See Also
    --------
    RunConfig : The keys.
    resolve_run : The same with pipelines and options.

    Examples
    --------
    >>> from bci_dann.evaluation import load_config
    >>> config = load_config(
    ...     {
    ...         "name": "mine",
    ...         "data": {"dataset": "BNCI2014_001", "classes": ["left_hand", "right_hand"]},
    ...         "pipelines": ["csp_lda", "ea_csp_lda", "rts_im"],
    ...         "protocols": ["train", "train_and_target_unlabeled_full"],
    ...     }
    ... )
    >>> config.seeds, config.preprocessing.band
    ([0], (8.0, 32.0))
    """
    run = read_config(config, settings, defaults)
    specs = pipeline_specs(run)  # raises where a pipeline or a parameter is wrong
    if not isinstance(config, RunConfig):  # with other pipelines, baselines may be of a run before
        for name in run.baselines:
            check_option("each of baselines", name, [spec.name for spec in specs])
    return run


def read_config(
    config: str | Path | Mapping[str, Any] | RunConfig,
    settings: Sequence[str] = (),
    defaults: Mapping[str, Any] | None = None,
) -> RunConfig:
    """Read a run configuration and its pipeline files, and check its keys and names.

    Nothing that takes long is imported. What is left to check are the parameters of the
    pipelines; see :func:`pipeline_specs`.

    Parameters
    ----------
    config : str, pathlib.Path, mapping or RunConfig
        As for :func:`load_config`. Files that a RunConfig has read before are not read again.
    settings : sequence of str
        As for :func:`load_config`; they do not change a RunConfig.
    defaults : mapping of str to object, or None
        See :func:`load_config`.

    Returns
    -------
    RunConfig
        With the paths of the pipeline files as ``pipelines``.

    Raises
    ------
    ConfigError
        When the file or a pipeline file is missing or cannot be read, or a key, a protocol, a
        pipeline or a dataset is unknown.
    """
    if isinstance(config, RunConfig):
        _check_datasets(config)
        return _with_pipeline_files(config)
    content, origin = located_content(config, settings)
    if isinstance(content, Mapping):
        content = {**(defaults or {}), **content}
    return run_of_content(content, origin)


def run_of_content(content: Any, origin: ConfigOrigin) -> RunConfig:
    """Check the content of a configuration, and read its pipeline files.

    Parameters
    ----------
    content : object
        As :func:`located_content` returns it.
    origin : ConfigOrigin
        Where it is from.

    Returns
    -------
    RunConfig
        As :func:`read_config` returns it.

    Raises
    ------
    ConfigError
        See :func:`read_config`.
    """
    if isinstance(content, Mapping) and SUITE_KEY in content:
        raise ConfigError(
            f"{origin.source} is a suite of several data sets, which `bci-dann run` and run_suite "
            "run. Give a configuration with the key `data` here."
        )
    run = validate(RunConfig, content, origin.source)
    run._origin = origin
    _check_datasets(run)
    return _with_pipeline_files(run)


def with_replaced(config: RunConfig, replaced: Mapping[str, Any]) -> RunConfig:
    """Return a run with some of its lists replaced, as the command line does.

    Parameters
    ----------
    config : RunConfig
        As :func:`load_config` returns it; not changed.
    replaced : mapping of str to object
        New values by key. Parameters and variants of pipelines that are then not run any more
        are dropped.

    Returns
    -------
    RunConfig
        Checked as by :func:`load_config`; only pipeline files that are new to it were read.

    Raises
    ------
    ConfigError
        See :func:`load_config`.
    """
    without_settings = {**replaced, "pipeline_parameters": {}, "variants": {}}
    run = _with_pipeline_files(_revalidated(config, without_settings))
    specs = [run._origin.load(path) for path in run.pipelines]
    names = [*(spec.name for spec in specs), EVERY]
    settings: dict[str, dict[str, Any]] = {}
    for key in ("pipeline_parameters", "variants"):
        by_pipeline = replaced.get(key, getattr(config, key))
        settings[key] = {name: by_pipeline[name] for name in by_pipeline if name in names}
    for_every = settings["pipeline_parameters"].get(EVERY, {})
    if for_every:
        settings["pipeline_parameters"][EVERY] = accepted_by_any(for_every, specs)
    run = _revalidated(run, settings)
    pipeline_specs(run)
    return run


def pipeline_specs(config: RunConfig) -> list[PipelineSpec]:
    """Return the pipelines of a run, with all parameters that are in effect.

    Parameters
    ----------
    config : RunConfig
        The run.

    Returns
    -------
    list of PipelineSpec
        In the order of ``config.pipelines``, variants in the place of what they are of. Members
        of ensembles that are named by a pipeline are written out.

    Raises
    ------
    ConfigError
        When a file is wrong, two pipelines have the same name, or a parameter is unknown.
    """
    parameters, variants = config.pipeline_parameters, config.variants
    return complete_specs(config.pipelines, parameters, variants, config._origin)


def _with_pipeline_files(run: RunConfig) -> RunConfig:
    """Return the run with paths as pipelines, once these files are read."""
    paths = [run._origin.path_of(name) for name in run.pipelines]
    located = run.model_copy(update={"pipelines": paths})
    located._origin = run._origin
    return located


def _revalidated(run: RunConfig, replaced: Mapping[str, Any]) -> RunConfig:
    checked = validate(RunConfig, {**dict(run), **replaced}, "the configuration")
    checked._origin = run._origin
    return checked


def _check_datasets(run: RunConfig) -> None:
    for data, _ in each_dataset(run.data):
        _check_dataset(data)


def _check_dataset(data: DataConfig) -> None:
    check_dataset_name(data.dataset)
    if data.dataset == SIMULATED:
        step = {"from": "bci_dann.data", "name": SIMULATED}
        constructor = constructor_of(step, pipeline="")
        for name in data.params:
            if not constructor.accepts(name):
                raise ConfigError(
                    f"{SIMULATED} has no parameter {name!r}."
                    f"{did_you_mean(name, constructor.names)} "
                    f"It has {', '.join(constructor.names)}."
                )
