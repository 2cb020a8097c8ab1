"""Labels of recordings for messages, and session names that depend on their content."""

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

# Samples at either end of a recording in memory that are hashed. Empirical: EEG of a second
# never repeats, and so many are read from any file in milliseconds.
HASHED_SAMPLES = 2**12


def as_list(recordings: Recording | Sequence[Recording]) -> list[Recording]:
    """Return recordings as a list, also where there is one.

    Parameters
    ----------
    recordings : str, pathlib.Path, mne.io.Raw, mne.Epochs, or list of these
        One recording or several.

    Returns
    -------
    list
        With one recording at least.

    Raises
    ------
    ConfigError
        When there is none.
    """
    listed = list(recordings) if isinstance(recordings, list | tuple) else [recordings]
    if not listed:
        raise ConfigError("there is no recording: give one at least.")
    return listed


def recording_label(recording: Recording) -> str:
    """Return what tables and messages call a recording.

    Parameters
    ----------
    recording : str, pathlib.Path, mne.io.Raw or mne.Epochs
        The recording.

    Returns
    -------
    str
        The path as it was given, or the file that MNE has read, or ``"Raw"`` or ``"Epochs"``.
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
        The path as it was given, or what MNE has read; empty for arrays.
    """
    if isinstance(recording, str | Path):
        return [Path(recording)]
    is_raw = hasattr(recording, "filenames")
    names = recording.filenames if is_raw else [recording.filename]
    return [Path(name) for name in names if name is not None]


def raw_session(raw: mne.io.BaseRaw) -> str:
    """Return the session of a recording in memory.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording.

    Returns
    -------
    str
        That of the file that it was read from, or a hash of its samples where there is no such
        file, or more than one.
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
    """Return the session of epochs whose metadata do not name it: a hash of their samples.

    Parameters
    ----------
    epochs : mne.Epochs
        The epochs.

    Returns
    -------
    str
        The same for every copy of the epochs.
    """
    described = f"{epochs.times[0]} {epochs.info['sfreq']} {epochs.ch_names}"
    return _hashed("epochs", [described.encode(), epochs.get_data().tobytes()])


def _hashed(kind: str, parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return f"{kind}-{digest.hexdigest()[:12]}"
