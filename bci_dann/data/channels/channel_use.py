"""Decision which channels of a recording are used as EEG, and under which names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias, TypeVar

import mne
import numpy as np

from bci_dann.data.channels.channel_account import (
    DERIVATION,
    MATCHED,
    NUMBERED,
    SAME_POSITION,
    UNKNOWN,
    ChannelAccount,
    ChannelUse,
)
from bci_dann.data.channels.electrode_names import (
    channels_named,
    is_derivation,
    is_numbered,
    other_signal,
    says_eeg,
    standard_name,
)
from bci_dann.data.montages import standard_montage
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.exceptions import DataError

__all__ = [
    "account_channels",
    "as_good_eeg",
    "with_channels",
]

Recording = TypeVar("Recording", mne.io.BaseRaw, mne.BaseEpochs)
Names: TypeAlias = dict[str, tuple[str, str]]


def account_channels(
    raw: mne.io.BaseRaw, layout: RecordingsLayout, file: Path | str
) -> ChannelAccount:
    """Decide how each channel of a recording is used.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording as MNE reads it; not changed.
    layout : RecordingsLayout
        With channels to rename, to drop and to add (``extra_channels``).
    file : pathlib.Path or str
        Name of the recording in messages.

    Returns
    -------
    ChannelAccount
        One entry for each channel.

    Raises
    ------
    DataError
        When no EEG channel remains, or two channels have the same name.
    """
    types = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
    dropped = _named_by(layout.drop, types)
    kept = [name for name in types if name not in dropped]
    renamed = {
        name: new for old, new in layout.rename.items() for name in channels_named(old, kept)
    }
    extra = _named_by(layout.extra_channels, kept) | {
        name for name in kept if renamed.get(name) in layout.extra_channels
    }
    candidates = {
        name: renamed.get(name, name) for name in kept if types[name] == "eeg" and name not in extra
    }
    positioned = _with_position(raw, candidates, layout.montage)
    others = _other_signals(candidates, positioned)
    used = [name for name in kept if name in extra or (name in candidates and name not in others)]
    names = _names(used, renamed, extra, positioned)

    def use(name: str, kind: str) -> ChannelUse:
        if name in names:
            return ChannelUse(name, kind, *names[name])
        if name in others:
            return ChannelUse(name, kind, "", others[name][1], others[name][0])
        reason = "`drop`" if name in dropped else f"of the type {kind} in the file"
        return ChannelUse(name, kind, "", reason, "")

    account = ChannelAccount(str(file), tuple(use(*one) for one in types.items()))
    _check(account)
    return account


def _named_by(entries: Iterable[str], names: Collection[str]) -> set[str]:
    return {name for entry in entries for name in channels_named(entry, names)}


def _with_position(
    raw: mne.io.BaseRaw, candidates: Mapping[str, str], montage: str | None
) -> set[str]:
    """Return the channels whose positions are in the montage or in the file."""
    known = set() if montage is None else {n.lower() for n in standard_montage(montage).ch_names}
    places = {channel["ch_name"]: channel["loc"][:3] for channel in raw.info["chs"]}
    in_file = {name for name, loc in places.items() if np.isfinite(loc).all() and loc.any()}
    return in_file | {name for name, new in candidates.items() if new.lower() in known}


def _other_signals(candidates: Mapping[str, str], positioned: set[str]) -> Names:
    """Return type and reason of the channels that are not scalp electrodes, by their names."""
    others = {
        name: (kind, f"{kind.upper() if kind != 'misc' else 'not EEG'} according to its name")
        for name, new in candidates.items()
        if (kind := other_signal(new)) is not None
    }
    rest = [name for name in candidates if name not in others]
    named = [name for name in rest if name in positioned or _names_electrodes(candidates[name])]
    numbered = [name for name in rest if name not in named and is_numbered(candidates[name])]
    unknown = [name for name in rest if name not in named and name not in numbered]
    # few numbered channels next to named electrodes are spare inputs; otherwise they are electrodes
    if len(numbered) < len(named):
        unknown += numbered
        numbered = []
    if named or numbered:  # otherwise all names are user-defined, and all channels are kept
        others |= dict.fromkeys(unknown, ("misc", UNKNOWN))
    return others


def _names_electrodes(name: str) -> bool:
    return standard_name(name) is not None or is_derivation(name) or says_eeg(name)


def _names(
    used: Iterable[str],
    renamed: Mapping[str, str],
    extra: Collection[str],
    positioned: Collection[str],
) -> Names:
    """Return the new name of each used channel, and the reason for it."""
    wanted = {name: renamed.get(name) or standard_name(name) or name for name in used}
    times = Counter(wanted.values())
    names: Names = {}
    for name, new in wanted.items():
        if name in renamed:
            names[name] = (new, "`rename`")
        elif new != name:
            names[name] = (new, MATCHED) if times[new] == 1 else (name, SAME_POSITION)
        elif name in extra:
            names[name] = (name, "`extra_channels`")
        elif name in positioned or standard_name(name) is not None:
            names[name] = (name, "")
        else:
            names[name] = (name, DERIVATION if is_derivation(name) else NUMBERED)
    return names


def _check(account: ChannelAccount) -> None:
    after = [one.used_as or one.name for one in account.uses if one.type_after]
    if not any(one.used_as for one in account.uses):
        listed = ", ".join(f"{one.name} ({one.reason})" for one in account.uses)
        raise DataError(
            f"{account.file} has no EEG channels; it has {listed or 'no channel at all'}. "
            "If some of these are EEG channels, list them in `extra_channels`."
        )
    duplicates = sorted(name for name, times in Counter(after).items() if times > 1)
    if duplicates:
        raise DataError(
            f"{account.file} has several channels with the names {duplicates} after `rename`. "
            "Leave out all but one of each with `drop`, or give them different names."
        )


def with_channels(raw: mne.io.BaseRaw, account: ChannelAccount) -> mne.io.BaseRaw:
    """Remove and rename channels of a recording and set their types, in place.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording that ``account`` describes.
    account : ChannelAccount
        How each channel is used.

    Returns
    -------
    mne.io.Raw
        The same recording, with the EEG channels, and with the channels that the reader declared as
        EEG but that are not, under their actual types.
    """
    kept = [one for one in account.uses if one.type_after]
    raw.pick([one.name for one in kept], verbose="error")
    changed = {one.name: one.type_after for one in kept if one.type_after != one.type}
    raw.set_channel_types(changed, on_unit_change="ignore", verbose="error")
    new_names = {one.name: one.used_as for one in kept if one.used_as}
    return raw.rename_channels(new_names, verbose="error")


def as_good_eeg(recording: Recording) -> Recording:
    """Declare all channels of a recording as good EEG, in place.

    This is necessary because MNE's filters pick channels by type, and its rejection ignores bad
    channels.

    Parameters
    ----------
    recording : mne.io.Raw or mne.Epochs
        The recording, with only the selected channels.

    Returns
    -------
    mne.io.Raw or mne.Epochs
        The given recording.
    """
    types = recording.get_channel_types()
    others = [name for name, kind in zip(recording.ch_names, types, strict=True) if kind != "eeg"]
    recording.set_channel_types(
        dict.fromkeys(others, "eeg"), on_unit_change="ignore", verbose="error"
    )
    recording.info["bads"] = []
    return recording
