"""Interpolation of missing and faulty electrodes of a model in a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from bci_dann.serving.headsets.electrodes import Electrodes, match_electrodes, named_channels_of

if TYPE_CHECKING:
    import mne
    import numpy as np
    from numpy.typing import NDArray

    from bci_dann.data.recordings.layout import RecordingsLayout
    from bci_dann.serving.model_recipe import ModelRecipe
    from bci_dann.serving.reading.reading_options import ReadingOptions

    Recording = TypeVar("Recording", mne.io.BaseRaw, mne.BaseEpochs)

__all__ = ["epochs_with_electrodes", "raw_with_electrodes"]

UV_PER_VOLT = 1e6


def raw_with_electrodes(
    raw: mne.io.BaseRaw,
    events: NDArray[np.int_],
    recipe: ModelRecipe,
    layout: RecordingsLayout,
    options: ReadingOptions,
) -> tuple[mne.io.BaseRaw, Electrodes]:
    """Return a recording with a signal for every electrode of a model.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording in memory, in volt and unfiltered, with channels renamed by the layout. It is
        not changed.
    events : ndarray of int, shape (n_trials,)
        Sample numbers at which trials start, relative to the first sample.
    recipe : ModelRecipe
        Recipe with the electrodes and the window of the model.
    layout : RecordingsLayout
        Layout with the montage that has priority for electrode positions.
    options : ReadingOptions
        Options of the user, with bad channels.

    Returns
    -------
    raw : mne.io.Raw
        The recording, with interpolated electrodes as its last channels.
    electrodes : Electrodes
        Which electrodes were interpolated, and from which channels.

    Raises
    ------
    ConfigError
        When the recording lacks a channel that the user names.
    DataError
        When too many electrodes have no signal, or an electrode cannot be interpolated.
    """
    bads = named_channels_of(raw, options.bads)
    electrodes = match_electrodes(raw, recipe, bads, _dead_channels(raw, events, recipe))
    if not electrodes.replaced:
        return raw, electrodes
    return _interpolated(raw.copy(), electrodes, layout), electrodes


def epochs_with_electrodes(
    epochs: mne.BaseEpochs, recipe: ModelRecipe, options: ReadingOptions
) -> tuple[mne.BaseEpochs, Electrodes]:
    """Add a signal for every electrode of a model to epochs, in place.

    Parameters
    ----------
    epochs : mne.Epochs
        The epochs in memory. Clipped channels are not detected, because epochs may be filtered.
    recipe : ModelRecipe
        Recipe with the electrodes and the layout of the model.
    options : ReadingOptions
        Options of the user, with bad channels.

    Returns
    -------
    epochs : mne.Epochs
        The given epochs.
    electrodes : Electrodes
        Which electrodes were interpolated, and from which channels.

    Raises
    ------
    ConfigError, DataError
        For the reasons of `raw_with_electrodes`.
    """
    from bci_dann.data.screening.dead_channels import dead_channels

    bads = named_channels_of(epochs, options.bads)
    dead = dead_channels(epochs.get_data(), epochs.ch_names, UV_PER_VOLT)
    electrodes = match_electrodes(epochs, recipe, bads, dead)
    return _interpolated(epochs, electrodes, recipe.layout), electrodes


def _dead_channels(
    raw: mne.io.BaseRaw, events: NDArray[np.int_], recipe: ModelRecipe
) -> dict[str, str]:
    import mne

    from bci_dann.data.screening.dead_channels import dead_channels
    from bci_dann.data.screening.trial_faults import ChannelLimits

    picks = mne.pick_types(raw.info, eeg=True, exclude=()).tolist()
    first, last = (round(time * raw.info["sfreq"]) for time in recipe.window)
    inside = [at for at in events if at + first >= 0 and at + last < raw.n_times]
    windows = (raw.get_data(picks, at + first, at + last + 1) for at in inside)
    names = [raw.ch_names[pick] for pick in picks]
    return dead_channels(windows, names, UV_PER_VOLT, ChannelLimits(raw, picks))


def _interpolated(
    recording: Recording, electrodes: Electrodes, layout: RecordingsLayout
) -> Recording:
    from bci_dann.data.channels.interpolation import (
        interpolate_electrodes,
        montage_of,
        with_position,
    )

    names = list(electrodes.replaced)
    if not names:
        return recording
    montage = montage_of(names, layout.montage)
    donors = with_position(electrodes.donors, montage)
    return interpolate_electrodes(recording, names, donors, montage)
