"""Sentences on what differs between a recording and those that a model was trained on."""

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
    """Say what was done to a recording that is not like those of training.

    Parameters
    ----------
    label : str
        The recording.
    sfreq : float
        Its sampling frequency (Hz).
    electrodes : Electrodes
        Where the signals of the model's electrodes come from.
    recipe : ModelRecipe
        What the model wants.
    options : ReadingOptions
        The electrodes of the reference, where the user names some.

    Returns
    -------
    str
        The recording and a sentence for each difference; empty where there is none.
    """
    told = [_channels(electrodes), _interpolated(electrodes), _rate(sfreq, recipe)]
    told.append(_reference(recipe, options, is_other=any(told)))
    sentences = " ".join(text for text in told if text)
    return f"{label}: {sentences}" if sentences else ""


def _channels(electrodes: Electrodes) -> str:
    n_unused = len(set(electrodes.donors) - set(electrodes.present))
    n_used = len(electrodes.present)
    if not n_unused:
        return ""
    return (
        f"{n_used} of its {n_used + n_unused} EEG channels are those of the model, by their names; "
        "the others are not decoded."
    )


def _interpolated(electrodes: Electrodes) -> str:
    if not electrodes.replaced:
        return ""
    return (
        f"Interpolated by spherical splines of {len(electrodes.donors)} electrodes at standard "
        f"positions: {electrodes.listed()}."
    )


def _rate(sfreq: float, recipe: ModelRecipe) -> str:
    from bci_dann.data.segmentation import same_sfreq

    # a model that resamples takes any frequency
    if recipe.preprocessing.resample is not None or same_sfreq(sfreq, recipe.sfreq):
        return ""
    return f"Sampled at {sfreq:g} Hz; its trials are resampled to the model's {recipe.sfreq:g} Hz."


def _reference(recipe: ModelRecipe, options: ReadingOptions, *, is_other: bool) -> str:
    if options.reference:
        return f"Re-referenced to {', '.join(options.reference)}."
    if recipe.preprocessing.reference is not None or not is_other:
        return ""
    return (
        "Its own reference is kept, as the training recordings keep theirs; files do not say "
        "whether it is the same electrode. --reference (or reference= in Python) changes it."
    )
