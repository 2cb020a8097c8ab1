"""The manifest of a results folder: the configuration, pipelines and data of its results."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bci_dann.data.combined.combined_config import dataset_of_subject
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.config.run_config import RunConfig
from bci_dann.evaluation.runs.records import Task, versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moabb.datasets.base import BaseDataset

    from bci_dann.data.combined.combined_dataset import CombinedDataset

__all__ = ["Manifest", "differences", "manifest_of", "recordings_fingerprint"]


@dataclass(frozen=True)
class Manifest:
    """Configuration, pipelines and data that the results of a folder were computed with.

    Attributes
    ----------
    fixed : dict
        Settings that must not change: data, preprocessing, threads.
    pipelines : dict of str to list
        Definitions of the pipelines by name; pipelines may be added.
    protocols : list of str
        Protocols; further ones may be added.
    seeds : list of int
        Seeds; further ones may be added.
    recordings : str or None
        Fingerprint of the dataset with all of its subjects; must not change. ``None`` if it is not
        known, as in folders of earlier versions.
    data_key, versions : str and dict, or None
        Prepared trials and library versions of the last run. The table of the folder contains only
        records with these; records of earlier runs are kept. ``None`` if they are not known.
    subjects : list of str, or None
        Target subjects of the last run. ``None`` if they are not known, as in folders of earlier
        versions.
    """

    fixed: dict[str, Any]
    pipelines: dict[str, list[dict[str, Any]]]
    protocols: list[str]
    seeds: list[int]
    recordings: str | None = None
    data_key: str | None = None
    versions: dict[str, str] | None = None
    subjects: list[str] | None = None

    @property
    def tasks(self) -> list[Task]:
        """The tasks in the table of the folder, finished or not.

        Returns
        -------
        list of Task
            All combinations of pipeline, protocol, seed and target, ordered by pipeline, so that
            the first pipeline is complete early. Empty if the targets are not known.
        """
        grid = itertools.product(self.specs, self.protocols, self.seeds, self.subjects or [])
        return [self._task(spec, protocol, subject, seed) for spec, protocol, seed, subject in grid]

    def _task(self, pipeline: PipelineSpec, protocol: str, subject: str, seed: int) -> Task:
        data = self.fixed["data"]
        return Task(
            dataset_of_subject(data, subject),
            self.data_key or "",
            pipeline,
            protocol,
            subject,
            seed,
            self.fixed["threads"],
            cross_dataset=data.get("target_dataset") is not None,
            versions=self.versions or versions(),
        )

    @property
    def specs(self) -> list[PipelineSpec]:
        """The pipelines in a form that can be built.

        Returns
        -------
        list of PipelineSpec
            In the order in which they were added to the folder.
        """
        return [PipelineSpec(name, tuple(steps)) for name, steps in self.pipelines.items()]

    def includes(self, about: Mapping[str, Any]) -> bool:
        """Return whether a record belongs to the table of the folder.

        Parameters
        ----------
        about : mapping
            Description of the task in the record.

        Returns
        -------
        bool
            False for other definitions of a pipeline, for pseudo-targets of a nested choice, and
            for other trials or library versions than those of the last run.
        """
        name, steps = about["pipeline"], about["definition"]
        if about.get("without") is not None or self.pipelines.get(name) != steps:
            return False
        if self.data_key is None:
            return True
        spec = PipelineSpec(name, tuple(steps))
        task = self._task(spec, about["protocol"], about["subject"], about["seed"])
        return bool(about["key"] == task.key)


def manifest_of(
    config: RunConfig, pipelines: Sequence[PipelineSpec], recordings: str | None = None
) -> Manifest:
    """Return the manifest of a run's results.

    Parameters
    ----------
    config : RunConfig
        The configuration of the run.
    pipelines : sequence of PipelineSpec
        Pipelines with all of their parameters.
    recordings : str or None
        The result of :func:`recordings_fingerprint`, if known.

    Returns
    -------
    Manifest
        Without the data key and the versions, which are known only when the run begins.
    """
    fixed = config.model_dump(mode="json", include={"data", "preprocessing", "threads"})
    if config.pseudo_online is not None:  # manifests of other runs do not change
        fixed["pseudo_online"] = config.pseudo_online.model_dump(mode="json")
    definitions = {spec.name: list(spec.definition) for spec in pipelines}
    protocols, seeds = list(config.protocols), list(config.seeds)
    return Manifest(fixed, _as_stored(definitions), protocols, seeds, recordings)


def recordings_fingerprint(dataset: BaseDataset | CombinedDataset) -> str:
    """Return a digest of a dataset with all of its subjects.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset or CombinedDataset
        One dataset, or several combined.

    Returns
    -------
    str
        The first 16 digits of the key of the dataset in the cache.
    """
    from bci_dann.data.cache import cache_key
    from bci_dann.data.fingerprint import dataset_fingerprint

    return cache_key(dataset_fingerprint(dataset))[:16]


def differences(
    stored: Manifest, new: Manifest, where: tuple[str, str] = ("in the folder", "now")
) -> Iterator[str]:
    """Describe differences between two manifests that are not allowed in one folder.

    Parameters
    ----------
    stored : Manifest
        Manifest of the results in the folder.
    new : Manifest
        Manifest of the results that a run would add.
    where : tuple of (str, str)
        Words for the two manifests.

    Yields
    ------
    str
        A key with its values in both manifests.
    """
    for path, one, other in _compare(
        _without_subjects(stored.fixed), _without_subjects(new.fixed), ""
    ):
        yield f"{path}: {one!r} {where[0]}, {other!r} {where[1]}"
    for name in sorted(stored.pipelines.keys() & new.pipelines.keys()):
        steps = stored.pipelines[name], new.pipelines[name]
        for path, one, other in _compare(*steps, f"pipelines.{name}"):
            yield f"{path}: {one!r} {where[0]}, {other!r} {where[1]}"


def _compare(stored: Any, new: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield the paths at which two nested values differ, with both values."""
    if isinstance(stored, dict) and isinstance(new, dict):
        for key in sorted(stored.keys() | new.keys()):
            yield from _compare(stored.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(stored, list) and isinstance(new, list) and _are_steps(stored, new):
        for index, (one, other) in enumerate(zip(stored, new, strict=True)):
            yield from _compare(one, other, f"{path}[{index}]")
    elif stored != new:
        yield path, stored, new


def _are_steps(stored: list[Any], new: list[Any]) -> bool:
    return len(stored) == len(new) and all(isinstance(item, dict) for item in [*stored, *new])


def _without_subjects(fixed: dict[str, Any]) -> dict[str, Any]:
    """Leave out the subjects, which may change: other subjects lead to another data key."""
    data = fixed.get("data", {})
    entries = [_without(one, "subjects") for one in data.get("datasets", [])]
    several = {"datasets": entries} if entries else {}
    return {**fixed, "data": {**_without(data, "subjects"), **several}}


def _without(section: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in section.items() if name != key}


def _as_stored(value: Any) -> Any:
    """Return a value after conversion to JSON and back, to compare it with stored values."""
    return json.loads(json.dumps(value, default=str))
