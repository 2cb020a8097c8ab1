"""Several datasets combined to one, with unique names of subjects and the same classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann._validation import did_you_mean
from bci_dann.data.combined.combined_config import (
    CombinedDataConfig,
    CombinedEntry,
    subject_name,
)
from bci_dann.data.datasets import DataConfig, make_dataset
from bci_dann.data.fingerprint import dataset_fingerprint
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.recordings.path_pattern import plain_text
from bci_dann.data.regimes.trial_choice import draw_subjects
from bci_dann.data.subset import Subset, resolve_subset, without_subjects
from bci_dann.exceptions import ConfigError, DataError

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

    from bci_dann.data.regimes.regime import Regime

__all__ = ["CombinedDataset", "DatasetPart", "excluding", "naming"]


@dataclass(frozen=True, eq=False)
class DatasetPart:
    """One of several datasets.

    Attributes
    ----------
    entry : CombinedEntry
        Its configuration.
    dataset : moabb.datasets.base.BaseDataset
        The dataset.
    subset : Subset
        The selected subjects, sessions and classes.
    folder : pathlib.Path or None
        The folder of its recordings.
    """

    entry: CombinedEntry
    dataset: BaseDataset
    subset: Subset
    folder: Path | None

    @property
    def classes(self) -> list[str]:  # numpydoc ignore=RT01
        """The selected classes, by their names in the first dataset."""
        new = self.entry.rename_classes
        return list(dict.fromkeys(new.get(name, name) for name in self.subset.classes))

    @property
    def subjects(self) -> list[str]:  # numpydoc ignore=RT01
        """The selected subjects, with names that are unique among all datasets."""
        return [subject_name(self.entry.name, one) for one in self.subset.subjects]


class CombinedDataset:
    """Several datasets, checked for compatibility before anything is read.

    Parameters
    ----------
    config : CombinedDataConfig
        The datasets.
    data_dir : path, or None
        The folder of all recordings.

    Attributes
    ----------
    parts : list of DatasetPart
        The datasets, in order.

    Raises
    ------
    ConfigError
        When a dataset or a selection is wrong, or their classes differ.
    DataError
        When a folder of recordings does not match its layout, or two folders contain the same file.
    """

    # Part of the cache keys, independent of the path of this module.
    fingerprint_class = "bci_dann.data.CombinedDataset"

    def __init__(self, config: CombinedDataConfig, data_dir: Path | str | None = None) -> None:
        self.config = config
        self.parts = [_part(entry, data_dir) for entry in config.datasets]
        _check_classes(self.parts)
        _check_files(self.parts)

    @property
    def code(self) -> str:  # numpydoc ignore=RT01
        """The names of the datasets, for messages."""
        return " + ".join(self.config.names)

    @property
    def subject_list(self) -> list[str]:  # numpydoc ignore=RT01
        """The selected subjects of all datasets."""
        return [subject for part in self.parts for subject in part.subjects]

    def subjects_in(self, regime: Regime | None) -> list[str]:
        """Return the subjects that a regime keeps of each dataset.

        Parameters
        ----------
        regime : Regime or None
            The regime; ``None`` keeps all subjects.

        Returns
        -------
        list of str
            In the order of the datasets.

        Raises
        ------
        ConfigError
            When a dataset has too few subjects.
        """
        if regime is None:
            return self.subject_list
        kept = []
        for part in self.parts:
            with naming(part.entry.name):
                kept += draw_subjects(regime, part.subjects)
        return kept

    def fingerprint(self) -> dict[str, Any]:
        """Return everything that determines the signals of all datasets.

        Returns
        -------
        dict
            The fingerprint of each dataset by its name.
        """
        return {part.entry.name: dataset_fingerprint(part.dataset) for part in self.parts}

    def check(self, preprocessing: Preprocessing) -> None:
        """Check folders of recordings, file by file, without reading signals.

        Parameters
        ----------
        preprocessing : Preprocessing
            The steps.

        Raises
        ------
        ConfigError
            When the steps cannot be applied to a file, or give trials of different lengths.
        DataError
            When a file does not match its layout.
        """
        from bci_dann.data.recordings.folder import Recordings

        _check_lengths(self.parts, preprocessing)
        # the channels are chosen later, for all datasets together
        steps = preprocessing.model_copy(update={"channels": None})
        for part in self.parts:
            if isinstance(part.dataset, Recordings):
                with naming(part.entry.name):
                    part.dataset.check()
                    part.dataset.check_fits(steps, part.subset)


@contextmanager
def naming(dataset: str) -> Iterator[None]:
    """Add the name of a dataset to the messages of errors.

    Parameters
    ----------
    dataset : str
        The name.

    Yields
    ------
    None
        Errors inside the context get the name.
    """
    try:
        yield
    except (ConfigError, DataError) as error:
        raise type(error)(f"{dataset}: {error}") from error


def excluding(
    config: DataConfig | CombinedDataConfig,
    excluded: Sequence[str | int],
    data_dir: Path | str | None,
) -> tuple[DataConfig | CombinedDataConfig, list[str]]:
    """Leave subjects out of one or several datasets.

    Parameters
    ----------
    config : DataConfig or CombinedDataConfig
        The section of a configuration.
    excluded : sequence of str or int
        Subjects to leave out of the selection; with several datasets, names such as
        ``"PhysionetMI:1"``.
    data_dir : path, or None
        The folder of all recordings.

    Returns
    -------
    config : DataConfig or CombinedDataConfig
        A configuration with the remaining subjects.
    excluded : list of str
        The names of the excluded subjects.

    Raises
    ------
    ConfigError
        When a subject is not among the selected ones, or no subject of a dataset remains.
    """
    if isinstance(config, DataConfig):
        return without_subjects(make_dataset(config, data_dir), config, excluded)
    parts = CombinedDataset(config, data_dir).parts
    known = {plain_text(subject): subject for part in parts for subject in part.subjects}
    for subject in map(str, excluded):
        if plain_text(subject) not in known:
            raise ConfigError(
                f"the subject {subject!r} cannot be excluded: it is not among those selected."
                f"{did_you_mean(subject, known)} They are {', '.join(known.values())}."
            )
    names = {plain_text(str(subject)) for subject in excluded}
    entries, left_out = [], []
    for part in parts:
        pairs = zip(part.subjects, part.subset.subjects, strict=True)
        own = {name: subject for name, subject in pairs if plain_text(name) in names}
        entry = part.entry
        if own:
            with naming(entry.name):
                entry, _ = without_subjects(part.dataset, entry, list(own.values()))
        entries.append(entry)
        left_out += list(own)
    return config.model_copy(update={"datasets": entries}), left_out


def _part(entry: CombinedEntry, data_dir: Path | str | None) -> DatasetPart:
    folder = entry.folder_in(data_dir)
    with naming(entry.name):
        dataset = make_dataset(entry, folder)
        part = DatasetPart(entry, dataset, resolve_subset(dataset, entry), folder)
        _check_renamed(part)
        return part


def _check_renamed(part: DatasetPart) -> None:
    """Raise an error if a renamed class is not selected, or only one class remains."""
    own = part.subset.classes
    for name in part.entry.rename_classes:
        if name not in own:
            raise ConfigError(
                f"rename_classes: there is no class {name!r}.{did_you_mean(name, own)} The "
                f"dataset has {', '.join(own)}."
            )
    if len(part.classes) < 2:
        raise ConfigError(
            f"rename_classes: {', '.join(own)} all become {part.classes[0]}; at least two "
            "different classes are needed."
        )


def _check_classes(parts: Sequence[DatasetPart]) -> None:
    if len({frozenset(part.classes) for part in parts}) == 1:
        return
    shared = [
        name
        for name in parts[0].subset.classes
        if all(name in part.dataset.event_id for part in parts)
    ]
    advice = (
        f"All have {', '.join(shared)}: choose among these with `classes` in each dataset."
        if len(shared) > 1
        else "Choose the same with `classes` in each dataset, or give them the names of the first "
        "with `rename_classes`; for recordings in a folder, `recordings.events` names the classes."
    )
    listed = "; ".join(f"{part.entry.name} has {', '.join(part.classes)}" for part in parts)
    raise ConfigError(f"the classes of the datasets differ: {listed}. {advice}")


def _check_files(parts: Sequence[DatasetPart]) -> None:
    """Raise an error if a file is in two folders of recordings."""
    from bci_dann.data.recordings.folder import Recordings

    owners: dict[tuple[Any, ...], str] = {}
    for part in parts:
        if not isinstance(part.dataset, Recordings):
            continue
        for name, *content in part.dataset.fingerprint()["files"]:
            owner = owners.setdefault(tuple(content), part.entry.name)
            if owner != part.entry.name:
                raise DataError(
                    f"the file {name} of {part.entry.name} is also in {owner}: its subject would "
                    "be source and target at once. Leave it out of one of them."
                )


def _check_lengths(parts: Sequence[DatasetPart], preprocessing: Preprocessing) -> None:
    lengths = {
        part.entry.name: float(part.dataset.interval[1] - part.dataset.interval[0])
        for part in parts
    }
    if preprocessing.window[1] is None and len(set(lengths.values())) > 1:
        listed = ", ".join(f"{length:g} s in {name}" for name, length in lengths.items())
        raise ConfigError(
            f"the task lasts {listed}, and trials of all datasets must have one length: give "
            f"preprocessing `window` an end, such as [0, {min(lengths.values()):g}]."
        )
