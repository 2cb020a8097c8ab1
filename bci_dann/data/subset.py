"""Selection of subjects, sessions and classes of a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import ConfigDict, model_validator

from bci_dann._config import StrictModel
from bci_dann._validation import did_you_mean
from bci_dann.data.recordings.path_pattern import plain_text
from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

__all__ = ["Subset", "SubsetConfig", "check_sessions", "resolve_subset", "without_subjects"]

Config = TypeVar("Config", bound="SubsetConfig")


class SubsetConfig(StrictModel):  # numpydoc ignore=PR02
    """Selected subjects, sessions and classes; ``None`` selects all.

    Parameters
    ----------
    subjects : list of int or str, or None
        Subjects of the dataset.
    sessions : list of str, "first" or None
        Session names; ``"first"`` selects the first session of each subject.
    classes : list of str, or None
        Class names.
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)  # sessions: [1, 2]

    subjects: list[int | str] | None = None
    sessions: list[str] | Literal["first"] | None = None
    classes: list[str] | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> SubsetConfig:
        for name in ("subjects", "sessions", "classes"):
            if getattr(self, name) == []:
                raise ValueError(f"{name} must not be empty; leave the key out to take all")
        if self.classes is not None and len(set(self.classes)) < 2:
            raise ValueError("classes must name at least two classes")
        return self


@dataclass(frozen=True)
class Subset:  # numpydoc ignore=PR02
    """The selected subjects and classes, as the dataset names them.

    Parameters
    ----------
    subjects : list
        Members of ``dataset.subject_list``, in its order.
    sessions : list of str, "first" or None
        As in `SubsetConfig`, since sessions are known only when a subject is loaded.
    classes : list of str
        Class names in the order of the selection.
    """

    subjects: list[Any]
    sessions: list[str] | Literal["first"] | None
    classes: list[str]

    def sessions_of(self, available: list[str]) -> list[str]:
        """Return the selected sessions of one subject.

        Parameters
        ----------
        available : list of str
            All sessions of the subject, in their order.

        Returns
        -------
        list of str
            The selected sessions; may be empty.
        """
        if self.sessions is None:
            return available
        if self.sessions == "first":
            return available[:1]
        return [session for session in available if session in self.sessions]


def resolve_subset(dataset: BaseDataset, config: SubsetConfig) -> Subset:
    """Check that a dataset has the selected subjects, sessions and classes, without loading it.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        The dataset.
    config : SubsetConfig
        The selection.

    Returns
    -------
    Subset
        The selection, as the dataset names subjects and classes.

    Raises
    ------
    ConfigError
        When the dataset does not have a subject, session or class, or has fewer than two classes.
        The sessions of MOABB's datasets are known only after loading: see
        `check_sessions`.
    """
    sessions = getattr(dataset, "session_names", None)
    if sessions is not None:
        check_sessions(dataset, config.sessions, sessions)
    return Subset(
        subjects=_subjects(dataset, config.subjects),
        sessions=config.sessions,
        classes=_classes(dataset, config.classes),
    )


def check_sessions(
    dataset: BaseDataset, requested: list[str] | Literal["first"] | None, present: Iterable[str]
) -> None:
    """Raise an error if a selected session does not occur in any subject.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        The dataset.
    requested : list of str, "first" or None
        As in `SubsetConfig`.
    present : iterable of str
        The sessions of all subjects.

    Raises
    ------
    ConfigError
        When a session does not occur; names the first one.
    """
    known = list(dict.fromkeys(present))
    for session in requested if isinstance(requested, list) else []:
        if session not in known:
            raise ConfigError(
                f"{dataset.code} has no session {session!r}.{did_you_mean(session, known)} "
                f"It has {', '.join(known)}."
            )


def without_subjects(
    dataset: BaseDataset, config: Config, excluded: Sequence[int | str]
) -> tuple[Config, list[str]]:
    """Leave subjects out of a selection.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        The dataset.
    config : SubsetConfig
        The selection.
    excluded : sequence of int or str
        Subjects to leave out of the selection.

    Returns
    -------
    config : SubsetConfig
        The selection with the names of the remaining subjects.
    excluded : list of str
        The names of the excluded subjects, in the order of the dataset.

    Raises
    ------
    ConfigError
        When a subject is not among the selected ones, or none remains.
    """
    selected = [plain_text(str(subject)) for subject in _subjects(dataset, config.subjects)]
    names = [plain_text(str(subject)) for subject in excluded]
    for name in names:
        if name not in selected:
            raise ConfigError(
                f"the subject {name!r} cannot be excluded: it is not among those selected of "
                f"{dataset.code}.{did_you_mean(name, selected)} They are {', '.join(selected)}."
            )
    kept = [name for name in selected if name not in names]
    if not kept:
        raise ConfigError(f"all {len(selected)} subjects are excluded: keep at least one.")
    changed = config.model_copy(update={"subjects": kept})
    return changed, [name for name in selected if name in names]


def _subjects(dataset: BaseDataset, requested: list[int | str] | None) -> list[Any]:
    available = {plain_text(str(subject)): subject for subject in dataset.subject_list}
    if requested is None:
        return list(available.values())
    for subject in requested:
        if plain_text(str(subject)) not in available:
            raise ConfigError(
                f"{dataset.code} has no subject {subject!r}.{did_you_mean(subject, available)} "
                f"It has {', '.join(available)}."
            )
    names = {plain_text(str(subject)) for subject in requested}
    return [subject for name, subject in available.items() if name in names]


def _classes(dataset: BaseDataset, requested: list[str] | None) -> list[str]:
    available = list(dataset.event_id)
    for name in requested or []:
        if name not in available:
            raise ConfigError(
                f"{dataset.code} has no class {name!r}.{did_you_mean(name, available)} "
                f"It has {', '.join(available)}."
            )
    if len(available) < 2:
        raise ConfigError(f"{dataset.code} has the classes {available}; at least two are needed.")
    return available if requested is None else list(dict.fromkeys(requested))
