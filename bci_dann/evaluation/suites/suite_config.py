"""Configuration of a suite: one comparison of pipelines on several datasets."""

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

# Name of a dataset in a suite, and of its folder. A dot is not allowed, so that no folder has the
# name of a file of the suite, such as suite.csv.
FolderName = Annotated[str, Field(pattern=r"^\w[\w-]*$")]
# Keys of a run that a suite cannot have.
RUN_ONLY_KEYS = ("data", "pseudo_online")
# Keys of a suite that a run does not have.
SUITE_ONLY_KEYS = (SUITE_KEY, "reference")


class _SuiteKeys(StrictModel):
    """The keys of a suite that a run does not have."""

    datasets: dict[FolderName, RunData] = Field(min_length=1)
    reference: str | None = None

    @field_validator("datasets")
    @classmethod
    def _check_one_target(cls, datasets: dict[str, RunData]) -> dict[str, RunData]:
        for name, data in datasets.items():
            if isinstance(data, CombinedDataConfig) and data.target_dataset is None:
                raise ValueError(
                    f"{name} lists several datasets, but a score belongs to a single dataset: set "
                    "target_dataset to the one to score, or give each dataset its own entry"
                )
        return datasets


@dataclass(frozen=True)
class Suite:
    """A comparison of pipelines on several datasets.

    Attributes
    ----------
    name : str
        Name of the suite with its version, such as ``mi-v1``.
    runs : dict of str to RunConfig
        The run on each dataset, by name of the dataset in the suite.
    reference : str or None
        The pipeline that the others are compared with; ``None`` compares all pairs.

    See Also
    --------
    load_suite : Reads a suite from a file.
    run_suite : Runs a suite.

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
        """Whether the suite compares pipelines in several regimes of each dataset.

        Returns
        -------
        bool
            True if it has ``regimes`` or ``worlds``; :func:`run_regimes` runs such a suite.
        """
        return next(iter(self.runs.values())).has_regimes

    @property
    def baselines(self) -> list[str]:
        """The pipelines of which the best in each regime is compared with all others.

        Returns
        -------
        list of str
            Empty without regimes.
        """
        return next(iter(self.runs.values())).baselines

    def with_replaced(self, replaced: Mapping[str, Any]) -> Suite:
        """Return the suite with other pipelines, protocols or seeds.

        Parameters
        ----------
        replaced : mapping of str to object
            New values by key: ``pipelines``, ``protocols`` or ``seeds``.

        Returns
        -------
        Suite
            A copy; without a reference if the new pipelines do not include it.

        Raises
        ------
        ConfigError
            When a value is invalid.
        """
        runs = {name: with_replaced(run, replaced) for name, run in self.runs.items()}
        first = next(iter(runs.values()))
        names = [spec.name for spec in pipeline_specs(first)]
        reference = self.reference if self.reference in names else None
        return replace(self, runs=runs, reference=reference)

    def of_datasets(self, names: Sequence[str] | None) -> Suite:
        """Return the suite with a selection of its datasets.

        Parameters
        ----------
        names : sequence of str, or None
            Names of datasets in the suite; ``None`` selects all.

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
    """Read the configuration of a run on one dataset, or of a suite.

    Parameters
    ----------
    config : str, pathlib.Path or mapping
        A file, the name of a shipped configuration, or the content.
    settings : sequence of str
        See :func:`load_config`.

    Returns
    -------
    RunConfig or Suite
        A suite if the configuration has the key ``datasets``.

    Raises
    ------
    ConfigError
        See :func:`load_config` and :func:`load_suite`.
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
        A YAML file, the name of a shipped suite (``suites/mi-v1``), or the content. A suite has the
        keys of a run, except that ``datasets`` replaces ``data``: it maps a name to what ``data``
        has in a run, which may also be a list of datasets with a ``target_dataset``. The optional
        key ``reference`` is the pipeline that the others are compared with. A suite with
        ``regimes`` or ``worlds`` has ``baselines`` instead, and :func:`run_regimes` runs it.
    settings : sequence of str
        See :func:`load_config`.

    Returns
    -------
    Suite
        The suite, with the paths of its pipeline files.

    Raises
    ------
    ConfigError
        With each invalid key, and the most similar valid key.

    See Also
    --------
    run_suite : Runs a suite.
    load_config : Reads a run on one dataset.

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
            f"{origin.source} is not a suite, because the key {SUITE_KEY!r} is missing: it lists "
            "datasets by name."
        )
    for key in RUN_ONLY_KEYS:
        if key in content:
            raise ConfigError(
                f"{origin.source}: the keys {key!r} and {SUITE_KEY!r} exclude each other. Put each "
                f"dataset under {SUITE_KEY!r}; use 'pseudo_online' in a configuration with one "
                "dataset."
            )
    of_suite = {key: content[key] for key in SUITE_ONLY_KEYS if key in content}
    of_runs = {key: value for key, value in content.items() if key not in SUITE_ONLY_KEYS}
    keys = validate(_SuiteKeys, of_suite, origin.source)
    runs = {
        name: load_config(run_of_content({**of_runs, "data": dict(data)}, origin))
        for name, data in keys.datasets.items()
    }
    first = next(iter(runs.values()))
    if keys.reference is not None:
        if first.has_regimes:
            raise ConfigError(
                f"{origin.source}: remove the key 'reference', because in regimes and worlds "
                "pipelines are compared with the best of `baselines`."
            )
        names = [spec.name for spec in pipeline_specs(first)]
        check_option(f"{origin.source}: reference", keys.reference, names)
    return Suite(first.name, runs, keys.reference)
