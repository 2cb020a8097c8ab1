"""What a results folder is about, and which records belong to that."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.config.run_config import RunConfig, pipeline_specs
from bci_dann.evaluation.runs.records import Task, versions

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

__all__ = ["Manifest", "differences", "manifest_of"]


@dataclass(frozen=True)
class Manifest:
    """What a results folder is about, as plain data.

    Parameters
    ----------
    fixed : dict
        What may not change: data, preprocessing, threads.
    pipelines : dict of str to list
        The definition of each pipeline by its name; names may be added.
    protocols : list of str
        May grow.
    seeds : list of int
        May grow.
    recordings : str or None
        A fingerprint of the dataset, of all its subjects; may not change. ``None`` where it
        is not known, as in folders of earlier versions.
    data_key, versions : str and dict, or None
        The prepared trials and the libraries of the last run, which its table is about; earlier
        ones may have left records of others. ``None`` where they are not known.
    """

    fixed: dict[str, Any]
    pipelines: dict[str, list[dict[str, Any]]]
    protocols: list[str]
    seeds: list[int]
    recordings: str | None = None
    data_key: str | None = None
    versions: dict[str, str] | None = None

    @property
    def specs(self) -> list[PipelineSpec]:
        """The pipelines, ready to be built."""
        return [PipelineSpec(name, tuple(steps)) for name, steps in self.pipelines.items()]

    def holds(self, about: Mapping[str, Any]) -> bool:
        """Tell whether a record is one of those that the table is about.

        Parameters
        ----------
        about : mapping
            What the record says of itself.

        Returns
        -------
        bool
            False for pipelines that were defined otherwise, for pseudo-targets, which belong to a
            nested choice, and for other trials or libraries than those of the last run.
        """
        name, steps = about["pipeline"], about["definition"]
        if about.get("without") is not None or self.pipelines.get(name) != steps:
            return False
        if self.data_key is None:
            return True
        spec = PipelineSpec(name, tuple(steps))
        what = (about["protocol"], about["subject"], about["seed"], self.fixed["threads"])
        task = Task(about["dataset"], self.data_key, spec, *what)
        return bool(about["key"] == task.key_under(self.versions or versions()))


def manifest_of(config: RunConfig, dataset: BaseDataset | None = None) -> Manifest:
    """Return the scope of a run.

    Parameters
    ----------
    config : RunConfig
        The run.
    dataset : moabb.datasets.base.BaseDataset or None
        What its data are; ``None`` leaves the recordings unknown.

    Returns
    -------
    Manifest
    """
    fixed = config.model_dump(mode="json", include={"data", "preprocessing", "threads"})
    pipelines = {spec.name: list(spec.definition) for spec in pipeline_specs(config)}
    recordings = None if dataset is None else _fingerprint(dataset)
    return Manifest(
        fixed, _plain(pipelines), list(config.protocols), list(config.seeds), recordings
    )


def _fingerprint(dataset: BaseDataset) -> str:
    from bci_dann.data.cache import cache_key
    from bci_dann.data.fingerprint import dataset_fingerprint

    return cache_key(dataset_fingerprint(dataset))[:16]


def differences(held: Manifest, new: Manifest) -> Iterator[str]:
    """Say what may not differ between two scopes of one folder, and does.

    Parameters
    ----------
    held, new : Manifest
        What the folder is about, and what is to be run into it.

    Yields
    ------
    str
        One key, with its value there and now.
    """
    yield from _compare(_without_subjects(held.fixed), _without_subjects(new.fixed), "")
    for name in held.pipelines.keys() & new.pipelines.keys():
        yield from _compare(held.pipelines[name], new.pipelines[name], f"pipelines.{name}")


def _compare(held: Any, new: Any, where: str) -> Iterator[str]:
    if isinstance(held, dict) and isinstance(new, dict):
        for key in sorted(held.keys() | new.keys()):
            place = f"{where}.{key}" if where else key
            yield from _compare(held.get(key), new.get(key), place)
    elif isinstance(held, list) and isinstance(new, list) and _are_steps(held, new):
        for index, (one, other) in enumerate(zip(held, new, strict=True)):
            yield from _compare(one, other, f"{where}[{index}]")
    elif held != new:
        yield f"{where}: {held!r} there, {new!r} now"


def _are_steps(held: list[Any], new: list[Any]) -> bool:
    return len(held) == len(new) and all(isinstance(item, dict) for item in [*held, *new])


def _without_subjects(fixed: dict[str, Any]) -> dict[str, Any]:
    """Leave out what may grow; other subjects make another data key, hence other records."""
    data = {key: value for key, value in fixed.get("data", {}).items() if key != "subjects"}
    return {**fixed, "data": data}


def _plain(value: Any) -> Any:
    """Return what JSON makes of a value, so that it compares equal after being stored."""
    return json.loads(json.dumps(value, default=str))
