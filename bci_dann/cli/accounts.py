"""Printing of how many cues and channels of recordings are used, and why others are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann.cli.console import print_sentence, print_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["print_account", "print_account_table", "print_channels"]


def print_account(account: pd.DataFrame) -> None:
    """Print how many cues became trials and why others did not, in a sentence.

    Parameters
    ----------
    account : pandas.DataFrame
        Counts of cues, in the form of ``EEGTrials.account``.
    """
    from bci_dann.data.screening.cues import account_sentence

    print_sentence(account_sentence(account))


def print_channels(channels: pd.DataFrame) -> None:
    """Print a table of the channels that are not used as they are, and the matched names.

    Parameters
    ----------
    channels : pandas.DataFrame
        Use of channels, in the form of ``Examination.channels``.
    """
    from bci_dann.data.channels.channel_account import MATCHED

    unusual = channels[~channels["reason"].isin(["", MATCHED])]
    groups = unusual.groupby(["channel", "type", "used_as", "reason"], sort=False)
    rows = [(*map(str, key), str(len(group))) for key, group in groups]
    if rows:
        columns = ("channel", "type", "used as", "reason", "files")
        print_table("Channels", columns, rows, lines=False)
    matched = channels[channels["reason"] == MATCHED].drop_duplicates("channel")
    if len(matched):
        pairs = zip(matched["channel"], matched["used_as"], strict=True)
        listed = ", ".join(f"{old} = {new}" for old, new in pairs)
        print_sentence(f"Channels matched with electrodes of the 10-05 system: {listed}")
    used = channels[channels["used_as"] != ""].groupby("file").size()
    print_sentence(f"{' or '.join(map(str, sorted(used.unique())))} EEG channels in each file.")


def print_account_table(account: pd.DataFrame) -> None:
    """Print the counts of cues as a table, with an explanation of the reasons that occur.

    Parameters
    ----------
    account : pandas.DataFrame
        Counts of cues, in the form of ``EEGTrials.account``.
    """
    from bci_dann.data.screening.cues import REASONS

    named = [key for key in ("file", "subject", "session", "run") if account[key].any()]
    reasons = [reason for reason in REASONS if account[reason].any()]
    columns = [*named, "event", "found", "used", *reasons]
    rows = [[str(value) for value in row] for row in account[columns].itertuples(index=False)]
    print_table("Cues of the recordings", columns, rows, lines=False)
    for reason in reasons:
        print_sentence(f"{reason}: {REASONS[reason]}")
    print_account(account)
