"""Results folders of the shards of a run, joined in one folder."""

from __future__ import annotations

import itertools
import shlex
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bci_dann._files import write_atomically
from bci_dann.evaluation.array_file import READ_ERRORS
from bci_dann.evaluation.feature_maps.trial_map import MAP_FILE
from bci_dann.evaluation.pseudo_online.window_results import write_window_scores
from bci_dann.evaluation.runs.channel_power import POWER_FILE
from bci_dann.evaluation.runs.invocations import add_invocation, read_invocations
from bci_dann.evaluation.runs.manifest import Manifest, differences
from bci_dann.evaluation.runs.records import (
    RECORD_ARRAYS,
    Record,
    Task,
    read_stored,
    task_label,
)
from bci_dann.evaluation.runs.results import ResultsFolder, results_table
from bci_dann.exceptions import BCIDannWarning, ResultsError

__all__ = ["Merge", "merge_runs"]

# Maximum number of names in a message; of further names it gives only the number.
MOST_NAMED = 10


@dataclass(frozen=True)
class Merge:
    """Result of a merge.

    Attributes
    ----------
    folder : pathlib.Path
        The joined results folder.
    n_tasks : int
        The tasks of the joined run.
    missing : list of str
        Labels of the tasks without a record.
    different : list of str
        Labels of the tasks with different predictions in several folders; the joined folder has
        the predictions of the folder that was given first.
    damaged : list of pathlib.Path
        Records that cannot be read, and were left out. Damaged records of the joined folder are
        replaced if another folder has the record.

    See Also
    --------
    merge_runs : Returns it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from bci_dann.evaluation import Merge
    >>> merge = Merge(Path("all"), n_tasks=3, missing=[], different=[], damaged=[])
    >>> len(merge.missing)
    0
    """

    folder: Path
    n_tasks: int
    missing: list[str]
    different: list[str]
    damaged: list[Path]


def merge_runs(folders: Sequence[str | Path], out: str | Path) -> Merge:
    """Join results folders of one configuration, data and code, such as the shards of a run.

    :func:`bci_dann.run_benchmark` can continue in the joined folder. Its ``results.csv`` is
    bit-identical to that of a run without shards, except for ``fit_seconds``. Folders may have
    different seeds, protocols and pipelines, and may overlap.

    Parameters
    ----------
    folders : sequence of str or pathlib.Path
        The results folders.
    out : str or pathlib.Path
        The joined folder. Records of the same configuration that it already has are kept.

    Returns
    -------
    Merge
        The missing tasks, and the tasks that differ between folders; warnings list both.

    Raises
    ------
    ResultsError
        When a folder is no results folder, when configurations, data or versions differ, or when
        ``out`` cannot be written to.

    See Also
    --------
    bci_dann.run_benchmark : Computes a shard of a run.
    open_results : Opens the joined folder.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann import run_benchmark
    >>> from bci_dann.evaluation import merge_runs
    >>> config = {
    ...     "name": "mine",
    ...     "data": {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}},
    ...     "pipelines": ["ea_csp_lda"],
    ...     "protocols": ["train_and_target_unlabeled_full"],
    ... }
    >>> with TemporaryDirectory() as name:
    ...     shards = [Path(name, number) for number in ("1", "2")]
    ...     for number, shard in zip(("1/2", "2/2"), shards, strict=True):
    ...         _ = run_benchmark(config, shard, shard=number, progress=False)
    ...     merge = merge_runs(shards, Path(name, "all"))
    >>> merge.n_tasks, merge.missing
    (3, [])
    """
    target = ResultsFolder(out)
    sources = [ResultsFolder(folder) for folder in folders]
    if not sources:
        raise ResultsError("merge needs at least one results folder; got none.")
    if target.manifest() is not None:  # records of an earlier merge take precedence
        sources.insert(0, target)
    manifests = [_manifest_of(source) for source in sources]
    _check_alike(sources, manifests)
    records = _StoredRecords()
    for source in sources:
        records.add(source)
    for manifest in manifests:
        target.open(manifest)
    records.copy_to(target)
    _join_invocations(sources, target)
    _copy_account(sources, target)
    return _write_joined_table(target, records)


class _StoredRecords:
    """Paths and descriptions of the undamaged records of several folders, by key.

    If several folders have a record with the same key, the record of the first folder is used.
    """

    def __init__(self) -> None:
        self.paths: dict[str, Path] = {}
        self.about: dict[str, dict[str, Any]] = {}
        self.different: list[str] = []
        self.damaged: list[Path] = []

    def add(self, folder: ResultsFolder) -> None:
        for path in sorted(folder.path.glob("records/*.npz")):
            try:
                about, record = read_stored(path)
                earlier = self._earlier(about["key"])
            except READ_ERRORS:
                self.damaged.append(path)
                continue
            if earlier is None:
                self.paths[about["key"]], self.about[about["key"]] = path, about
            elif not _are_equal(earlier, record):
                self.different.append(_label_of(about))

    def copy_to(self, target: ResultsFolder) -> None:
        for key, path in self.paths.items():
            copy = target.path / "records" / f"{key}.npz"
            if not copy.exists() or copy in self.damaged:
                write_atomically(copy, path.read_bytes())
                self.damaged = [damaged for damaged in self.damaged if damaged != copy]

    def _earlier(self, key: str) -> Record | None:
        return read_stored(self.paths[key])[1] if key in self.paths else None


