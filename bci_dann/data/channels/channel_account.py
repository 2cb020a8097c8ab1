"""Table of a recording's channels: the name under which each is used, or why it is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DERIVATION",
    "MATCHED",
    "NUMBERED",
    "SAME_POSITION",
    "UNKNOWN",
    "ChannelAccount",
    "ChannelUse",
]

# Number of names in a warning about converted names: enough to recognise the rule.
MAX_LISTED_NAMES = 3

# Names of electrodes in caps that are numbered by sector, such as those of BioSemi. Some are also
# names of 10-05 positions: C3, A1, F4.
SECTOR_NAME = re.compile(r"[A-H][0-9]{1,2}")

# Reasons in the column ``reason``.
MATCHED = "the 10-05 name of this electrode"
SAME_POSITION = "keeps its name: several channels are at this 10-05 position"
DERIVATION = "a voltage between two electrodes, without a position"
NUMBERED = "an electrode without the name of a position"
UNKNOWN = "not an electrode according to its name"

# Texts of warnings; the braces are replaced by channel names.
LEFT_OUT_NOTE = (
    "not scalp electrodes according to their names: {}. Such channels are left out, unless they "
    "are listed in `extra_channels` or preprocessing `channels`."
)
MATCHED_NOTE = "channel names were converted to names of the 10-05 system: {}."
SAME_POSITION_NOTE = (
    "the channels {} keep their names, since several have the same position. Leave out all but "
    "one of them with `drop`."
)
UNPLACED_NOTE = (
    "the names of the channels {} are not electrode positions. These channels are used, but cannot "
    "be shown in topographies. If you know their positions, rename them with `rename`."
)
SECTOR_NOTE = (
    "the channels {} have the names of 10-05 positions, but most electrodes of the cap are "
    "numbered, so they are probably elsewhere. Set `montage` to the montage of the cap, such as "
    "biosemi128."
)


@dataclass(frozen=True)
class ChannelUse:  # numpydoc ignore=PR02
    """How one channel is used.

    Parameters
    ----------
    name : str
        Name in the file.
    type : str
        MNE's channel type according to the file or the reader.
    used_as : str
        Name among the EEG channels; empty if the channel is left out.
    reason : str
        Why the channel is left out or renamed; empty if it is neither.
    type_after : str
        Channel type after reading; empty if the channel is removed.
    """

    name: str
    type: str
    used_as: str
    reason: str = ""
    type_after: str = "eeg"


@dataclass(frozen=True)
class ChannelAccount:  # numpydoc ignore=PR02
    """How each channel of a recording is used.

    Parameters
    ----------
    file : str
        The recording.
    uses : tuple of ChannelUse
        One entry for each channel, in the order of the file.
    """

    file: str
    uses: tuple[ChannelUse, ...]

    @property
    def used(self) -> list[str]:  # numpydoc ignore=RT01
        """The names of the EEG channels after reading, in the order of the file."""
        return [one.used_as for one in self.uses if one.used_as]

    @property
    def left_out(self) -> list[str]:  # numpydoc ignore=RT01
        """The channels that the reader declares as EEG, but whose names indicate otherwise."""
        return [one.name for one in self.uses if not one.used_as and one.type_after]

    def _used_because(self, *reasons: str) -> list[ChannelUse]:
        return [one for one in self.uses if one.reason in reasons and one.used_as]

    def notes(self) -> list[str]:
        """Return texts of warnings on the channels, without the name of the file.

        Returns
        -------
        list of str
            Sentences on channels that are left out, renamed, or used without a position, or whose
            names are ambiguous.
        """
        matched = [f"{one.name} = {one.used_as}" for one in self._used_because(MATCHED)]
        named = {
            LEFT_OUT_NOTE: ", ".join(self.left_out),
            MATCHED_NOTE: _shortened(matched),
            SAME_POSITION_NOTE: ", ".join(one.name for one in self._used_because(SAME_POSITION)),
            UNPLACED_NOTE: _shortened(
                [one.name for one in self._used_because(NUMBERED, DERIVATION)]
            ),
            SECTOR_NOTE: _shortened(self._numbered_by_sector()),
        }
        return [template.format(names) for template, names in named.items() if names]

    def _numbered_by_sector(self) -> list[str]:
        """Return channels of a numbered cap whose names are by chance those of positions."""
        numbered = self._used_because(NUMBERED)
        placed = [
            one.name
            for one in self._used_because("", MATCHED)
            if SECTOR_NAME.fullmatch(one.used_as)
        ]
        others = [one for one in numbered if SECTOR_NAME.fullmatch(one.used_as)]
        return placed if len(others) > len(placed) else []

    def frame(self) -> pd.DataFrame:
        """Return the entries as a table.

        Returns
        -------
        pandas.DataFrame
            One row per channel: ``file``, ``channel``, ``type``, ``used_as`` and ``reason``.
        """
        import pandas as pd

        rows = [(self.file, one.name, one.type, one.used_as, one.reason) for one in self.uses]
        return pd.DataFrame(rows, columns=["file", "channel", "type", "used_as", "reason"])


def _shortened(names: list[str]) -> str:
    more = len(names) - MAX_LISTED_NAMES
    some = ", ".join(names[:MAX_LISTED_NAMES])
    return f"{some} and {more} more" if more > 1 else ", ".join(names)
