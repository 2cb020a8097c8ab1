"""The configuration of a run: data, preprocessing, pipelines, protocols and seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PrivateAttr, field_validator, model_validator

from bci_dann._config import StrictModel, validate
from bci_dann._validation import check_option, did_you_mean
from bci_dann.data.combined.combined_config import RunData, each_dataset
from bci_dann.data.dataset_names import SIMULATED, check_dataset_name
from bci_dann.data.datasets import DataConfig
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.regimes.regime import Regime
from bci_dann.data.regimes.worlds import Worlds
from bci_dann.data.windows.pseudo_online import PseudoOnline
from bci_dann.evaluation.config.constructor import constructor_of
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.config.run_pipelines import (
    EVERY_PIPELINE,
    ConfigOrigin,
    accepted_by_any,
    complete_specs,
    pipeline_folders,
)
from bci_dann.evaluation.config.settings import located_content
from bci_dann.evaluation.config.variants import VariantSettings
from bci_dann.evaluation.protocols import PROTOCOLS
from bci_dann.evaluation.pseudo_online.window_folds import check_pseudo_online
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

# The key for the datasets of a suite; a run has the key `data` instead.
SUITE_KEY = "datasets"

RegimeName = Annotated[str, Field(pattern=r"^\w[\w-]*$")]


class RunConfig(StrictModel):
    """Everything that determines the results of a run, including the threads of a task.

    A configuration returned by :func:`load_config` contains the content of its pipeline files, so
    that they are not read again.

    Attributes
    ----------
    name : str
        Name of the folder of the run.
    data : DataConfig or CombinedDataConfig
        One dataset, or several datasets together.
    preprocessing : Preprocessing
        The steps from recordings to trials.
    pipelines : list of str
        Names of files in a pipelines folder, or paths that end in ``.yml``.
    protocols : list of str
        Names in :data:`~bci_dann.evaluation.PROTOCOLS`.
    seeds : list of int
        Each pipeline is trained once for each seed.
    pipeline_parameters : dict of str to dict
        Parameters by pipeline, which override those in the pipeline files; ``"*"``
        applies to all pipelines that have the parameter.
    variants : dict of str to dict of str to list, or to list of dict
        Settings to compare, by pipeline: each combination of the listed values, or each item of
        the list, is a separate pipeline that replaces the original one, with a name such as
        ``reweight_ts[classifier=kmm,alignment=none]``.
    threads : int
        Number of threads of one task. It affects results, since the order of sums changes
        rounding; the number of parallel tasks does not.
    pseudo_online : PseudoOnline or None
        Scores windows over the whole recordings of the target, idle time included, instead of
        trials.
    regimes : dict of str to Regime
        Situations in which pipelines are compared, by name. Each is a separate run on trials that
        are derived from ``data``; of several datasets, each is changed as if it were alone.
    worlds : Worlds or None
        Simulated datasets with randomly drawn parameters, as further regimes.
    baselines : list of str
        In each regime, the other pipelines are compared with the best of these.

    See Also
    --------
    load_config : Reads a configuration from a file.
    bci_dann.run_benchmark : Runs a configuration.

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
    variants: dict[str, VariantSettings] = Field(default_factory=dict)
    threads: int = Field(default=1, ge=1)
    pseudo_online: PseudoOnline | None = None
    regimes: dict[RegimeName, Regime] = Field(default_factory=dict)
    worlds: Worlds | None = None
    baselines: list[str] = Field(default_factory=list)
    _origin: ConfigOrigin = PrivateAttr(default_factory=ConfigOrigin)

    @property
    def has_regimes(self) -> bool:
        """Whether the run compares pipelines in regimes.

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
    def _check_pseudo_online(self) -> RunConfig:
        if self.pseudo_online is not None:
            if self.has_regimes:
                raise ValueError("pseudo_online is for runs without regimes and worlds")
            check_pseudo_online(self.data, self.preprocessing, self.protocols)
        return self

    @model_validator(mode="after")
    def _check_regimes(self) -> RunConfig:
        if self.has_regimes and not self.baselines:
            raise ValueError(
                "baselines is missing: name the pipelines whose best one the others are compared "
                "with in each regime"
            )
        if self.baselines and not self.has_regimes:
            raise ValueError("baselines are for regimes: add `regimes` or `worlds`, or remove it")
        if self.has_regimes and self.data.regime is not None:
            raise ValueError(
                "data.regime excludes the keys regimes and worlds: give either data.regime, or "
                "regimes or worlds"
            )
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
        A YAML file, which may inherit the keys of another (``extends: other.yaml``); the name of
        a configuration of the package (``quickstart``); or the content. Pipeline
        names are searched in ``pipelines`` next to the folder of the file, in
        ``pipelines`` in the working folder, and in the pipelines of the package,
        and are replaced by paths.
    settings : sequence of str
        Values to replace in a file or mapping before it is checked, each ``"KEY=VALUE"`` with
        dots between keys and a value in YAML, as for ``bci-dann run --set``.
    defaults : mapping of str to object, or None
        Values of keys that are missing in the file or the content.

    Returns
    -------
    RunConfig
        The configuration, with paths of pipeline files as ``pipelines``.

    Raises
    ------
    ConfigError
        When keys or values are wrong; names each of them, with suggestions.

    See Also
    --------
    RunConfig : The keys.
    resolve_run : Also resolves pipelines and options.

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
    # a RunConfig may have other pipelines than the file that its baselines are from
    if not isinstance(config, RunConfig):
        for name in run.baselines:
            check_option("each of baselines", name, [spec.name for spec in specs])
    return run


def read_config(
    config: str | Path | Mapping[str, Any] | RunConfig,
    settings: Sequence[str] = (),
    defaults: Mapping[str, Any] | None = None,
) -> RunConfig:
    """Read a run configuration and its pipeline files, and check its keys and names.

    No libraries with a long import time are imported. The parameters of the pipelines are not
    checked; see :func:`pipeline_specs`.

    Parameters
    ----------
    config : str, pathlib.Path, mapping or RunConfig
        See :func:`load_config`. Files that a RunConfig has already read are not read again.
    settings : sequence of str
        See :func:`load_config`; they do not change a RunConfig.
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
        The content from :func:`located_content`.
    origin : ConfigOrigin
        Its origin.

    Returns
    -------
    RunConfig
        The configuration, as from :func:`read_config`.

    Raises
    ------
    ConfigError
        See :func:`read_config`.
    """
    if isinstance(content, Mapping) and SUITE_KEY in content:
        raise ConfigError(
            f"{origin.source} is a suite of several datasets, which `bci-dann run` and run_suite "
            "run. Give a configuration with the key `data` here."
        )
    run = validate(RunConfig, content, origin.source)
    run._origin = origin
    _check_datasets(run)
    return _with_pipeline_files(run)


def with_replaced(config: RunConfig, replaced: Mapping[str, Any]) -> RunConfig:
    """Return a configuration with some lists replaced, as by options of the command line.

    Parameters
    ----------
    config : RunConfig
        A configuration from :func:`load_config`; not changed.
    replaced : mapping of str to object
        New values by key. Parameters and variants of pipelines that are not in the new list
        are dropped.

    Returns
    -------
    RunConfig
        A checked configuration; only new pipeline files are read.

    Raises
    ------
    ConfigError
        See :func:`load_config`.
    """
    without_settings = {**replaced, "pipeline_parameters": {}, "variants": {}}
    run = _with_pipeline_files(_revalidated(config, without_settings))
    specs = [run._origin.load(path) for path in run.pipelines]
    names = [*(spec.name for spec in specs), EVERY_PIPELINE]
    settings: dict[str, dict[str, Any]] = {}
    for key in ("pipeline_parameters", "variants"):
        by_pipeline = replaced.get(key, getattr(config, key))
        settings[key] = {name: by_pipeline[name] for name in by_pipeline if name in names}
    for_every = settings["pipeline_parameters"].get(EVERY_PIPELINE, {})
    if for_every:
        settings["pipeline_parameters"][EVERY_PIPELINE] = accepted_by_any(for_every, specs)
    run = _revalidated(run, settings)
    pipeline_specs(run)
    return run


def pipeline_specs(config: RunConfig) -> list[PipelineSpec]:
    """Return the pipelines of a run, with all effective parameters.

    Parameters
    ----------
    config : RunConfig
        The run.

    Returns
    -------
    list of PipelineSpec
        Pipelines in the order of ``config.pipelines``, with variants instead of their original
        pipelines. Members of ensembles that are names of pipelines are replaced by definitions.

    Raises
    ------
    ConfigError
        When a file is wrong, two pipelines have the same name, or a parameter is unknown.
    """
    parameters, variants = config.pipeline_parameters, config.variants
    return complete_specs(config.pipelines, parameters, variants, config._origin)


def _with_pipeline_files(run: RunConfig) -> RunConfig:
    """Return the configuration with paths instead of names of pipelines, after reading these."""
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
