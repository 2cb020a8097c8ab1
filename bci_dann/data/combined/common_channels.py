"""Channels of several datasets: their intersection or union, with interpolation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import mne

from bci_dann.data.channels.electrode_names import channels_named, resolve_names
from bci_dann.data.channels.interpolation import (
    MAX_SHARE,
    interpolate_electrodes,
    montage_of,
    with_position,
)
from bci_dann.exceptions import DataError

__all__ = ["RecordingChannels", "all_channels", "common_channels"]

# Smallest number of common electrodes; motor-imagery datasets have at least C3, Cz and C4.
MIN_COMMON = 3


def common_channels(channels: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the electrodes that all datasets have.

    Parameters
    ----------
    channels : mapping of str to sequence of str
        Channel names by dataset, in any spelling of the electrodes.

    Returns
    -------
    list of str
        Electrodes in the order and spelling of the first dataset.

    Raises
    ------
    DataError
        When there are fewer than three common electrodes.
    """
    first, *others = channels.values()
    common = [name for name in first if all(channels_named(name, names) for names in others)]
    if len(common) < MIN_COMMON:
        listed = "; ".join(f"{name} has {', '.join(names)}" for name, names in channels.items())
        raise DataError(
            f"the datasets have {', '.join(common) or 'no channel'} in common, and at least "
            f"{MIN_COMMON} are needed: {listed}. Give names of electrodes with "
            "`recordings.rename`, or leave a dataset out."
        )
    return common


def all_channels(channels: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the electrodes that at least one dataset has.

    Parameters
    ----------
    channels : mapping of str to sequence of str
        See :func:`common_channels`.

    Returns
    -------
    list of str
        Electrodes in the order and spelling of their first occurrence.
    """
    union: list[str] = []
    for names in channels.values():
        union += [name for name in names if not channels_named(name, union)]
    return union


@dataclass(frozen=True)
class RecordingChannels:
    """Conversion of the recordings of one dataset to the common channels of several.

    Attributes
    ----------
    wanted : list of str
        The channel names for all datasets.
    interpolate : bool
        Whether electrodes that are missing or marked bad are interpolated.
    use_bads : bool
        Whether channels that are marked bad are used regardless.
    montage : str or None
        MNE's name of the preferred montage for electrode positions.
    interpolated : set of str
        The electrodes that have been interpolated in at least one recording so far.
    """

    wanted: list[str]
    interpolate: bool = False
    use_bads: bool = False
    montage: str | None = None
    interpolated: set[str] = field(default_factory=set)

    def missing(self, raw: mne.io.BaseRaw) -> list[str]:
        """Return the electrodes for which a recording has no usable signal.

        Parameters
        ----------
        raw : mne.io.Raw
            The recording.

        Returns
        -------
        list of str
            Names in ``wanted``. With interpolation, these include electrodes that are marked bad.

        Raises
        ------
        DataError
            When there are more than can be interpolated; without interpolation, when there are any.
        """
        names = zip(self.wanted, resolve_names(self.wanted, raw.ch_names), strict=True)
        unusable = raw.info["bads"] if self.interpolate and not self.use_bads else []
        missing = [new for new, own in names if own not in raw.ch_names or own in unusable]
        limit = int(MAX_SHARE * len(self.wanted)) if self.interpolate else 0
        if len(missing) > limit:
            advice = (
                f"a fifth, {limit}, can be interpolated. "
                "Use the common channels (`channels: common`), or list fewer in preprocessing "
                "`channels`."
                if self.interpolate
                else "all datasets need those that preprocessing `channels` lists; with "
                "`channels: all` in `data`, few missing ones are interpolated."
            )
            raise DataError(
                f"{len(missing)} of {len(self.wanted)} channels are missing, {', '.join(missing)}: "
                f"{advice} The recording has {', '.join(raw.ch_names)}."
            )
        return missing

    def __call__(self, raw: mne.io.BaseRaw) -> mne.io.BaseRaw:
        """Return a recording that has all wanted channels, with their common names.

        Parameters
        ----------
        raw : mne.io.Raw
            The recording; not changed.

        Returns
        -------
        mne.io.Raw
            A changed copy, or ``raw`` itself if nothing has to be changed.

        Raises
        ------
        DataError
            See :meth:`missing`; also when an electrode cannot be interpolated.
        """
        missing = self.missing(raw)
        own = resolve_names(self.wanted, raw.ch_names)
        renamed = {
            old: new
            for old, new in zip(own, self.wanted, strict=True)
            if old != new and old in raw.ch_names
        }
        if not missing and not renamed:
            return raw
        self.interpolated.update(missing)
        changed = raw.copy().rename_channels(renamed, verbose="error")
        return self._interpolated(changed, missing) if missing else changed

    def _interpolated(self, raw: mne.io.BaseRaw, missing: list[str]) -> mne.io.BaseRaw:
        montage = montage_of(missing, self.montage)
        unusable = {*missing, *([] if self.use_bads else raw.info["bads"])}
        eeg = [raw.ch_names[i] for i in mne.pick_types(raw.info, eeg=True, exclude=())]
        donors = with_position([name for name in eeg if name not in unusable], montage)
        return interpolate_electrodes(raw.load_data(verbose="error"), missing, donors, montage)
