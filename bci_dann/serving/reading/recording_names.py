"""Names of recordings in messages, and names of sessions derived from their content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    import mne

__all__ = [
    "Recording",
    "as_list",
    "epochs_session",
    "raw_session",
    "recording_files",
    "recording_label",
]

Recording: TypeAlias = "str | Path | mne.io.BaseRaw | mne.BaseEpochs"

# Number of samples at either end of a recording in memory that are hashed. Empirical: EEG of one
# second does not repeat, and these samples are read from any file within milliseconds.
HASHED_SAMPLES = 2**12


def as_list(recordings: Recording | Sequence[Recording]) -> list[Recording]:
    """Return recordings as a list, also if a single one is given.

    Parameters
    ----------
    recordings : str, pathlib.Path, mne.io.Raw, mne.Epochs, or list of these
        One recording or several.

    Returns
    -------
    list
        At least one recording.

    Raises
    ------
    ConfigError
        When the list is empty.
    """
    listed = list(recordings) if isinstance(recordings, list | tuple) else [recordings]
    if not listed:
        raise ConfigError("the list of recordings is empty: give at least one recording.")
    return listed


def recording_label(recording: Recording) -> str:
    """Return the name of a recording in tables and messages.

    Parameters
    ----------
    recording : str, pathlib.Path, mne.io.Raw or mne.Epochs
        The recording.

    Returns
    -------
    str
        The given path, the file that MNE has read, or ``"Raw"`` or ``"Epochs"``.
    """
    if isinstance(recording, str | Path):
        return str(recording)
    files = recording_files(recording)
    if len(files) == 1:
        return str(files[0])
    return "Raw" if hasattr(recording, "filenames") else "Epochs"


def recording_files(recording: Recording) -> list[Path]:
    """Return the files of a recording.

    Parameters
    ----------
    recording : str, pathlib.Path, mne.io.Raw or mne.Epochs
        The recording.

    Returns
    -------
    list of pathlib.Path
        The given path, or the files that MNE has read; empty for arrays in memory.
    """
    if isinstance(recording, str | Path):
        return [Path(recording)]
    is_raw = hasattr(recording, "filenames")
    names = recording.filenames if is_raw else [recording.filename]
    return [Path(name) for name in names if name is not None]


def raw_session(raw: mne.io.BaseRaw) -> str:
    """Return a session name for a recording in memory.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording.

    Returns
    -------
    str
        That of the file it was read from; a hash of its samples if there is no such file, or more
        than one.
    """
    from bci_dann.data.recordings.recording_paths import recording_name

    files = recording_files(raw)
    if len(files) == 1 and files[0].exists():
        return recording_name(files[0])
    stop = min(raw.n_times, HASHED_SAMPLES)
    ends = (raw.get_data(start=0, stop=stop), raw.get_data(start=raw.n_times - stop))
    described = f"{raw.n_times} {raw.info['sfreq']} {raw.ch_names}"
    return _hashed("raw", [described.encode(), *(end.tobytes() for end in ends)])


def epochs_session(epochs: mne.BaseEpochs) -> str:
    """Return a session name for epochs without one in their metadata: a hash of their samples.

    Parameters
    ----------
    epochs : mne.Epochs
        The epochs.

    Returns
    -------
    str
        Equal for every copy of the epochs.
    """
    described = f"{epochs.times[0]} {epochs.info['sfreq']} {epochs.ch_names}"
    return _hashed("epochs", [described.encode(), epochs.get_data().tobytes()])


def _hashed(kind: str, parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return f"{kind}-{digest.hexdigest()[:12]}"
