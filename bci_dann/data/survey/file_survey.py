"""Survey of the header of one recording: sampling frequency, length, channels and events."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import mne
import pandas as pd

from bci_dann.data.channels.channel_account import ChannelAccount
from bci_dann.data.channels.channel_use import account_channels
from bci_dann.data.recordings.events import annotate_triggers
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.data.recordings.reading import check_file, read_file

__all__ = ["AS_IT_IS", "FileSurvey", "open_as_it_is", "survey_file"]

# A layout without information on channels and units; an event and a subject are required keys.
AS_IT_IS = RecordingsLayout(pattern="{subject}", events={"any": "any"})

# Largest file (bytes) whose trigger channel is read. In some formats, this requires reading the
# whole file.
MAX_TRIGGER_BYTES = 200e6


@dataclass(frozen=True)
class FileSurvey:
    """The header of a recording.

    Attributes
    ----------
    name : str
        The path inside the folder, with slashes.
    sfreq, duration_s : float
        Sampling frequency (Hz) and length (s).
    channels : ChannelAccount
        How each channel is used without further configuration.
    events : pandas.DataFrame
        The columns ``onset`` and ``duration`` (s after the first sample) and ``name``, in the
        order of onsets.
    """

    name: str
    sfreq: float
    duration_s: float
    channels: ChannelAccount
    events: pd.DataFrame

    @property
    def signals(self) -> list[str]:  # numpydoc ignore=RT01
        """The names in the file of the EEG channels."""
        return [one.name for one in self.channels.uses if one.used_as]


def open_as_it_is(path: Path, is_bids: bool) -> mne.io.BaseRaw:
    """Open a recording without a layout, and without reading its samples.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    is_bids : bool
        Whether its events and channel types are in BIDS sidecar files.

    Returns
    -------
    mne.io.Raw
        The recording as MNE or MNE-BIDS reads it.

    Raises
    ------
    DataError
        When it cannot be read; with the reason.
    """
    check_file(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not is_bids:
            raw: mne.io.BaseRaw = read_file(path, mne.io.read_raw, path, verbose="error")
            return raw
        import mne_bids

        bids_path = read_file(path, mne_bids.get_bids_path_from_fname, path)
        of_bids: mne.io.BaseRaw = read_file(
            path, mne_bids.read_raw_bids, bids_path, verbose="error"
        )
        return of_bids


def survey_file(raw: mne.io.BaseRaw, name: str, path: Path) -> FileSurvey:
    """Return sampling frequency, length, channels and events of a recording.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording; its triggers are added to its annotations.
    name : str
        Name of the recording in the survey.
    path : pathlib.Path
        Its file.

    Returns
    -------
    FileSurvey
        Its header and events.

    Raises
    ------
    DataError
        When its trigger channel cannot be read, or it has no EEG channel.
    """
    if path.stat().st_size <= MAX_TRIGGER_BYTES:
        # the warning about a held trigger channel is given later, when the triggers are used
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read_file(path, annotate_triggers, raw, (), name)
    events = pd.DataFrame(
        {
            "onset": raw.annotations.onset - raw.first_time,
            "duration": raw.annotations.duration,
            "name": [str(text) for text in raw.annotations.description],
        }
    )
    return FileSurvey(
        name=name,
        sfreq=float(raw.info["sfreq"]),
        duration_s=raw.n_times / float(raw.info["sfreq"]),
        channels=account_channels(raw, AS_IT_IS, name),
        events=events.sort_values("onset", kind="stable", ignore_index=True),
    )
