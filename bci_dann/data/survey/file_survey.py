"""What the header of one recording says: rate, length, channels with types, and events."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import mne
import pandas as pd

from bci_dann.data.recordings.edf_header import check_edf_file
from bci_dann.data.recordings.events import annotate_triggers
from bci_dann.exceptions import BCIDannError, DataError

__all__ = ["FileSurvey", "open_as_it_is", "survey_file"]

# Names of signals that are no EEG, in files that do not say so.
OTHER_SIGNAL = re.compile(
    r"eog|emg|ecg|ekg|^[hv]eo|^chin|^acc|gyro|gsr|^eda|resp|temp|trig|^stat|^sti|^aux|counter",
    re.IGNORECASE,
)

# Bytes of a file whose trigger channel is read, which for some formats means all of the file.
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
    channels : dict of str to str
        By name the type that MNE has for it.
    events : pandas.DataFrame
        The columns ``onset`` and ``duration`` (s after the first sample) and ``name``, in the
        order of onsets.
    """

    name: str
    sfreq: float
    duration_s: float
    channels: dict[str, str]
    events: pd.DataFrame

    @property
    def eeg(self) -> list[str]:  # numpydoc ignore=RT01
        """The channels that MNE takes for EEG, and whose names name no other signal."""
        return [name for name in self._typed_eeg if not OTHER_SIGNAL.search(name)]

    @property
    def other_signals(self) -> list[str]:  # numpydoc ignore=RT01
        """The channels that MNE takes for EEG though their names name another signal."""
        return [name for name in self._typed_eeg if OTHER_SIGNAL.search(name)]

    @property
    def _typed_eeg(self) -> list[str]:
        return [name for name, kind in self.channels.items() if kind == "eeg"]


def open_as_it_is(path: Path, is_bids: bool) -> mne.io.BaseRaw:
    """Open a recording without a description of it, and without reading its samples.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    is_bids : bool
        Whether its events and channel types are in files of BIDS beside it.

    Returns
    -------
    mne.io.Raw
        As MNE, or MNE-BIDS, reads it.

    Raises
    ------
    DataError
        With the reason why it cannot be read.
    """
    try:
        check_edf_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if not is_bids:
                return mne.io.read_raw(path, preload=False, verbose="error")
            import mne_bids

            bids_path = mne_bids.get_bids_path_from_fname(path)
            return mne_bids.read_raw_bids(bids_path, verbose="error")
    except BCIDannError:
        raise
    except Exception as error:  # readers fail in as many ways as files do
        raise DataError(f"{type(error).__name__}: {error}") from error


def survey_file(raw: mne.io.BaseRaw, name: str, path: Path) -> FileSurvey:
    """Return what a recording says of itself.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording; its triggers are added to its annotations.
    name : str
        What the survey calls it.
    path : pathlib.Path
        Its file.

    Returns
    -------
    FileSurvey
        Its header and events.

    Raises
    ------
    DataError
        When its trigger channel cannot be read.
    """
    if path.stat().st_size <= MAX_TRIGGER_BYTES:
        try:
            with warnings.catch_warnings():  # that triggers are held is said when they are used
                warnings.simplefilter("ignore")
                annotate_triggers(raw, (), name)
        except Exception as error:
            raise DataError(f"{type(error).__name__}: {error}") from error
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
        channels=dict(zip(raw.ch_names, raw.get_channel_types(), strict=True)),
        events=events.sort_values("onset", kind="stable", ignore_index=True),
    )
