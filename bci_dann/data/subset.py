"""Which subjects, sessions and classes of a dataset are wanted, and whether it has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import model_validator

from bci_dann._config import StrictModel
from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

__all__ = ["Subset", "SubsetConfig", "resolve_subset"]


class SubsetConfig(StrictModel):
    """What a user asks for; ``None`` takes all.

    Parameters
    ----------
    subjects : list of int or str, or None
        Subjects of the dataset.
    sessions : list of str, "first" or None
        Session names; ``"first"`` takes the first session of each subject.
    classes : list of str, or None
        Class names.
    """

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
class Subset:
    """What was asked for, in the dataset's own terms and order."""

    subjects: list[Any]
    sessions: list[str] | Literal["first"] | None
    classes: list[str]

    def sessions_of(self, available: list[str]) -> list[str]:
        """Return the wanted ones among a subject's sessions."""
        if self.sessions is None:
            return available
        if self.sessions == "first":
            return available[:1]
        return [session for session in available if session in self.sessions]


def resolve_subset(dataset: BaseDataset, choice: SubsetConfig) -> Subset:
    """Check a choice against a dataset, before anything is loaded.

    Raises
    ------
    ConfigError
        When the dataset does not have a subject or class.
    """
    return Subset(
        subjects=_subjects(dataset, choice.subjects),
        sessions=choice.sessions,
        classes=_classes(dataset, choice.classes),
    )


def _subjects(dataset: BaseDataset, wanted: list[int | str] | None) -> list[Any]:
    available = {str(subject): subject for subject in dataset.subject_list}
    if wanted is None:
        return list(available.values())
    for subject in wanted:
        if str(subject) not in available:
            raise ConfigError(
                f"{dataset.code} has no subject {subject!r}.{did_you_mean(subject, available)} "
                f"It has {', '.join(available)}."
            )
    asked = {str(subject) for subject in wanted}
    return [subject for name, subject in available.items() if name in asked]


def _classes(dataset: BaseDataset, wanted: list[str] | None) -> list[str]:
    available = list(dataset.event_id)
    for name in wanted or []:
        if name not in available:
            raise ConfigError(
                f"{dataset.code} has no class {name!r}.{did_you_mean(name, available)} "
                f"It has {', '.join(available)}."
            )
    if len(available) < 2:
        raise ConfigError(f"{dataset.code} has the classes {available}; at least two are needed.")
    return available if wanted is None else list(dict.fromkeys(wanted))
