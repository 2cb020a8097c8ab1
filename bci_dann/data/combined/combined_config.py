"""Configuration of several datasets that are used together in one training or comparison."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    field_validator,
    model_serializer,
    model_validator,
)

from bci_dann._config import StrictModel
from bci_dann._validation import check_option
from bci_dann.data.datasets import DataConfig
from bci_dann.data.regimes.regime import Regime
from bci_dann.exceptions import ConfigError

__all__ = [
    "CombinedDataConfig",
    "CombinedEntry",
    "RunData",
    "dataset_of_subject",
    "each_dataset",
    "one_dataset",
    "subject_name",
    "without_folders",
]

# Separates the name of a dataset, which cannot contain it, from that of a subject.
SEPARATOR = ":"
# Keys that select recordings of a dataset or only describe it: two entries that differ only in
# these are the same dataset.
NOT_IDENTIFYING = {"name", "licence", "subjects", "sessions", "classes", "regime", "rename_classes"}


class CombinedEntry(DataConfig):  # numpydoc ignore=PR02
    """One of several datasets: the keys of a single dataset, and four additional ones.

    Parameters
    ----------
    name : str
        Prefix of the names of its subjects and results; by default the value of ``dataset``.
    folder : str or None
        The folder of its recordings; a relative path is inside the folder of all recordings
        (``--data-dir``). ``None`` is the folder of all recordings itself.
    licence : str or None
        Licence for model cards; by default that in MOABB.
    rename_classes : dict of str to str
        Names in the first dataset for classes of this one. ``classes`` uses the original names;
        two classes may get the same name.

    See Also
    --------
    CombinedDataConfig : A list of such datasets.
    DataConfig : The other keys.

    Examples
    --------
    >>> from bci_dann.data import CombinedEntry
    >>> entry = CombinedEntry(dataset="PhysionetMI", classes=["right_hand", "rest"])
    >>> entry.name, entry.folder_in("recordings").name
    ('PhysionetMI', 'recordings')
    """

    name: Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
    folder: str | None = None
    licence: str | None = None
    rename_classes: dict[str, str] = Field(default_factory=dict)

    @model_serializer(mode="wrap")
    def _without_unused(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out empty `rename_classes`, so that stored configurations do not change."""
        content: dict[str, Any] = handler(self)
        if not self.rename_classes:
            content.pop("rename_classes", None)
        return content

    @model_validator(mode="before")
    @classmethod
    def _name_by_dataset(cls, content: Any) -> Any:
        if isinstance(content, Mapping) and content.get("name") is None:
            return {**content, "name": content.get("dataset", "unnamed")}
        return content

    @model_validator(mode="after")
    def _without_regime(self) -> CombinedEntry:
        if self.regime is not None:
            raise ValueError(
                "a regime changes all datasets of a list: remove it here, and give it once as "
                "`data: {datasets: [...], regime: {...}}`"
            )
        return self

    def folder_in(self, data_dir: Path | str | None) -> Path | None:
        """Return the folder of the recordings.

        Parameters
        ----------
        data_dir : path, or None
            The folder of all recordings.

        Returns
        -------
        pathlib.Path or None
            The folder; ``None`` if neither folder is given.
        """
        if self.folder is None:
            return None if data_dir is None else Path(data_dir).expanduser()
        return Path(data_dir or ".").expanduser() / Path(self.folder).expanduser()


