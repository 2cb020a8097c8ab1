"""Selection of the channels of trials: the requested ones, or all good EEG channels."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import mne

from bci_dann._validation import did_you_mean
from bci_dann.data.channels.electrode_names import resolve_names
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.exceptions import BCIDannWarning, DataError

__all__ = [
    "check_alike",
    "check_channels",
    "check_not_bad",
    "named_channels",
    "selected_channels",
]


def selected_channels(raw: mne.io.BaseRaw, preprocessing: Preprocessing) -> list[str]:
    """Return the channels of the trials.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording.
    preprocessing : Preprocessing
        The keys ``channels`` and ``bads``.

    Returns
    -------
    list of str
        Names in the recording of the requested channels, or of all good EEG channels.

    Raises
    ------
    DataError
        When a requested channel is marked bad, or its name is ambiguous.
    """
    if preprocessing.channels is not None:
        return named_channels(raw, preprocessing.channels, preprocessing)
    exclude = "bads" if preprocessing.bads == "leave_out" else ()
    return [raw.ch_names[i] for i in mne.pick_types(raw.info, eeg=True, exclude=exclude)]


def named_channels(
    raw: mne.io.BaseRaw | mne.BaseEpochs, wanted: Sequence[str], preprocessing: Preprocessing
) -> list[str]:
    """Return the names of requested channels in a recording.

    Parameters
    ----------
    raw : mne.io.Raw or mne.Epochs
        The recording.
    wanted : sequence of str
        The channels, in any spelling of an electrode's name.
    preprocessing : Preprocessing
        The key ``bads``.

    Returns
    -------
    list of str
        Names in the order of ``wanted``. Channels that the recording lacks keep the given spelling.

    Raises
    ------
    DataError
        See `selected_channels`.
    """
    names = resolve_names(wanted, raw.ch_names)
    if preprocessing.bads == "leave_out":
        check_not_bad(raw, names)
    return names


def check_channels(raw: mne.io.BaseRaw | mne.BaseEpochs, names: list[str]) -> None:
    """Raise an error unless a recording has all of the given channels.

    Parameters
    ----------
    raw : mne.io.Raw or mne.Epochs
        The recording.
    names : list of str
        The channels.

    Raises
    ------
    DataError
        When channels are missing, or none are given; names them.
    """
    missing = [name for name in names if name not in raw.ch_names]
    if missing:
        guess = did_you_mean(missing[0], raw.ch_names)
        raise DataError(
            f"the channels {missing} are not in the recording.{guess} "
            f"It has {', '.join(raw.ch_names)}."
        )
    if not names:
        raise DataError(f"the recording has no EEG channels. It has {', '.join(raw.ch_names)}.")


def check_not_bad(recording: mne.io.BaseRaw | mne.BaseEpochs, names: Sequence[str]) -> None:
    """Raise an error if a requested channel is marked bad.

    Parameters
    ----------
    recording : mne.io.Raw or mne.Epochs
        The recording, with bad channels in ``info["bads"]``.
    names : sequence of str
        The requested channels.

    Raises
    ------
    DataError
        When one is marked bad; names the channels and possible remedies.
    """
    bad = [name for name in names if name in recording.info["bads"]]
    if bad:
        raise DataError(
            f"the channels {bad} are marked bad in the recording. Leave them out of all recordings "
            "(`drop`, or a list of `channels` without them), use them regardless with "
            "preprocessing `bads: use`, or interpolate them with MNE and save the recording."
        )


def check_alike(bads: Mapping[Path, Collection[str]]) -> None:
    """Check that the same channels are marked bad in all recordings, and list them in a warning.

    Parameters
    ----------
    bads : mapping of pathlib.Path to collection of str
        Bad channels of each recording.

    Raises
    ------
    DataError
        When a channel is marked bad in some recordings, but not in others.

    Warns
    -----
    BCIDannWarning
        When channels are marked bad in all recordings.
    """
    marked = {name: path for path, names in bads.items() for name in names}
    partly = {
        name: path
        for name, path in marked.items()
        if not all(name in names for names in bads.values())
    }
    if partly:
        name, path = next(iter(partly.items()))
        others = f" The same applies to {', '.join(list(partly)[1:])}." if len(partly) > 1 else ""
        raise DataError(
            f"{path}: the channel {name!r} is marked bad, but not in other recordings.{others} "
            "Leave such channels out of all recordings with `drop`, or use them regardless with "
            "preprocessing `bads: use`."
        )
    if marked:
        warnings.warn(
            f"the channels {', '.join(marked)} are marked bad in all recordings and left out. "
            "With preprocessing `bads: use` they are used regardless.",
            BCIDannWarning,
            stacklevel=2,
        )
