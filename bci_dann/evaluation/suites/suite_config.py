"""The configuration of a suite: several datasets that one comparison of pipelines runs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator

from bci_dann._config import StrictModel, validate
from bci_dann._validation import check_option
from bci_dann.data.combined.combined_config import CombinedDataConfig, RunData
from bci_dann.evaluation.config.run_config import (
    SUITE_KEY,
    RunConfig,
    load_config,
    pipeline_specs,
    run_of_content,
    with_replaced,
)
from bci_dann.evaluation.config.run_pipelines import ConfigOrigin
from bci_dann.evaluation.config.settings import located_content
from bci_dann.exceptions import ConfigError

__all__ = ["Suite", "load_run_or_suite", "load_suite"]

# Names of folders; those of files in the suite's folder have a dot.
FolderName = Annotated[str, Field(pattern=r"^\w[\w-]*$")]
# Keys of a run that make no sense where there are several datasets.
OF_ONE_DATASET = ("data", "pseudo_online")
OWN_KEYS = (SUITE_KEY, "reference")


class _SuiteKeys(StrictModel):
    """The keys that a suite has beside those of a run."""

    datasets: dict[FolderName, RunData] = Field(min_length=1)
    reference: str | None = None

    @field_validator("datasets")
    @classmethod
    def _check_one_target(cls, datasets: dict[str, RunData]) -> dict[str, RunData]:
        for name, data in datasets.items():
            if isinstance(data, CombinedDataConfig) and data.target_dataset is None:
                raise ValueError(
                    f"{name} lists several datasets, whose scores are not averaged: name the one "
                    "that is scored with target_dataset, or give each an entry of its own"
                )
        return datasets


@dataclass(frozen=True)
class Suite:
    """A comparison of pipelines on several datasets.

    Attributes
    ----------
    name : str
        Names the suite, its version included, as in ``mi-v1``.
    runs : dict of str to RunConfig
        The run on each dataset, by the dataset's name in the suite.
    reference : str or None
        The pipeline that others are compared with at the end; ``None`` compares all pairs.

    See Also
    --------
    load_suite : Reads one from a file.
    run_suite : Runs it.

    Examples
    --------
    >>> from bci_dann.evaluation import load_suite
    >>> suite = load_suite("suites/mi-v1")
    >>> suite.name, list(suite.runs)[:2]
    ('mi-v1', ['BNCI2014_001', 'BNCI2014_002'])
    """

    name: str
    runs: dict[str, RunConfig]
    reference: str | None = None

    @property
    def has_regimes(self) -> bool:
        """Whether the suite compares pipelines in regimes of each dataset.

        Returns
        -------
        bool
            True if there are ``regimes`` or ``worlds``, which :func:`run_regimes` runs.
        """
        return next(iter(self.runs.values())).has_regimes

    @property
    def baselines(self) -> list[str]:
        """The pipelines whose best one the others are compared with in regimes.

        Returns
        -------
        list of str
            Empty without regimes.
        """
        return next(iter(self.runs.values())).baselines

    def with_replaced(self, replaced: Mapping[str, Any]) -> Suite:
        """Return the suite with some lists of its runs replaced, as the command line does.

        Parameters
        ----------
        replaced : mapping of str to object
            New values by key: ``pipelines``, ``protocols`` or ``seeds``.

        Returns
        -------
        Suite
            Without its reference where that is not run any more.

        Raises
        ------
        ConfigError
            When a value is wrong.
        """
        runs = {name: with_replaced(run, replaced) for name, run in self.runs.items()}
        first = next(iter(runs.values()))
        names = [spec.name for spec in pipeline_specs(first)]
        reference = self.reference if self.reference in names else None
        return replace(self, runs=runs, reference=reference)

    def of_datasets(self, names: Sequence[str] | None) -> Suite:
        """Return the suite with some of its datasets.

        Parameters
        ----------
        names : sequence of str, or None
            Names in the suite; ``None`` keeps all.

        Returns
        -------
        Suite
            In the order of the suite.

        Raises
        ------
        ConfigError
            When a name is unknown.
        """
        if names is None:
            return self
        for name in names:
            check_option("each dataset of the suite", name, self.runs)
        return replace(self, runs={name: run for name, run in self.runs.items() if name in names})


def load_run_or_suite(
    config: str | Path | Mapping[str, Any], settings: Sequence[str] = ()
) -> RunConfig | Suite:
    """Read a configuration of one dataset or a suite, each file once.

    Parameters
    ----------
    config : str, pathlib.Path or mapping
        A file, the name of a shipped configuration, or the content.
    settings : sequence of str
        As for :func:`load_config`.

    Returns
    -------
    RunConfig or Suite
        A suite where the configuration has the key ``datasets``.

    Raises
    ------
    ConfigError
        As :func:`load_config` and :func:`load_suite`.
    """
    content, origin = located_content(config, settings)
    if isinstance(content, Mapping) and SUITE_KEY in content:
        return _suite_of_content(content, origin)
    return load_config(run_of_content(content, origin))


def load_suite(config: str | Path | Mapping[str, Any], settings: Sequence[str] = ()) -> Suite:
    """Read and check a suite.

    Parameters
    ----------
    config : str, pathlib.Path or mapping
        A YAML file, the name of a shipped suite (``suites/mi-v1``), or the content: the keys of a
        run, with ``datasets`` in the place of ``data``, a mapping of names to what ``data`` holds
        (a list of datasets with one as ``target_dataset`` among them), and ``reference``, the
        pipeline that the others are compared with. A suite with ``regimes`` or ``worlds`` has
        ``baselines`` instead, and :func:`run_regimes` runs it.
    settings : sequence of str
        As for :func:`load_config`.

    Returns
    -------
    Suite
        With the paths of its pipeline files.

    Raises
    ------
    ConfigError
        Naming each wrong key, with what was probably meant.

    See Also
    --------
    run_suite : Runs it.
    load_config : The same for one dataset.

    Examples
    --------
    >>> from bci_dann.evaluation import load_suite
    >>> suite = load_suite(
    ...     {
    ...         "name": "mine-v1",
    ...         "datasets": {
    ...             "few": {"dataset": "SimulatedMI", "params": {"n_subjects": 3}},
    ...             "many": {"dataset": "SimulatedMI", "params": {"n_subjects": 9}},
    ...         },
    ...         "pipelines": ["csp_lda", "ea_csp_lda"],
    ...         "protocols": ["train"],
    ...         "reference": "csp_lda",
    ...     }
    ... )
    >>> suite.runs["many"].data.params
    {'n_subjects': 9}
    """
    return _suite_of_content(*located_content(config, settings))


def _suite_of_content(content: Any, origin: ConfigOrigin) -> Suite:
    if not isinstance(content, Mapping) or SUITE_KEY not in content:
        raise ConfigError(
            f"{origin.source} is no suite: the key {SUITE_KEY!r}, datasets by name, is missing."
        )
    for key in OF_ONE_DATASET:
        if key in content:
            raise ConfigError(
                f"{origin.source}: the key {key!r} does not go with {SUITE_KEY!r}. Give each data "
                f"set under {SUITE_KEY!r}; windows over recordings have a configuration of their "
                "own."
            )
    own = validate(_SuiteKeys, {k: content[k] for k in OWN_KEYS if k in content}, origin.source)
    shared = {key: value for key, value in content.items() if key not in OWN_KEYS}
    runs = {
        name: load_config(run_of_content({**shared, "data": dict(data)}, origin))
        for name, data in own.datasets.items()
    }
    first = next(iter(runs.values()))
    if own.reference is not None:
        if first.has_regimes:
            raise ConfigError(
                f"{origin.source}: the key 'reference' does not go with regimes or worlds, in "
                "which pipelines are compared with the best of `baselines`; remove it."
            )
        names = [spec.name for spec in pipeline_specs(first)]
        check_option(f"{origin.source}: reference", own.reference, names)
    return Suite(first.name, runs, own.reference)