def _manifest_of(folder: ResultsFolder) -> Manifest:
    manifest = folder.manifest()
    if manifest is None:
        raise ResultsError(
            f"{folder.path} is no results folder. Give folders that `bci-dann run --out` has "
            "written; a job that failed before its first task does not write one."
        )
    return manifest


def _check_alike(folders: Sequence[ResultsFolder], manifests: Sequence[Manifest]) -> None:
    """Raise unless all folders have the same configuration, data and versions."""
    # all pairs, because the first folder may lack what two others define differently
    for one, other in itertools.combinations(zip(folders, manifests, strict=True), 2):
        changed = list(_differences(one[1], other[1]))
        if changed:
            raise ResultsError(
                f"{other[0].path} belongs to another run than {one[0].path}, so they cannot be "
                "joined. They differ in:\n  " + "\n  ".join(changed) + "\nLeave one of them out, "
                "or compute it again with the configuration, data and versions of the other."
            )


def _differences(first: Manifest, second: Manifest) -> Iterator[str]:
    where = ("in the first", "in the second")
    yield from differences(first, second, where)
    for name in ("recordings", "subjects", "data_key"):
        values = [getattr(manifest, name) for manifest in (first, second)]
        if None not in values and values[0] != values[1]:
            yield f"{name}: {values[0]!r} {where[0]}, {values[1]!r} {where[1]}"
    versions = [manifest.versions or {} for manifest in (first, second)]
    for name in sorted(versions[0].keys() & versions[1].keys()):
        values = [known[name] for known in versions]
        if values[0] != values[1]:
            yield f"version of {name}: {values[0]} {where[0]}, {values[1]} {where[1]}"


def _are_equal(first: Record, second: Record) -> bool:
    """Return whether two records have equal arrays; durations may differ."""
    pairs = ((getattr(first, name), getattr(second, name)) for name in RECORD_ARRAYS)
    return all(np.array_equal(*pair) for pair in pairs)


def _join_invocations(sources: Sequence[ResultsFolder], target: ResultsFolder) -> None:
    with target.locked():
        known = read_invocations(target.path)
        found = [command for source in sources for command in read_invocations(source.path)]
        for command in sorted(found, key=lambda invocation: invocation.date):
            if command not in known:
                add_invocation(target.path, command)
                known.append(command)


def _copy_account(sources: Sequence[ResultsFolder], target: ResultsFolder) -> None:
    """Copy the files on cues and trials from the first folder with them: the data are the same."""
    found = (source.account_path for source in sources if source.account_path.exists())
    path = next(found, target.account_path)
    if path != target.account_path:
        write_atomically(target.account_path, path.read_bytes())
    for name in (POWER_FILE, MAP_FILE):
        files = (source.path / name for source in sources)
        file = next((one for one in files if one.exists()), None)
        if file is not None and file.parent != target.path:
            write_atomically(target.path / name, file.read_bytes())


def _write_joined_table(target: ResultsFolder, records: _StoredRecords) -> Merge:
    """Write the table of the joined folder, and warn of missing and differing tasks."""
    manifest = _manifest_of(target)
    tasks = manifest.tasks or list(_tasks_of(records, manifest))
    with target.locked():
        target.write_table(results_table(target.finished(tasks)))
        write_window_scores(target, tasks)
    missing = [task.label for task in tasks if task.key not in records.paths]
    merge = Merge(target.path, len(tasks), missing, records.different, records.damaged)
    for text in _warning_texts(merge, manifest.subjects is not None):
        warnings.warn(text, BCIDannWarning, stacklevel=3)
    return merge


def _tasks_of(records: _StoredRecords, manifest: Manifest) -> Iterator[Task]:
    """Yield the finished tasks; manifests of earlier versions do not list the subjects."""
    subjects = dict.fromkeys(
        about["subject"] for about in records.about.values() if manifest.includes(about)
    )
    yield from replace(manifest, subjects=list(subjects)).tasks


def _warning_texts(merge: Merge, has_subjects: bool) -> Iterator[str]:
    if merge.missing:
        yield (
            f"{len(merge.missing)} of {merge.n_tasks} tasks are missing: {_listed(merge.missing)}. "
            f"Compute them with `bci-dann run CONFIG --out {shlex.quote(str(merge.folder))}`, or "
            "merge the folders that have them into the same folder."
        )
    if merge.different:
        yield (
            f"{len(merge.different)} tasks have different predictions in different folders, for "
            "example because they were computed on different machines or GPUs. The predictions of "
            f"the folder that was given first are kept. The tasks are {_listed(merge.different)}."
        )
    if merge.damaged:
        yield (
            f"{len(merge.damaged)} records are damaged and were left out: "
            f"{_listed(list(map(str, merge.damaged)))}."
        )
    if not has_subjects:
        yield (
            "an earlier version, which did not store the list of subjects, wrote these folders: "
            "tasks of subjects without any record cannot be listed as missing."
        )


def _listed(names: Sequence[str]) -> str:
    more = f"; and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return "; ".join(names[:MOST_NAMED]) + more


def _label_of(about: dict[str, Any]) -> str:
    return task_label(
        about["pipeline"],
        about["protocol"],
        about["subject"],
        about["seed"],
        about.get("without"),
    )
