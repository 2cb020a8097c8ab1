"""Loading a dataset as trials: selection, preprocessing, checks and the cache."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bci_dann._config import validate
from bci_dann.data.cache import (
    TrialsWriter,
    cache_root,
    open_trials,
    store,
)
from bci_dann.data.combined.combined_config import CombinedDataConfig
from bci_dann.data.combined.combined_trials import prepare_combined
from bci_dann.data.datasets import DataConfig, make_dataset
from bci_dann.data.extraction import extract_trials
from bci_dann.data.preparation.keyed_selection import KeyedSelection
from bci_dann.data.preparation.subject_recordings import mne_data_folder
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.regimes.derivation import prepare_derived
from bci_dann.data.subset import SubsetConfig, check_sessions, resolve_subset
from bci_dann.data.trials import EEGTrials
from bci_dann.data.windows.pseudo_online import PseudoOnline
from bci_dann.data.windows.window_extraction import extract_with_windows
from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

__all__ = ["load_dataset", "prepare_trials"]


def prepare_trials(
    config: DataConfig | CombinedDataConfig,
    preprocessing: Preprocessing,
    data_dir: Path | str | None = None,
    cache_dir: Path | str | None = None,
    progress: bool = False,
    pseudo_online: PseudoOnline | None = None,
) -> Path:
    """Load, preprocess and check the trials of a configuration, unless they are in the cache.

    Parameters
    ----------
    config : DataConfig or CombinedDataConfig
        One or several datasets, with the selected subjects, sessions and classes. A regime is
        applied to the prepared trials.
    preprocessing : Preprocessing
        The steps from recordings to trials.
    data_dir : path, or None
        The folder of ``Recordings``; for MOABB's datasets, the folder for downloads (used instead
        of ``MNE_DATA`` during loading).
    cache_dir : path, or None
        The folder to store the trials in; ``None`` is ``BCI_DANN_CACHE``, or the user's cache.
    progress : bool
        Show a progress bar over subjects on the standard error stream.
    pseudo_online : PseudoOnline or None
        Sliding windows over the recordings, which are prepared in addition to the trials; only for
        a single dataset without a regime.

    Returns
    -------
    pathlib.Path
        A folder for `open_trials`.

    Raises
    ------
    ConfigError
        When the dataset does not have what the configuration requires.
    DataError
        When recordings are missing, damaged, or not EEG in microvolt; the message names the
        subject, session, run and channel.

    See Also
    --------
    open_trials : Opens the folder.
    load_dataset : Prepares and opens the trials in one call.

    Examples
    --------
    >>> from bci_dann.data import DataConfig, Preprocessing, open_trials, prepare_trials
    >>> config = DataConfig(dataset="SimulatedMI", params={"n_subjects": 3, "n_trials": 10})
    >>> folder = prepare_trials(config, Preprocessing())
    >>> len(open_trials(folder))
    60
    """
    root = cache_root(cache_dir)
    if isinstance(config, CombinedDataConfig):
        folder = prepare_combined(config, preprocessing, data_dir, root, progress)
        names = config.names
    else:
        dataset, names = make_dataset(config, data_dir), []
        folder = _prepare(
            dataset, config, preprocessing, data_dir, cache_dir, progress, pseudo_online
        )
    if config.regime is None:
        return folder
    return prepare_derived(folder, config.regime, root, names)


def load_dataset(
    dataset: str | DataConfig | CombinedDataConfig | BaseDataset,
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
    dataset : str, DataConfig, CombinedDataConfig or moabb.datasets.base.BaseDataset
        A name as in `DataConfig`, a configuration of one or several datasets, or a
        dataset object.
    preprocessing : Preprocessing, mapping or None
        ``None`` is 8-32 Hz over the whole imagery task, as in MOABB.
    subjects : list of int or str, or None
        The subjects to load; they override those of a configuration.
    sessions : list of str, "first" or None
        The sessions to load; ``"first"`` selects the first session of each subject.
    classes : list of str, or None
        The classes to load.
    data_dir : path, or None
        The folder of ``Recordings``; for MOABB's datasets, the folder for downloads.
    cache_dir : path, or None
        The folder to store the trials in; ``None`` is ``BCI_DANN_CACHE``, or the user's cache.
    progress : bool
        Show a progress bar over subjects on the standard error stream.
    **params : object
        Constructor arguments of a dataset given by name, for example ``n_subjects=3``.

    Returns
    -------
    EEGTrials
        The trials in microvolt; ``X`` is memory-mapped and read-only.

    Raises
    ------
    ConfigError
        When the dataset does not have what an argument requires.
    DataError
        When recordings are missing, damaged, or not EEG in microvolt.

    See Also
    --------
    bci_dann.data.DataConfig : The same arguments as a configuration.
    bci_dann.data.SimulatedMI : The simulator and its parameters.
    bci_dann.data.Recordings : Your own recordings in a folder.

    Examples
    --------
    >>> from bci_dann import load_dataset
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> trials.X.shape, trials.sfreq
    ((60, 15, 513), 128.0)
    >>> load_dataset("SimulatedMI", n_subjects=3, n_trials=10, subjects=[2]).X.shape
    (20, 15, 513)
    """
    selection = {"subjects": subjects, "sessions": sessions, "classes": classes}
    given = {name: value for name, value in selection.items() if value is not None}
    steps = _as_preprocessing(preprocessing)
    if isinstance(dataset, CombinedDataConfig):
        if given or params:
            raise ConfigError(
                f"{', '.join([*given, *params])} cannot be given for several datasets: the "
                "configuration has subjects, sessions, classes and params of each dataset."
            )
        return open_trials(prepare_trials(dataset, steps, data_dir, cache_dir, progress))
    if isinstance(dataset, str | DataConfig):
        config = _as_config(dataset, given, params)
        return open_trials(prepare_trials(config, steps, data_dir, cache_dir, progress))
    if params:
        raise ConfigError(f"{list(params)} can be given only with the name of a dataset.")
    subset = validate(SubsetConfig, given, "load_dataset")
    return open_trials(_prepare(dataset, subset, steps, data_dir, cache_dir, progress))


