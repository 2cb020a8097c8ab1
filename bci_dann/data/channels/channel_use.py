"""Which channels of a recording are used as EEG, under which names, and why others are not."""

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
    SHARED,
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
    """Decide what becomes of each channel of a recording.

    Parameters
    ----------
    raw : mne.io.Raw
        As MNE reads it; it is left as it is.
    layout : RecordingsLayout
        Channels to rename, to drop and to take.
    file : pathlib.Path or str
        What messages call the recording.

    Returns
    -------
    ChannelAccount
        One entry for each channel.

    Raises
    ------
    DataError
        When no EEG channel remains, or two have one name.
    """
    types = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
    dropped = _named_by(layout.drop, types)
    kept = [name for name in types if name not in dropped]
    renamed = {
        name: new for old, new in layout.rename.items() for name in channels_named(old, kept)
    }
    asked = _named_by(layout.extra_channels, kept) | {
        name for name in kept if renamed.get(name) in layout.extra_channels
    }
    judged = {
        name: renamed.get(name, name) for name in kept if types[name] == "eeg" and name not in asked
    }
    placed = _with_position(raw, judged, layout.montage)
    others = _other_signals(judged, placed)
    used = [name for name in kept if name in asked or (name in judged and name not in others)]
    names = _names(used, renamed, asked, placed)

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


def _with_position(raw: mne.io.BaseRaw, judged: Mapping[str, str], montage: str | None) -> set[str]:
    """Return the channels whose positions the montage or the file knows."""
    known = set() if montage is None else {n.lower() for n in standard_montage(montage).ch_names}
    places = {channel["ch_name"]: channel["loc"][:3] for channel in raw.info["chs"]}
    in_file = {name for name, loc in places.items() if np.isfinite(loc).all() and loc.any()}
    return in_file | {name for name, now in judged.items() if now.lower() in known}


def _other_signals(judged: Mapping[str, str], placed: set[str]) -> Names:
    """Return type and reason of the channels that are no electrodes on the scalp."""
    others = {
        name: (kind, f"{kind.upper() if kind != 'misc' else 'no EEG'} by its name")
        for name, now in judged.items()
        if (kind := other_signal(now)) is not None
    }
    rest = [name for name in judged if name not in others]
    named = [name for name in rest if name in placed or _names_electrodes(judged[name])]
    numbered = [name for name in rest if name not in named and is_numbered(judged[name])]
    unknown = [name for name in rest if name not in named and name not in numbered]
    # numbers are the electrodes of a cap that has no names, or spare inputs beside those that have
    if len(numbered) < len(named):
        unknown += numbered
        numbered = []
    if named or numbered:  # else the cap has names of its own
        others |= dict.fromkeys(unknown, ("misc", UNKNOWN))
    return others


def _names_electrodes(name: str) -> bool:
    return standard_name(name) is not None or is_derivation(name) or says_eeg(name)


def _names(
    used: Iterable[str], renamed: Mapping[str, str], asked: Collection[str], placed: Collection[str]
) -> Names:
    """Return the names of the channels that are used, each with the reason."""
    wanted = {name: renamed.get(name) or standard_name(name) or name for name in used}
    times = Counter(wanted.values())
    names: Names = {}
    for name, new in wanted.items():
        if name in renamed:
            names[name] = (new, "`rename`")
        elif new != name:
            names[name] = (new, MATCHED) if times[new] == 1 else (name, SHARED)
        elif name in asked:
            names[name] = (name, "`extra_channels`")
        elif name in placed or standard_name(name) is not None:
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
            "Channels that are EEG in spite of it are taken with `extra_channels`."
        )
    duplicates = sorted(name for name, times in Counter(after).items() if times > 1)
    if duplicates:
        raise DataError(
            f"{account.file} has several channels of the names {duplicates} after `rename`. "
            "Leave all but one of each out with `drop`, or rename them otherwise."
        )


def with_channels(raw: mne.io.BaseRaw, account: ChannelAccount) -> mne.io.BaseRaw:
    """Remove, rename and type the channels of a recording in place, as an account says.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording of the account.
    account : ChannelAccount
        What becomes of each channel.

    Returns
    -------
    mne.io.Raw
        The EEG channels, and with other types those that the reader had taken for EEG.
    """
    kept = [one for one in account.uses if one.type_after]
    raw.pick([one.name for one in kept], verbose="error")
    changed = {one.name: one.type_after for one in kept if one.type_after != one.type}
    raw.set_channel_types(changed, on_unit_change="ignore", verbose="error")
    new_names = {one.name: one.used_as for one in kept if one.used_as}
    return raw.rename_channels(new_names, verbose="error")


def as_good_eeg(recording: Recording) -> Recording:
    """Treat all channels of a recording as good EEG, in place.

    MNE's filters pick channels by their type, and its rejection passes over bad ones.

    Parameters
    ----------
    recording : mne.io.Raw or mne.Epochs
        The recording, with the channels that are wanted and no others.

    Returns
    -------
    mne.io.Raw or mne.Epochs
        The same.
    """
    types = recording.get_channel_types()
    others = [name for name, kind in zip(recording.ch_names, types, strict=True) if kind != "eeg"]
    recording.set_channel_types(
        dict.fromkeys(others, "eeg"), on_unit_change="ignore", verbose="error"
    )
    recording.info["bads"] = []
    return recording
