"""Continuous recordings, with channels, unit and cues as in the training recordings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann.exceptions import ConfigError, DataError
from bci_dann.serving.checks.mismatches import warn_of_prior_filter, warn_of_reference
from bci_dann.serving.reading.reading_options import (
    ReadingOptions,
    check_renamed,
    layout_for,
    other_tasks,
)
from bci_dann.serving.reading.recording_names import Recording, raw_session, recording_label
from bci_dann.serving.served_model import ServedModel

if TYPE_CHECKING:
    import mne
    import pandas as pd

    from bci_dann.data.recordings.layout import RecordingsLayout
    from bci_dann.data.recordings.reading import CuedRecording

__all__ = ["ContinuousRecording", "continuous_of_raw", "read_continuous"]


@dataclass(frozen=True)
class ContinuousRecording:
    """A continuous recording, before it is cut into trials.

    Parameters
    ----------
    recording : CuedRecording
        Signals in volt, with the channel names of training, and the cues.
    layout : RecordingsLayout
        The layout it was read with.
    label : str
        Name of the recording in messages.
    session : str
        Name of the session, equal for every copy of the recording.
    """

    recording: CuedRecording
    layout: RecordingsLayout
    label: str
    session: str

    @property
    def raw(self) -> mne.io.BaseRaw:  # numpydoc ignore=RT01
        """The signals."""
        return self.recording.raw

    @property
    def cues(self) -> pd.DataFrame:  # numpydoc ignore=RT01
        """Every cue; see :func:`bci_dann.data.screening.cues.cue_table`."""
        return self.recording.cues

    @property
    def sfreq(self) -> float:  # numpydoc ignore=RT01
        """The sampling frequency (Hz)."""
        return float(self.raw.info["sfreq"])


def read_continuous(
    recording: Recording, model: ServedModel, options: ReadingOptions
) -> ContinuousRecording:
    """Read a file or a Raw in the same way as the training recordings.

    Parameters
    ----------
    recording : str, pathlib.Path or mne.io.Raw
        A continuous recording.
    model : ServedModel
        Model whose recipe describes the reading.
    options : ReadingOptions
        Options of the user for this recording.

    Returns
    -------
    ContinuousRecording
        The recording in memory.

    Raises
    ------
    ConfigError
        When the recording is not continuous.
    DataError
        When the recording is missing or cannot be read.

    Warns
    -----
    BCIDannWarning
        When the recording was already filtered to the band of the model, or re-referenced.
    """
    if isinstance(recording, str | Path):
        return _of_file(Path(recording), model, options)
    import mne

    if isinstance(recording, mne.io.BaseRaw):
        return continuous_of_raw(recording, model, options)
    raise ConfigError(
        "a stream is simulated from a continuous recording: give the path of a file or an "
        f"mne.io.Raw; got {type(recording).__name__}."
    )


def _of_file(path: Path, model: ServedModel, options: ReadingOptions) -> ContinuousRecording:
    from bci_dann.data.recordings.epochs_files import is_epochs_file
    from bci_dann.data.recordings.reading import read_recording
    from bci_dann.data.recordings.recording_paths import bids_events_path, recording_name

    if not path.exists():
        raise DataError(f"there is no recording {path}: check the path.")
    if is_epochs_file(path):
        raise ConfigError(
            f"{path} contains epochs: give the continuous recording that they were cut from."
        )
    layout = layout_for(model.recipe, options, str(path), bids_events_path(path).is_file())
    recording = read_recording(path, layout, other_tasks(model.recipe, layout, str(path)))
    check_renamed(options, recording.channels)
    _warn_of_processing(recording.raw, model, options, str(path))
    return ContinuousRecording(recording, layout, str(path), recording_name(path))


def continuous_of_raw(
    raw: mne.io.BaseRaw, model: ServedModel, options: ReadingOptions
) -> ContinuousRecording:
    """Read a Raw in the same way as the training recordings.

    Parameters
    ----------
    raw : mne.io.Raw
        As MNE reads it from a file; it is not changed.
    model : ServedModel
        Model whose recipe describes the reading.
    options : ReadingOptions
        Options of the user for this recording.

    Returns
    -------
    ContinuousRecording
        The recording in memory.

    Raises
    ------
    DataError
        When channels are missing or ambiguous.
    """
    from bci_dann.data.recordings.reading import apply_layout

    label = recording_label(raw)
    _warn_of_processing(raw, model, options, label)
    layout = layout_for(model.recipe, options, label)
    recording = apply_layout(raw, layout, label, other_tasks(model.recipe, layout, label))
    check_renamed(options, recording.channels)
    return ContinuousRecording(recording, layout, label, raw_session(raw))


def _warn_of_processing(
    raw: mne.io.BaseRaw, model: ServedModel, options: ReadingOptions, label: str
) -> None:
    """Warn of filters and references that the info of a recording notes."""
    warn_of_prior_filter(raw, model.recipe.preprocessing, label)
    if not options.reference:
        warn_of_reference(raw, model.recipe.preprocessing, label)
