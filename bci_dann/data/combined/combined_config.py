"""The configuration of several data sets that one training or comparison takes together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from bci_dann._config import StrictModel
from bci_dann._validation import check_option
from bci_dann.data.datasets import DataConfig
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

# Between the name of a data set, which cannot hold it, and that of a subject.
SEPARATOR = ":"
# Keys that choose among the recordings of a data set, or only describe it.
NOT_IDENTIFYING = {"name", "licence", "subjects", "sessions", "classes", "regime"}


class CombinedEntry(DataConfig):  # numpydoc ignore=PR02
    """One of several data sets: what ``data`` holds of a single one, and three keys more.

    Parameters
    ----------
    name : str
        What its subjects and results are named after; by default the value of ``dataset``.
    folder : str or None
        The folder of its recordings, in the folder of all recordings (``--data-dir``) where it is
        no absolute path. ``None`` is that folder itself.
    licence : str or None
        For model cards; by default what MOABB notes of its data sets.

    See Also
    --------
    CombinedDataConfig : Lists them.
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

    @model_validator(mode="before")
    @classmethod
    def _name_by_dataset(cls, content: Any) -> Any:
        if isinstance(content, Mapping) and content.get("name") is None:
            return {**content, "name": content.get("dataset", "unnamed")}
        return content

    @model_validator(mode="after")
    def _without_regime(self) -> CombinedEntry:
        if self.regime is not None:
            raise ValueError("a regime is for a configuration of one data set; remove it here")
        return self

    def folder_in(self, data_dir: Path | str | None) -> Path | None:
        """Return where the recordings are.

        Parameters
        ----------
        data_dir : path, or None
            The folder of all recordings.

        Returns
        -------
        pathlib.Path or None
            ``None`` if neither is given.
        """
        if self.folder is None:
            return None if data_dir is None else Path(data_dir).expanduser()
        return Path(data_dir or ".").expanduser() / Path(self.folder).expanduser()


class CombinedDataConfig(StrictModel):  # numpydoc ignore=PR02
    """Several data sets whose trials are used together, on the same channels.

    A configuration may have a list of data sets as ``data``, which is ``datasets`` here with the
    defaults of the other keys.

    Parameters
    ----------
    datasets : list of CombinedEntry
        At least two. All need the same classes.
    channels : {"common", "all"}
        The electrodes that all data sets have; or all electrodes that any has, those that a
        data set lacks, a fifth at most, being interpolated from its others. Where
        preprocessing lists ``channels``, these take the place of all.
    target_dataset : str or None
        The name of the data set whose subjects are the targets, with the subjects of the others
        as the only sources. ``None`` leaves each subject of all data sets out in turn.

    See Also
    --------
    prepare_trials : The trials of all.
    DataConfig : A single data set.

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

    @model_validator(mode="before")
    @classmethod
    def _accept_list(cls, content: Any) -> Any:
        return {"datasets": content} if isinstance(content, list) else content

    @field_validator("datasets")
    @classmethod
    def _check_datasets(cls, entries: list[CombinedEntry]) -> list[CombinedEntry]:
        if len(entries) < 2:
            raise ValueError(
                f"name at least two data sets, not {len(entries)}; one alone is the value of "
                "`data` itself, without a list"
            )
        for index, entry in enumerate(entries):
            for other in entries[:index]:
                _check_differ(other, entry)
        return entries

    @model_validator(mode="after")
    def _check_target(self) -> CombinedDataConfig:
        if self.target_dataset is not None:
            check_option("target_dataset", self.target_dataset, self.names)
        return self

    @property
    def names(self) -> list[str]:  # numpydoc ignore=RT01
        """The names of the data sets, in order."""
        return [entry.name for entry in self.datasets]

    def is_target(self, subject: str) -> bool:
        """Return whether a subject may be a target.

        Parameters
        ----------
        subject : str
            As its trials name it.

        Returns
        -------
        bool
            Always true without ``target_dataset``.
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
    """Raise an error if two entries have one name, or are the same recordings."""
    if first.model_dump(exclude=NOT_IDENTIFYING) == second.model_dump(exclude=NOT_IDENTIFYING):
        names = first.name if first.name == second.name else f"{first.name}, as {second.name},"
        raise ValueError(
            f"the data set {names} is listed twice: its subjects would be sources and targets at "
            "once. List it once, with all its subjects"
        )
    if first.name == second.name:
        raise ValueError(f"two data sets have the name {second.name}; give each a `name`")


def subject_name(dataset: str, subject: Any) -> str:
    """Return the name of a subject among those of several data sets.

    Parameters
    ----------
    dataset : str
        The name of its data set.
    subject : object
        Its name there.

    Returns
    -------
    str
        For example ``"PhysionetMI:1"``.
    """
    return f"{dataset}{SEPARATOR}{subject}"


def dataset_of_subject(data: Mapping[str, Any], subject: str) -> str:
    """Return the name of the data set that a subject is of.

    Parameters
    ----------
    data : mapping
        The section ``data`` of a stored configuration.
    subject : str
        As its trials name it.

    Returns
    -------
    str
        The only data set, or the one that its name begins with.
    """
    return subject.partition(SEPARATOR)[0] if "datasets" in data else str(data["dataset"])


def each_dataset(
    data: DataConfig | CombinedDataConfig, data_dir: Path | str | None = None
) -> list[tuple[DataConfig, Path | str | None]]:
    """Return each data set, and where its recordings are.

    Parameters
    ----------
    data : DataConfig or CombinedDataConfig
        The section of a configuration.
    data_dir : path, or None
        The folder of all recordings.

    Returns
    -------
    list of (DataConfig, path or None)
        One or several.
    """
    if isinstance(data, DataConfig):
        return [(data, data_dir)]
    return [(entry, entry.folder_in(data_dir)) for entry in data.datasets]


def without_folders(data: DataConfig | CombinedDataConfig) -> DataConfig | CombinedDataConfig:
    """Return data with names in place of the folders that they were read from.

    A folder may name a machine and its user, and data sets may differ by nothing else.

    Parameters
    ----------
    data : DataConfig or CombinedDataConfig
        The section of a configuration.

    Returns
    -------
    DataConfig or CombinedDataConfig
        For what is passed on.
    """
    if isinstance(data, DataConfig):
        return data
    entries = [
        entry if entry.folder is None else entry.model_copy(update={"folder": entry.name})
        for entry in data.datasets
    ]
    return data.model_copy(update={"datasets": entries})


def one_dataset(data: DataConfig | CombinedDataConfig, user: str) -> DataConfig:
    """Return the data of something that takes a single data set.

    Parameters
    ----------
    data : DataConfig or CombinedDataConfig
        The section of a configuration.
    user : str
        What takes one, for the message.

    Returns
    -------
    DataConfig
        The same.

    Raises
    ------
    ConfigError
        When there are several.
    """
    if isinstance(data, CombinedDataConfig):
        raise ConfigError(
            f"{user} takes one data set; `data` lists {', '.join(data.names)}. Give a "
            "configuration with one of them as `data`."
        )
    return data
