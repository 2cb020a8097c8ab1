"""Trials from mne.Epochs, with the channels, window and sampling frequency of a model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bci_dann._validation import check_option
from bci_dann.exceptions import DataError
from bci_dann.serving.checks.channel_exchange import warn_of_exchange
from bci_dann.serving.checks.mismatches import (
    filtered_epochs,
    warn_of_lacking_reference,
    warn_of_reference,
)
from bci_dann.serving.checks.plausibility import warn_of_amplitude
from bci_dann.serving.headsets.repaired_signals import epochs_with_electrodes
from bci_dann.serving.reading.recording_names import epochs_session, recording_label

if TYPE_CHECKING:
    import mne
    import pandas as pd

    from bci_dann.data import EEGTrials
    from bci_dann.serving.headsets.electrodes import Electrodes
    from bci_dann.serving.model_recipe import ModelRecipe
    from bci_dann.serving.reading.reading_options import ReadingOptions
    from bci_dann.serving.served_model import ServedModel

__all__ = ["EpochsTrials", "as_trials", "event_names", "trials_of_epochs"]

# Only one subject is served at a time; the name must differ from those of the source subjects.
NEW_SUBJECT = "new"
UV_PER_VOLT = 1e6


class EpochsTrials(NamedTuple):
    """Trials from epochs, with their cues and electrodes.

    Parameters
    ----------
    trials : EEGTrials or None
        See :func:`bci_dann.serving.prepare`. The session of each trial is that in the column
        ``session`` of the metadata of the epochs, if there is one.
    cues : pandas.DataFrame
        The events of the epochs, with the reason if an epoch gives no trial.
    electrodes : Electrodes
        Which electrodes of the model were present, and which were interpolated.
    """

    trials: EEGTrials | None
    cues: pd.DataFrame
    electrodes: Electrodes


def trials_of_epochs(
    epochs: mne.BaseEpochs, model: ServedModel, options: ReadingOptions
) -> EpochsTrials:
    """Convert epochs to the channels, the window and the sampling frequency of a model.

    Parameters
    ----------
    epochs : mne.Epochs
        Filtered like the trials of the model, time-locked to the event that starts
        a trial. They are not changed.
    model : ServedModel
        The model.
    options : ReadingOptions
        Options of the user: events (by default all), unit, and names of channels.

    Returns
    -------
    EpochsTrials
        Without trials if all epochs exceed the amplitude limit.

    Raises
    ------
    ConfigError
        When there is no event with the name of a cue.
    DataError
        When too many channels are missing, or the epochs do not cover the model's window.
    """
    label, recipe = recording_label(epochs), model.recipe
    if not options.reference:
        warn_of_reference(epochs, recipe.preprocessing, label)
    try:
        selected = _epochs_of_cues(epochs.copy().load_data(), list(options.cues))
        selected, electrodes = _with_layout(selected, recipe, options, label)
        selected = filtered_epochs(selected, recipe.preprocessing, recipe.window, label)
        cues = _cue_table(selected, recipe, options)
        accepted = _within_limit(selected, recipe)
        cues.loc[~np.isin(selected.selection, accepted.selection), "left_out"] = "amplitude"
        if not len(accepted):
            return EpochsTrials(None, cues, electrodes)
        matched = _in_window(accepted, recipe, model.n_times)
    except DataError as error:
        raise DataError(f"{label}: {error}") from error
    has_session = matched.metadata is not None and "session" in matched.metadata
    session = matched.metadata["session"].to_numpy() if has_session else epochs_session(epochs)
    events = event_names(matched)
    scale = _scale(recipe, options, label)
    interpolated = tuple(electrodes.replaced)
    metadata = {"session": session, "onset": np.nan, "event": events}
    trials = as_trials(matched, recipe, label, scale, interpolated, **metadata)
    return EpochsTrials(trials, cues, electrodes)


def _cue_table(
    epochs: mne.BaseEpochs, recipe: ModelRecipe, options: ReadingOptions
) -> pd.DataFrame:
    from bci_dann.data.screening.cues import cue_table

    names = event_names(epochs)
    known = {
        **recipe.layout.events_of(),
        **{event: name for event, name in options.cues.items() if name},
    }
    labels = [known.get(name, name) for name in names]
    return cue_table(np.arange(len(names)), names, labels).assign(onset=np.nan)


def as_trials(
    epochs: mne.BaseEpochs,
    recipe: ModelRecipe,
    label: str,
    scale: float,
    interpolated: Sequence[str] = (),
    **metadata: Any,
) -> EEGTrials:
    """Convert epochs with the channels and window of a model to trials in microvolt.

    Parameters
    ----------
    epochs : mne.Epochs
        Epochs in volt.
    recipe : ModelRecipe
        Recipe with the amplitude of the training trials.
    label : str
        Name of the recording, for messages.
    scale : float
        The factor that the samples were already multiplied by.
    interpolated : sequence of str
        Interpolated electrodes; with any, exchanged channels cannot be detected.
    **metadata : object
        Further columns of the metadata: one value for all trials, or one for each.

    Returns
    -------
    EEGTrials
        In microvolt, without labels.

    Raises
    ------
    DataError
        When the amplitudes are not plausible for EEG, or indicate another unit than in training.
    """
    import pandas as pd

    from bci_dann.data import EEGTrials

    signals = (epochs.get_data() * UV_PER_VOLT).astype(np.float32)
    columns = {"subject": NEW_SUBJECT, "run": "0", **metadata}
    if interpolated:
        columns["interpolated"] = " ".join(interpolated)
    table = pd.DataFrame(columns, index=range(len(signals)))
    _check_scale(signals, recipe, label, scale)
    try:
        trials = EEGTrials(signals, None, table, epochs.info)
    except DataError as error:
        raise DataError(f"{label}: {error}") from error
    if not interpolated:
        warn_of_exchange(signals, recipe, label)
    return trials


def _check_scale(
    signals: NDArray[np.float32], recipe: ModelRecipe, label: str, scale: float
) -> None:
    """Raise an error if the amplitude differs from training by a factor between two units."""
    from bci_dann.data.channels.units import unit_name
    from bci_dann.data.screening.dataset_checks import RECORDING_RATIO
    from bci_dann.data.signal_checks import FLAT_UV, typical_amplitude

    if recipe.typical_uv is None or not len(signals):  # recipes of older versions do not have it
        return
    typical = typical_amplitude(signals)
    if not 1 / RECORDING_RATIO < typical / recipe.typical_uv < RECORDING_RATIO:
        # adjacent units, such as volt and millivolt, differ by a factor of 1000
        n_units = round(np.log10(recipe.typical_uv / max(typical, FLAT_UV)) / 3)
        unit = unit_name(scale * 1000.0**n_units)
        option = unit if isinstance(unit, str) else f"{unit:g}"
        raise DataError(
            f"{label} has a typical amplitude of {typical:.3g} µV, but the model was trained on "
            f"{recipe.typical_uv:.3g} µV: the unit seems to differ. Check the file, and give "
            f"--unit-scale {option} (or unit_scale={unit!r} in Python)."
        )
    warn_of_amplitude(typical, recipe.typical_range_uv, label)


def event_names(epochs: mne.BaseEpochs) -> NDArray[np.str_]:
    """Return the name of the event of each epoch.

    Parameters
    ----------
    epochs : mne.Epochs
        Epochs with their ``event_id``.

    Returns
    -------
    ndarray of str, shape (n_epochs,)
        A key of ``epochs.event_id`` for each epoch.
    """
    names = {code: name for name, code in epochs.event_id.items()}
    return np.array([names[code] for code in epochs.events[:, 2]])


def _epochs_of_cues(epochs: mne.BaseEpochs, cues: Sequence[str]) -> mne.BaseEpochs:
    for cue in cues:
        check_option("each cue", cue, epochs.event_id)
    selected = epochs[list(cues)] if cues else epochs
    if not len(selected):
        raise DataError(
            "there are no epochs, because all were dropped; `drop_log` contains the reasons."
        )
    return selected


def _with_layout(
    epochs: mne.BaseEpochs, recipe: ModelRecipe, options: ReadingOptions, label: str
) -> tuple[mne.BaseEpochs, Electrodes]:
    """Rename, re-reference, interpolate, pick and scale channels, in place."""
    from bci_dann.data.channels.channel_selection import check_channels
    from bci_dann.data.channels.channel_use import as_good_eeg
    from bci_dann.data.channels.electrode_names import channels_named, resolve_names
    from bci_dann.data.channels.units import scale_samples

    layout, channels = recipe.layout, list(recipe.preprocessing.channels or [])
    rename = {**layout.rename, **options.rename}
    epochs.rename_channels(
        {name: new for old, new in rename.items() for name in channels_named(old, epochs.ch_names)},
        verbose="error",
    )
    if options.reference:
        reference = resolve_names(options.reference, epochs.ch_names)
        check_channels(epochs, reference)
        epochs.set_eeg_reference(reference, verbose="error")
    epochs, electrodes = epochs_with_electrodes(epochs, recipe, options)
    names = resolve_names(channels, epochs.ch_names)
    check_channels(epochs, names)
    _apply_reference(epochs, recipe, names, label)
    epochs.pick(names, verbose="error").reorder_channels(names)
    epochs.rename_channels(dict(zip(names, channels, strict=True)), verbose="error")
    as_good_eeg(epochs)
    scale_samples(epochs, _scale(recipe, options, label))
    return epochs, electrodes


def _apply_reference(
    epochs: mne.BaseEpochs, recipe: ModelRecipe, names: Sequence[str], label: str
) -> None:
    """Apply the reference of training in place, whatever the reference of the epochs is."""
    from bci_dann.data.channels.electrode_names import resolve_names

    reference = recipe.preprocessing.reference
    if reference is None:
        return
    chosen = names if reference == "average" else resolve_names(reference, epochs.ch_names)
    if set(chosen) <= set(epochs.ch_names):
        epochs.set_eeg_reference(list(chosen), verbose="error")
    else:
        warn_of_lacking_reference(epochs, recipe.preprocessing, label)


def _scale(recipe: ModelRecipe, options: ReadingOptions, label: str) -> float:
    from bci_dann.data.channels.units import scale_of

    if options.unit_scale is not None:
        return options.unit_scale
    return scale_of(recipe.layout.unit_scale, Path(label).as_posix())


def _within_limit(epochs: mne.BaseEpochs, recipe: ModelRecipe) -> mne.BaseEpochs:
    """Drop epochs above the amplitude limit of training."""
    limit = recipe.preprocessing.reject_uv
    if limit is None:
        return epochs
    return epochs.copy().drop_bad(reject={"eeg": limit / UV_PER_VOLT}, verbose="error")


def _in_window(epochs: mne.BaseEpochs, recipe: ModelRecipe, n_times: int | None) -> mne.BaseEpochs:
    from bci_dann.data.filtering.epoch_resampling import resampled_epochs
    from bci_dann.data.segmentation import same_sfreq

    start, end = recipe.window
    half_a_sample = 0.5 / epochs.info["sfreq"]
    if start < epochs.times[0] - half_a_sample or end > epochs.times[-1] + half_a_sample:
        raise DataError(
            f"the epochs last from {epochs.times[0]:g} to {epochs.times[-1]:g} s relative to their "
            f"event, but the model needs {start:g} to {end:g} s: cut longer epochs, or give the "
            "Raw."
        )
    is_same = same_sfreq(epochs.info["sfreq"], recipe.sfreq)
    resample = None if is_same else recipe.sfreq
    cut = partial(_cropped, epochs, start)
    matched = resampled_epochs(cut, end, resample, n_times)
    missing = 0 if n_times is None else n_times - len(matched.times)
    if missing:
        longer = f"cut them {missing / recipe.sfreq:.3g} s longer, or " if missing > 0 else ""
        raise DataError(
            f"the epochs have {len(matched.times)} samples from {start:g} to {end:g} s at "
            f"{recipe.sfreq:g} Hz, but the model needs {n_times}: {longer}give the Raw."
        )
    return matched


def _cropped(epochs: mne.BaseEpochs, start: float, end: float) -> mne.BaseEpochs:
    last = min(end, epochs.times[-1])
    return epochs.copy().crop(max(start, epochs.times[0]), last, verbose="error")
