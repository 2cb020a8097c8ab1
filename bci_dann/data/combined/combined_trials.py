"""Trials of several datasets on the same channels, in one folder of the cache."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from bci_dann.data.cache import DATA_VERSION, TrialsWriter, store
from bci_dann.data.channels.channel_selection import selected_channels
from bci_dann.data.combined.combined_config import (
    CombinedDataConfig,
    CombinedEntry,
    subject_name,
)
from bci_dann.data.combined.combined_dataset import CombinedDataset, DatasetPart, naming
from bci_dann.data.combined.common_channels import (
    RecordingChannels,
    all_channels,
    common_channels,
)
from bci_dann.data.extraction import extract_trials
from bci_dann.data.preparation.keyed_selection import KeyedSelection
from bci_dann.data.preparation.subject_recordings import mne_data_folder, recordings_of
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.segmentation import same_sfreq
from bci_dann.data.subset import check_sessions
from bci_dann.data.trials import EEGTrials
from bci_dann.exceptions import BCIDannWarning, DataError

__all__ = ["interpolated_electrodes", "prepare_combined"]

# File next to the trials, if electrodes were interpolated.
INTERPOLATED_FILE = "interpolated.json"


def prepare_combined(
    config: CombinedDataConfig,
    preprocessing: Preprocessing,
    data_dir: Path | str | None,
    root: Path,
    progress: bool = False,
) -> Path:
    """Load, preprocess and check the trials of several datasets, unless they are in the cache.

    Parameters
    ----------
    config : CombinedDataConfig
        The datasets.
    preprocessing : Preprocessing
        The steps, the same for all datasets.
    data_dir : path, or None
        The folder of all recordings.
    root : pathlib.Path
        The cache.
    progress : bool
        Show progress bars over subjects on the standard error stream.

    Returns
    -------
    pathlib.Path
        A folder for `open_trials`. Trials are in the order of the datasets; subjects have names
        such as ``"PhysionetMI:1"``, in trials and account.

    Raises
    ------
    ConfigError, DataError
        See `prepare_trials`; also when the datasets are not compatible.

    Warns
    -----
    BCIDannWarning
        When electrodes of a dataset are interpolated.
    """
    dataset = CombinedDataset(config, data_dir)
    keyed = [_keyed(part, preprocessing, root) for part in dataset.parts]
    names = config.names
    parts: dict[str, Any] = {
        "data_version": DATA_VERSION,
        "combined": [{"name": n, **one.parts} for n, one in zip(names, keyed, strict=True)],
        "channels": config.channels,
    }
    renamed = {one.name: one.rename_classes for one in config.datasets if one.rename_classes}
    if renamed:
        parts["rename_classes"] = renamed

    def fill(writer: TrialsWriter) -> None:
        interpolated: dict[str, list[str]] = {}
        dataset.check(preprocessing)
        conversions = _conversions(dataset, preprocessing)
        wanted = conversions[0].wanted
        steps = preprocessing.model_copy(update={"channels": wanted})
        reference: EEGTrials | None = None
        for part, one, convert in zip(dataset.parts, keyed, conversions, strict=True):
            sessions: set[str] = set()
            with _reading(part):
                for trials in extract_trials(
                    part.dataset, part.subset, steps, progress, reference, convert
                ):
                    reference = reference or trials
                    sessions.update(trials.metadata["session"])
                    writer.add(_named(trials, part.entry))
                check_sessions(part.dataset, part.subset.sessions, sorted(sessions))
                one.remember_files()
            if convert.interpolated:
                interpolated[part.entry.name] = sorted(convert.interpolated)
        if interpolated:
            writer.note(INTERPOLATED_FILE, interpolated)

    folder = store(root, parts, fill)
    _warn_of_interpolation(folder)
    return folder


def _warn_of_interpolation(folder: Path) -> None:
    for name, electrodes in interpolated_electrodes(folder).items():
        warnings.warn(
            f"{name}: interpolated by spherical splines of its other electrodes, in some or all "
            f"recordings: {', '.join(electrodes)}.",
            BCIDannWarning,
            stacklevel=4,
        )


def interpolated_electrodes(folder: Path) -> dict[str, list[str]]:
    """Return the interpolated electrodes of each dataset.

    Parameters
    ----------
    folder : pathlib.Path
        Prepared trials, of one or several datasets.

    Returns
    -------
    dict of str to list of str
        Electrodes by the name of the dataset; datasets with all electrodes are not included.
    """
    path = folder / INTERPOLATED_FILE
    if not path.is_file():
        return {}
    stored: dict[str, list[str]] = json.loads(path.read_text())
    return stored


def _keyed(part: DatasetPart, preprocessing: Preprocessing, root: Path) -> KeyedSelection:
    with naming(part.entry.name):
        return KeyedSelection(part.dataset, part.subset, preprocessing, root, part.folder)


def _conversions(dataset: CombinedDataset, preprocessing: Preprocessing) -> list[RecordingChannels]:
    """Return, for each dataset, the conversion of recordings to the channels of all datasets.

    The channels and the sampling frequency of a dataset are read from its first recording; the
    others are compared with it when they are read.
    """
    config = dataset.config
    channels: dict[str, list[str]] = {}
    rates: dict[str, float] = {}
    firsts = []
    for part in dataset.parts:
        with _reading(part):
            _, raw = next(recordings_of(part.dataset, part.subset.subjects[0], part.subset))
            own = selected_channels(raw, preprocessing.model_copy(update={"channels": None}))
        channels[part.entry.name], rates[part.entry.name] = own, float(raw.info["sfreq"])
        firsts.append(raw)
    _check_rates(rates, preprocessing)
    choose = all_channels if config.channels == "all" else common_channels
    wanted = preprocessing.channels or choose(channels)
    conversions = []
    for part, raw in zip(dataset.parts, firsts, strict=True):
        layout = part.entry.recordings
        convert = RecordingChannels(
            wanted,
            interpolate=config.channels == "all",
            use_bads=preprocessing.bads == "use",
            montage=None if layout is None else layout.montage,
        )
        with naming(part.entry.name):
            convert.missing(raw)  # raises an error before any samples are read
        conversions.append(convert)
    return conversions


def _check_rates(rates: dict[str, float], preprocessing: Preprocessing) -> None:
    first, *others = rates.values()
    if preprocessing.resample is None and not all(same_sfreq(first, one) for one in others):
        listed = ", ".join(f"{rate:g} Hz in {name}" for name, rate in rates.items())
        raise DataError(
            f"the sampling frequencies differ: {listed}. Set preprocessing `resample` to a "
            "common one."
        )


@contextmanager
def _reading(part: DatasetPart) -> Iterator[None]:
    """Name the dataset in errors, and let MOABB use its folder, inside the context."""
    with naming(part.entry.name), mne_data_folder(part.folder):
        yield


def _named(trials: EEGTrials, entry: CombinedEntry) -> EEGTrials:
    """Return trials and their account with unique names of subjects, and with renamed classes."""
    dataset, new = entry.name, entry.rename_classes
    labels = np.array([new.get(name, name) for name in np.asarray(trials.y).tolist()])
    metadata = trials.metadata.assign(
        subject=[subject_name(dataset, one) for one in trials.metadata["subject"]]
    )
    account = trials.account
    if account is not None:
        account = account.assign(subject=[subject_name(dataset, s) for s in account["subject"]])
    return EEGTrials.trusted(trials.X, labels, metadata, trials.info, account, trials.rest)
