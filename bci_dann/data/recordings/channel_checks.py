"""Checks of the channels across the recordings of a folder, with one warning for all files."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable

from bci_dann._validation import did_you_mean
from bci_dann.data.channels.channel_account import ChannelAccount
from bci_dann.data.channels.electrode_names import channels_named
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError

__all__ = ["ChannelChecks"]


class ChannelChecks:
    """Checks of the channels of recordings with the same layout.

    Parameters
    ----------
    layout : RecordingsLayout
        The keys ``drop``, ``rename`` and ``extra_channels``.
    open_all : callable
        Returns the channel accounts of all recordings; all are compared with the first.
    """

    def __init__(
        self, layout: RecordingsLayout, open_all: Callable[[], Iterable[ChannelAccount]]
    ) -> None:
        self._layout = layout
        self._open_all = open_all
        self._first: ChannelAccount | None = None
        self._keys_checked = False
        self._reported: set[str] = set()

    @property
    def channels(self) -> list[str]:  # numpydoc ignore=RT01
        """The EEG channels of the first recording, which all others must have."""
        if self._first is None:
            self._first = next(iter(self._open_all()))
        return self._first.used

    def check_all(self, accounts: Iterable[ChannelAccount]) -> None:
        """Check all recordings of a folder.

        Parameters
        ----------
        accounts : iterable of ChannelAccount
            The accounts of all recordings.

        Raises
        ------
        ConfigError
            When a key of the layout names a channel that no recording has.
        DataError
            When the channels of a recording differ from those of the first.

        Warns
        -----
        BCIDannWarning
            Once for channels that are left out, once for renamed ones, and once for channels
            without a position.
        """
        listed = list(accounts)
        self._first = self._first or listed[0]
        _check_keys(self._layout, listed)
        self._keys_checked = True
        for account in listed:
            self.check(account)

    def check(self, account: ChannelAccount) -> None:
        """Check one recording.

        Parameters
        ----------
        account : ChannelAccount
            Its channels.

        Raises
        ------
        ConfigError
            See `check_all`; all recordings are opened only if this one lacks a channel.
        DataError
            See `check_all`.

        Warns
        -----
        BCIDannWarning
            See `check_all`.
        """
        if not self._keys_checked:
            self._check_keys_with(account)
        missing = [name for name in self.channels if name not in account.used]
        extra = [name for name in account.used if name not in self.channels]
        if missing or extra:
            assert self._first is not None
            raise DataError(
                f"{account.file}: the channels differ from those of {self._first.file}: "
                f"missing {missing or 'none'}, extra {extra or 'none'}. Leave channels that "
                "are not in every file out with `drop`, or give them one name with `rename`."
            )
        for note in account.notes():
            if note not in self._reported:
                self._reported.add(note)
                warnings.warn(
                    f"{account.file}: {note} `bci-dann check CONFIG -o page.html` lists every "
                    "channel.",
                    BCIDannWarning,
                    stacklevel=4,
                )

    def _check_keys_with(self, account: ChannelAccount) -> None:
        """Check the keys with one recording; only if it lacks a channel, with all recordings."""
        try:
            _check_keys(self._layout, [account])
        except ConfigError:
            _check_keys(self._layout, self._open_all())
            self._keys_checked = True


def _check_keys(layout: RecordingsLayout, accounts: Iterable[ChannelAccount]) -> None:
    """Raise an error if a key of the layout names a channel that none of the recordings has."""
    present = list(dict.fromkeys(one.name for account in accounts for one in account.uses))
    present_or_new = [*present, *layout.rename.values()]
    for key, entries, names in (
        ("drop", layout.drop, present),
        ("rename", layout.rename, present),
        ("extra_channels", layout.extra_channels, present_or_new),
    ):
        for entry in entries:
            if not channels_named(entry, names):
                raise ConfigError(
                    f"recordings.{key} has {entry!r}, which is not a channel of any recording."
                    f"{did_you_mean(entry, names)} The channels are {', '.join(present)}."
                )