def _as_config(
    dataset: str | DataConfig, given: dict[str, Any], params: dict[str, Any]
) -> DataConfig:
    if isinstance(dataset, str):
        return validate(DataConfig, {"dataset": dataset, "params": params, **given}, "load_dataset")
    fields = {name: getattr(dataset, name) for name in type(dataset).model_fields}
    merged = {**fields, **given, "params": {**dataset.params, **params}}
    return validate(DataConfig, merged, "load_dataset")


def _as_preprocessing(value: Preprocessing | Mapping[str, Any] | None) -> Preprocessing:
    if isinstance(value, Preprocessing):
        return value
    return validate(Preprocessing, value or {}, "preprocessing")


def _prepare(
    dataset: BaseDataset,
    subset_config: SubsetConfig,
    preprocessing: Preprocessing,
    data_dir: Path | str | None,
    cache_dir: Path | str | None,
    progress: bool,
    pseudo_online: PseudoOnline | None = None,
) -> Path:
    from bci_dann.data.recordings.folder import Recordings

    subset = resolve_subset(dataset, subset_config)
    root = cache_root(cache_dir)
    keyed = KeyedSelection(dataset, subset, preprocessing, root, data_dir, pseudo_online)

    def extracted() -> Iterator[EEGTrials]:
        if pseudo_online is None:
            return extract_trials(dataset, subset, preprocessing, progress)
        return extract_with_windows(dataset, subset, preprocessing, pseudo_online, progress)

    def fill(writer: TrialsWriter) -> None:
        if isinstance(dataset, Recordings):
            dataset.check()  # all files, before the samples of the first are read
            dataset.check_fits(preprocessing, subset)
        with mne_data_folder(data_dir):
            sessions: set[str] = set()
            for trials in extracted():
                sessions.update(trials.metadata["session"])
                writer.add(trials)
            check_sessions(dataset, subset.sessions, sorted(sessions))
            keyed.remember_files()

    return store(root, keyed.parts, fill)
