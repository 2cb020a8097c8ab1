"""Recordings of a subject of a dataset, with their session, run and file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann._validation import did_you_mean
from bci_dann.data.subset import Subset
from bci_dann.exceptions import BCIDannError, DataError

if TYPE_CHECKING:
    import mne
    from moabb.datasets.base import BaseDataset

    Sessions = dict[str, dict[str, mne.io.BaseRaw]]

__all__ = ["Provenance", "mne_data_folder", "recordings_of"]


@dataclass(frozen=True)
class Provenance:
    """Subject, session, run and file of a recording.

    Parameters
    ----------
    subject : int or str
        The subject.
    session, run : str
        Names of session and run.
    file : str
        Path of the file inside the folder of recordings; empty for other datasets.
    """

    subject: Any
    session: str
    run: str
    file: str

    @property
    def place(self) -> dict[str, str]:  # numpydoc ignore=RT01
        """The fields as text, for the columns of an account."""
        return {name: str(value) for name, value in asdict(self).items()}

    def __str__(self) -> str:
        file = f" ({self.file})" if self.file else ""
        return f"subject {self.subject}, session {self.session}, run {self.run}{file}"


def recordings_of(
    dataset: BaseDataset, subject: Any, subset: Subset
) -> Iterator[tuple[Provenance, mne.io.BaseRaw]]:
    """Yield the recordings of the selected sessions of one subject.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        The dataset.
    subject : int or str
        One of its subjects.
    subset : Subset
        With the selected sessions.

    Yields
    ------
    provenance : Provenance
        Subject, session, run and file.
    raw : mne.io.Raw
        The recording as the dataset returns it.

    Raises
    ------
    DataError
        When the subject cannot be loaded, or has none of the sessions.
    """
    sessions = _load(dataset, subject)
    selected = subset.sessions_of(list(sessions))
    if not selected:
        raise DataError(_no_session_message(dataset, subject, subset, list(sessions)))
    recording_path = getattr(dataset, "recording_path", None)
    for session in selected:
        for run, raw in sessions[session].items():
            file = str(recording_path(subject, session, run)) if recording_path else ""
            yield Provenance(subject, session, run, file), raw


def _no_session_message(
    dataset: BaseDataset, subject: Any, subset: Subset, available: list[str]
) -> str:
    requested = subset.sessions if isinstance(subset.sessions, list) else []
    guess = did_you_mean(requested[0], available) if requested else ""
    return (
        f"subject {subject} of {dataset.code} has none of the sessions {requested}.{guess} "
        f"It has {', '.join(available) or 'none'}."
    )


def _load(dataset: BaseDataset, subject: Any) -> Sessions:
    try:
        sessions: Sessions = dataset.get_data([subject])[subject]
    except BCIDannError:
        raise
    except Exception as error:  # downloads and readers fail in many ways
        raise DataError(
            f"subject {subject} of {dataset.code} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    return sessions


@contextmanager
def mne_data_folder(data_dir: Path | str | None) -> Iterator[None]:
    """Set ``MNE_DATA`` temporarily, because MOABB has no argument for its data folder.

    The user's MNE configuration file is not changed.

    Parameters
    ----------
    data_dir : path, or None
        The folder; ``None`` changes nothing.

    Yields
    ------
    None
        The folder is set inside the context.
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
