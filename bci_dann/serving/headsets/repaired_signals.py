"""Recordings in which electrodes of a model that are missing or dead are interpolated."""

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
    """Return a recording in which every electrode of a model has a signal.

    Parameters
    ----------
    raw : mne.io.Raw
        In memory, in volt and as recorded, with channels named as the layout says. It is left as
        it is.
    events : ndarray of int, shape (n_trials,)
        The samples at which trials start, counted from the first.
    recipe : ModelRecipe
        Has the model's electrodes and window.
    layout : RecordingsLayout
        Has the montage whose positions come first.
    options : ReadingOptions
        Has the channels that the user says are bad.

    Returns
    -------
    raw : mne.io.Raw
        With the interpolated electrodes as its last channels.
    electrodes : Electrodes
        What was interpolated, and from what.

    Raises
    ------
    ConfigError
        When a channel that the user names is not there.
    DataError
        When too many electrodes have no signal, or one cannot be interpolated.
    """
    bads = named_channels_of(raw, options.bads)
    electrodes = match_electrodes(raw, recipe, bads, _dead_channels(raw, events, recipe))
    if not electrodes.replaced:
        return raw, electrodes
    return _interpolated(raw.copy(), electrodes, layout), electrodes


def epochs_with_electrodes(
    epochs: mne.BaseEpochs, recipe: ModelRecipe, options: ReadingOptions
) -> tuple[mne.BaseEpochs, Electrodes]:
    """Give every electrode of a model a signal in epochs, in place.

    Parameters
    ----------
    epochs : mne.Epochs
        In memory. They may be filtered, so channels at a limit of their range are not looked for.
    recipe : ModelRecipe
        Has the model's electrodes and the layout.
    options : ReadingOptions
        Has the channels that the user says are bad.

    Returns
    -------
    epochs : mne.Epochs
        The same.
    electrodes : Electrodes
        What was interpolated, and from what.

    Raises
    ------
    ConfigError, DataError
        As `raw_with_electrodes`.
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