class CombinedDataConfig(StrictModel):  # numpydoc ignore=PR02
    """Several datasets whose trials are used together, on the same channels.

    If ``data`` of a configuration is a list, it is the list ``datasets`` here, with the
    default values of the other keys.

    Parameters
    ----------
    datasets : list of CombinedEntry
        At least two datasets with the same classes.
    channels : {"common", "all"}
        ``"common"`` uses the electrodes that all datasets have. ``"all"`` uses the electrodes
        that at least one dataset has, and interpolates those that a dataset lacks (at most a
        fifth). If preprocessing lists ``channels``, these are used instead of all electrodes.
    target_dataset : str or None
        The name of the dataset whose subjects are the targets; the subjects of the other
        datasets are then the only sources. ``None`` leaves out each subject of all datasets in
        turn.
    regime : Regime or None
        Changes the prepared trials of each dataset, as if it were alone: ``n_subjects`` is the
        number of subjects of each.

    See Also
    --------
    prepare_trials : Prepares the trials of all datasets.
    DataConfig : A single dataset.

    Examples
    --------
    >>> from bci_dann.data import CombinedDataConfig, Preprocessing, open_trials, prepare_trials
    >>> few = {"dataset": "SimulatedMI", "params": {"n_subjects": 1, "n_trials": 8}}
    >>> other = {"name": "Other", **few, "params": {**few["params"], "random_state": 1}}
    >>> config = CombinedDataConfig(datasets=[few, other])
    >>> trials = open_trials(prepare_trials(config, Preprocessing()))
    >>> trials.subjects[[0, -1]].tolist()
    ['SimulatedMI:1', 'Other:1']
    """

    datasets: list[CombinedEntry]
    channels: Literal["common", "all"] = "common"
    target_dataset: str | None = None
    regime: Regime | None = None

    @model_serializer(mode="wrap")
    def _without_unset_regime(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out an unset regime, so that stored configurations without one do not change."""
        content: dict[str, Any] = handler(self)
        if self.regime is None:
            content.pop("regime", None)
        return content

    @model_validator(mode="before")
    @classmethod
    def _accept_list(cls, content: Any) -> Any:
        return {"datasets": content} if isinstance(content, list) else content

    @field_validator("datasets")
    @classmethod
    def _check_datasets(cls, entries: list[CombinedEntry]) -> list[CombinedEntry]:
        if len(entries) < 2:
            raise ValueError(
                f"name at least two datasets, not {len(entries)}; one alone is the value of "
                "`data` itself, without a list"
            )
        for index, entry in enumerate(entries):
            for other in entries[:index]:
                _check_differ(other, entry)
        if entries[0].rename_classes:
            raise ValueError(
                f"rename_classes: {entries[0].name} is the first dataset, whose classes keep "
                "their names, since new recordings are read like its own; rename those of others"
            )
        return entries

    @model_validator(mode="after")
    def _check_target(self) -> CombinedDataConfig:
        if self.target_dataset is not None:
            check_option("target_dataset", self.target_dataset, self.names)
        return self

    @property
    def names(self) -> list[str]:  # numpydoc ignore=RT01
        """The names of the datasets, in order."""
        return [entry.name for entry in self.datasets]

    def is_target(self, subject: str) -> bool:
        """Return whether a subject may be a target.

        Parameters
        ----------
        subject : str
            Name of the subject in the trials, such as ``"PhysionetMI:1"``.

        Returns
        -------
        bool
            Whether it may be a target; always true without ``target_dataset``.
        """
        return self.target_dataset is None or subject.startswith(self.target_dataset + SEPARATOR)


def _kind(content: Any) -> str:
    several = isinstance(content, list | CombinedDataConfig)
    several = several or (isinstance(content, Mapping) and "datasets" in content)
    return "<CombinedDataConfig>" if several else "<DataConfig>"


RunData = Annotated[
    Annotated[DataConfig, Tag("<DataConfig>")]
    | Annotated[CombinedDataConfig, Tag("<CombinedDataConfig>")],
    Discriminator(_kind),
]


def _check_differ(first: CombinedEntry, second: CombinedEntry) -> None:
    """Raise an error if two entries have the same name or the same recordings."""
    if first.model_dump(exclude=NOT_IDENTIFYING) == second.model_dump(exclude=NOT_IDENTIFYING):
        names = first.name if first.name == second.name else f"{first.name}, as {second.name},"
        raise ValueError(
            f"the dataset {names} is listed twice: its subjects would be sources and targets at "
            "once. List it once, with all its subjects"
        )
    if first.name == second.name:
        raise ValueError(f"two datasets have the name {second.name}; give each a `name`")


def subject_name(dataset: str, subject: Any) -> str:
    """Return the name of a subject that is unique among several datasets.

    Parameters
    ----------
    dataset : str
        The name of its dataset.
    subject : object
        The name of the subject in the dataset.

    Returns
    -------
    str
        The name, for example ``"PhysionetMI:1"``.
    """
    return f"{dataset}{SEPARATOR}{subject}"


def dataset_of_subject(data: Mapping[str, Any], subject: str) -> str:
    """Return the name of the dataset of a subject.

    Parameters
    ----------
    data : mapping
        The section ``data`` of a stored configuration.
    subject : str
        Name of the subject in the trials.

    Returns
    -------
    str
        The only dataset, or the one that is the prefix of the subject's name.
    """
    return subject.partition(SEPARATOR)[0] if "datasets" in data else str(data["dataset"])


def each_dataset(
    data: DataConfig | CombinedDataConfig, data_dir: Path | str | None = None
) -> list[tuple[DataConfig, Path | str | None]]:
    """Return each dataset with the folder of its recordings.

    Parameters
    ----------
    data : DataConfig or CombinedDataConfig
        The section of a configuration.
    data_dir : path, or None
        The folder of all recordings.

    Returns
    -------
    list of (DataConfig, path or None)
        One entry for each dataset.
    """
    if isinstance(data, DataConfig):
        return [(data, data_dir)]
    return [(entry, entry.folder_in(data_dir)) for entry in data.datasets]


def without_folders(data: DataConfig | CombinedDataConfig) -> DataConfig | CombinedDataConfig:
    """Return a configuration with names of datasets instead of folders.

    Paths may reveal the names of machines and users. They are replaced and not removed, since
    datasets may differ only in their folder.

    Parameters
    ----------
    data : DataConfig or CombinedDataConfig
        The section of a configuration.

    Returns
    -------
    DataConfig or CombinedDataConfig
        A configuration that may be published.
    """
    if isinstance(data, DataConfig):
        return data
    entries = [
        entry if entry.folder is None else entry.model_copy(update={"folder": entry.name})
        for entry in data.datasets
    ]
    return data.model_copy(update={"datasets": entries})


def one_dataset(data: DataConfig | CombinedDataConfig, user: str) -> DataConfig:
    """Return a configuration unchanged if it has a single dataset.

    Parameters
    ----------
    data : DataConfig or CombinedDataConfig
        The section of a configuration.
    user : str
        The function or command that needs a single dataset, for the message.

    Returns
    -------
    DataConfig
        ``data``.

    Raises
    ------
    ConfigError
        When there are several datasets.
    """
    if isinstance(data, CombinedDataConfig):
        raise ConfigError(
            f"{user} takes one dataset; `data` lists {', '.join(data.names)}. Give a "
            "configuration with one of them as `data`."
        )
    return data
