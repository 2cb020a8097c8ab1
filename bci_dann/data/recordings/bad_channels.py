"""Channels that a recording marks bad: refused, left out with a warning, or used when asked."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import mne

from bci_dann.exceptions import BCIDannWarning, DataError

__all__ = ["check_alike", "check_not_bad"]


def check_not_bad(recording: mne.io.BaseRaw | mne.BaseEpochs, names: Sequence[str]) -> None:
    """Raise where a wanted channel is marked bad.

    Parameters
    ----------
    recording : mne.io.Raw or mne.Epochs
        Its ``info["bads"]`` are the marks.
    names : sequence of str
        The channels that are wanted.

    Raises
    ------
    DataError
        Naming the channels and what can be done.
    """
    bad = [name for name in names if name in recording.info["bads"]]
    if bad:
        raise DataError(
            f"the channels {bad} are marked bad in the recording. Leave them out everywhere "
            "(`drop`, or a list of `channels` without them), take them as they are with "
            "preprocessing `bads: use`, or interpolate them with MNE and save the recording."
        )


def check_alike(bads: Mapping[Path, Collection[str]]) -> None:
    """Check that the same channels are marked bad in all recordings, and warn of them.

    Parameters
    ----------
    bads : mapping of pathlib.Path to collection of str
        By each recording the channels that it marks bad.

    Raises
    ------
    DataError
        When a channel is marked bad in some recordings only, which then lack it.

    Warns
    -----
    BCIDannWarning
        When channels are marked bad in all.
    """
    marked = {name: path for path, names in bads.items() for name in names}
    partly = {
        name: path
        for name, path in marked.items()
        if not all(name in names for names in bads.values())
    }
    if partly:
        name, path = next(iter(partly.items()))
        others = f" So are {', '.join(list(partly)[1:])} in some." if len(partly) > 1 else ""
        raise DataError(
            f"{path}: the channel {name!r} is marked bad, and in other recordings it is not."
            f"{others} Leave such channels out everywhere with `drop`, or take them as they are "
            "with preprocessing `bads: use`."
        )
    if marked:
        warnings.warn(
            f"the channels {', '.join(marked)} are marked bad in all recordings and left out. "
            "Preprocessing `bads: use` takes them as they are.",
            BCIDannWarning,
            stacklevel=2,
        )
