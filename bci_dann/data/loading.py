"""Prepared trials of a dataset: selected, cut, checked, and kept in the cache."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bci_dann._config import validate
from bci_dann.data.cache import DATA_VERSION, TrialsWriter, cache_root, open_trials, store
from bci_dann.data.datasets import DataConfig, make_dataset
from bci_dann.data.extraction import subject_by_subject
from bci_dann.data.fingerprint import dataset_fingerprint
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.subset import SubsetConfig, resolve_subset
from bci_dann.data.trials import EEGTrials
from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

__all__ = ["load_dataset", "prepare_trials"]


def prepare_trials(
    config: DataConfig,
    preprocessing: Preprocessing,
    data_dir: Path | str | None = None,
    cache_dir: Path | str | None = None,
    progress: bool = False,
) -> Path:
    """Load, preprocess and check the trials of a configuration, unless the cache has them.

    Parameters
    ----------
    config : DataConfig
        Which trials.
    preprocessing : Preprocessing
        What is done to them.
    data_dir : path, or None
        The folder of ``Recordings``; for MOABB's datasets, the folder to find them in and
        to download them to (in the place of ``MNE_DATA``, for as long as loading lasts).
    cache_dir : path, or None
        Where to keep the trials; ``None`` is the user's cache, or ``BCI_DANN_CACHE``.
    progress : bool
        Show a progress bar over subjects on the standard error stream.

    Returns
    -------
    pathlib.Path
        A folder for `open_trials`.

    Raises
    ------
    ConfigError
        When the configuration does not fit the dataset.
    DataError
        When recordings are missing, damaged, or not what was promised; the message names
        the subject, session, run and channel.
    """
    dataset = make_dataset(config, data_dir)
    return _prepare(dataset, config, preprocessing, data_dir, cache_dir, progress)


def load_dataset(
    dataset: str | DataConfig | BaseDataset,
    *,
    preprocessing: Preprocessing | Mapping[str, Any] | None = None,
    subjects: list[int | str] | None = None,
    sessions: list[str] | Literal["first"] | None = None,
    classes: list[str] | None = None,
    data_dir: Path | str | None = None,
    cache_dir: Path | str | None = None,
    progress: bool = False,
    **params: Any,
) -> EEGTrials:
    """Load the trials of a dataset.

    Parameters
    ----------
    dataset : str, DataConfig or moabb.datasets.base.BaseDataset
        A name as in `DataConfig`, a configuration, or a dataset of your own.
    preprocessing : Preprocessing, mapping or None
        ``None`` is 8-32 Hz over the whole imagery task, as in MOABB.
    subjects, sessions, classes : list, or None
        As in `DataConfig`; given here they replace those of a configuration.
    data_dir, cache_dir, progress
        As in `prepare_trials`.
    **params
        Constructor arguments of a dataset given by name, for example ``n_subjects=3``.

    Returns
    -------
    EEGTrials
        Memory-mapped, in microvolt.

    Raises
    ------
    ConfigError
        When an argument does not fit the dataset.
    DataError
        When recordings are missing, damaged, or not what was promised.

    Examples
    --------
    >>> from bci_dann import load_dataset
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> trials.X.shape
    (60, 15, 513)
    """
    choice = {"subjects": subjects, "sessions": sessions, "classes": classes}
    given = {name: value for name, value in choice.items() if value is not None}
    steps = _as_preprocessing(preprocessing)
    if isinstance(dataset, str | DataConfig):
        config = _as_config(dataset, given, params)
        return open_trials(prepare_trials(config, steps, data_dir, cache_dir, progress))
    if params:
        raise ConfigError(f"{list(params)} can be given with the name of a dataset only.")
    wanted = validate(SubsetConfig, given, "load_dataset")
    return open_trials(_prepare(dataset, wanted, steps, data_dir, cache_dir, progress))


def _as_config(
    dataset: str | DataConfig, given: dict[str, Any], params: dict[str, Any]
) -> DataConfig:
    if isinstance(dataset, str):
        return validate(DataConfig, {"dataset": dataset, "params": params, **given}, "load_dataset")
    kept = {name: getattr(dataset, name) for name in type(dataset).model_fields}
    merged = {**kept, **given, "params": {**dataset.params, **params}}
    return validate(DataConfig, merged, "load_dataset")


def _as_preprocessing(value: Preprocessing | Mapping[str, Any] | None) -> Preprocessing:
    if isinstance(value, Preprocessing):
        return value
    return validate(Preprocessing, value or {}, "preprocessing")


def _prepare(
    dataset: BaseDataset,
    choice: SubsetConfig,
    preprocessing: Preprocessing,
    data_dir: Path | str | None,
    cache_dir: Path | str | None,
    progress: bool,
) -> Path:
    from bci_dann.data.recordings.folder import Recordings

    selection = resolve_subset(dataset, choice)
    parts = {
        "data_version": DATA_VERSION,
        "dataset": dataset_fingerprint(dataset),
        "selection": asdict(selection),
        "preprocessing": preprocessing.model_dump(mode="json"),
        "versions": {name: version(name) for name in ("mne", "moabb", "numpy", "scipy")},
    }

    def fill(writer: TrialsWriter) -> None:
        if isinstance(dataset, Recordings):
            dataset.check()  # all files, before the first is worked on
            dataset.check_fits(preprocessing, selection)
        with _moabb_folder(data_dir):
            for trials in subject_by_subject(dataset, selection, preprocessing, progress):
                writer.add(trials)

    return store(Path(cache_dir) if cache_dir else cache_root(), parts, fill)


@contextmanager
def _moabb_folder(data_dir: Path | str | None) -> Iterator[None]:
    """Let MOABB look for its files in ``data_dir``, and put the environment back after.

    MOABB offers no argument for this. The user's MNE configuration file is not touched.
    """
    before = os.environ.get("MNE_DATA")
    if data_dir is not None:
        os.environ["MNE_DATA"] = str(data_dir)
    try:
        yield
    finally:
        if before is not None:
            os.environ["MNE_DATA"] = before
        elif data_dir is not None:
            del os.environ["MNE_DATA"]
