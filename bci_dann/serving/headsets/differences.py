"""Sentences for users on differences between a recording and the training recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bci_dann.serving.headsets.electrodes import Electrodes
    from bci_dann.serving.model_recipe import ModelRecipe
    from bci_dann.serving.reading.reading_options import ReadingOptions

__all__ = ["differences"]


def differences(
    label: str,
    sfreq: float,
    electrodes: Electrodes,
    recipe: ModelRecipe,
    options: ReadingOptions,
) -> str:
    """Describe how a recording was changed because it differs from the training recordings.

    Parameters
    ----------
    label : str
        Name of the recording.
    sfreq : float
        Sampling frequency of the recording (Hz).
    electrodes : Electrodes
        Which electrodes of the model the recording has, and which are interpolated.
    recipe : ModelRecipe
        Recipe of the model.
    options : ReadingOptions
        Options of the user, with the reference electrodes, if any.

    Returns
    -------
    str
        The name of the recording and a sentence for each difference; empty without differences.
    """
    found = [_channels(electrodes), _interpolated(electrodes, recipe), _rate(sfreq, recipe)]
    found.append(_reference(recipe, options, is_other=any(found)))
    sentences = " ".join(text for text in found if text)
    return f"{label}: {sentences}" if sentences else ""


def _channels(electrodes: Electrodes) -> str:
    n_unused = len(set(electrodes.donors) - set(electrodes.present))
    n_used = len(electrodes.present)
    if not n_unused:
        return ""
    return (
        f"The model uses {n_used} of the {n_used + n_unused} EEG channels, matched by name; the "
        "others are ignored."
    )


def _interpolated(electrodes: Electrodes, recipe: ModelRecipe) -> str:
    from bci_dann.data.channels.interpolation import montage_of, with_position

    if not electrodes.replaced:
        return ""
    montage = montage_of(list(electrodes.replaced), recipe.layout.montage)
    n_donors = len(with_position(electrodes.donors, montage))
    return (
        f"Interpolated by spherical splines from {n_donors} electrodes at standard positions: "
        f"{electrodes.listed()}."
    )


def _rate(sfreq: float, recipe: ModelRecipe) -> str:
    from bci_dann.data.segmentation import same_sfreq

    # a model with the preprocessing step `resample` accepts any frequency
    if recipe.preprocessing.resample is not None or same_sfreq(sfreq, recipe.sfreq):
        return ""
    return (
        f"Recorded at {sfreq:g} Hz; the trials are resampled to the {recipe.sfreq:g} Hz of the "
        "model."
    )


def _reference(recipe: ModelRecipe, options: ReadingOptions, *, is_other: bool) -> str:
    if options.reference:
        return f"Re-referenced to {', '.join(options.reference)}."
    if recipe.preprocessing.reference is not None or not is_other:
        return ""
    return (
        "The reference of the recording is kept, as in training; files do not state whether it is "
        "the same electrode. --reference (or reference= in Python) changes it."
    )
