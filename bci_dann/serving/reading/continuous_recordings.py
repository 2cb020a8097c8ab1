"""Continuous recordings as a model understands them: channels, unit, cues."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann.exceptions import ConfigError, DataError
from bci_dann.serving.checks.mismatches import warn_of_former_filter, warn_of_reference
from bci_dann.serving.reading.reading_options import ReadingOptions, check_renamed, layout_for
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
    """A recording before it is cut.

    Parameters
    ----------
    recording : CuedRecording
        Signals in volt, under the names of training, and the cues.
    layout : RecordingsLayout
        How it was understood.
    label : str
        What messages call it.
    session : str
        The same for every copy of it.
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
    """Read a file, or take a Raw, as the recordings of training were read.

    Parameters
    ----------
    recording : str, pathlib.Path or mne.io.Raw
        Continuous.
    model : ServedModel
        Its recipe says how.
    options : ReadingOptions
        What the user says of the recording.

    Returns
    -------
    ContinuousRecording
        In memory.

    Raises
    ------
    ConfigError
        When it is no continuous recording.
    DataError
        When it is missing, or cannot be read.
    """
    if isinstance(recording, str | Path):
        return _of_file(Path(recording), model, options)
    import mne

    if isinstance(recording, mne.io.BaseRaw):
        return continuous_of_raw(recording, model, options)
    raise ConfigError(
        "a stream is made of a continuous recording: the path of a file, or an mne.io.Raw; got "
        f"{type(recording).__name__}."
    )


def _of_file(path: Path, model: ServedModel, options: ReadingOptions) -> ContinuousRecording:
    from bci_dann.data.recordings.epochs_files import is_epochs_file
    from bci_dann.data.recordings.reading import read_recording
    from bci_dann.data.recordings.recording_paths import bids_events_path, recording_name

    if not path.exists():
        raise DataError(f"there is no recording {path}.")
    if is_epochs_file(path):
        raise ConfigError(f"{path} holds epochs: give the continuous recording that they are of.")
    layout = layout_for(model.recipe, options, str(path), bids_events_path(path).is_file())
    recording = read_recording(path, layout)
    check_renamed(options, recording.channels)
    return ContinuousRecording(recording, layout, str(path), recording_name(path))


def continuous_of_raw(
    raw: mne.io.BaseRaw, model: ServedModel, options: ReadingOptions
) -> ContinuousRecording:
    """Take a Raw as the recordings of training were read, with warnings of what was done to it.

    Parameters
    ----------
    raw : mne.io.Raw
        As MNE reads it from a file; it is left as it is.
    model : ServedModel
        Its recipe says how.
    options : ReadingOptions
        What the user says of the recording.

    Returns
    -------
    ContinuousRecording
        In memory.

    Raises
    ------
    DataError
        When its channels do not fit.
    """
    from bci_dann.data.recordings.reading import apply_layout

    label = recording_label(raw)
    warn_of_former_filter(raw, model.recipe.preprocessing, label)
    if not options.reference:
        warn_of_reference(raw, model.recipe.preprocessing, label)
    layout = layout_for(model.recipe, options, label)
    recording = apply_layout(raw, layout, label)
    check_renamed(options, recording.channels)
    return ContinuousRecording(recording, layout, label, raw_session(raw))
