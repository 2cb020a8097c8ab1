"""Printing of accounts: which cues of the recordings became trials, and why others did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann.cli.console import print_sentence, print_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["print_account", "print_account_table", "print_channels"]


def print_account(account: pd.DataFrame) -> None:
    """Print in a sentence how many cues became trials, and why others did not.

    Parameters
    ----------
    account : pandas.DataFrame
        As ``EEGTrials.account``.
    """
    from bci_dann.data.screening.cues import account_sentence

    print_sentence(account_sentence(account))


def print_channels(channels: pd.DataFrame) -> None:
    """Print what becomes of channels: a row for each that is not used as it is or as matched.

    Parameters
    ----------
    channels : pandas.DataFrame
        As ``Examination.channels``.
    """
    from bci_dann.data.channels.channel_account import MATCHED

    told = channels[~channels["reason"].isin(["", MATCHED])]
    groups = told.groupby(["channel", "type", "used_as", "reason"], sort=False)
    rows = [(*map(str, key), str(len(group))) for key, group in groups]
    if rows:
        columns = ("channel", "type", "used as", "why", "files")
        print_table("Channels", columns, rows, lines=False)
    matched = channels[channels["reason"] == MATCHED].drop_duplicates("channel")
    if len(matched):
        pairs = zip(matched["channel"], matched["used_as"], strict=True)
        print_sentence(f"read as 10-05 names: {', '.join(f'{old} = {new}' for old, new in pairs)}")
    used = channels[channels["used_as"] != ""].groupby("file").size()
    print_sentence(f"{' or '.join(map(str, sorted(used.unique())))} EEG channels in each file.")


def print_account_table(account: pd.DataFrame) -> None:
    """Print an account row by row, with the reasons that occur.

    Parameters
    ----------
    account : pandas.DataFrame
        As ``EEGTrials.account``.
    """
    from bci_dann.data.screening.cues import REASONS

    named = [key for key in ("file", "subject", "session", "run") if account[key].any()]
    reasons = [reason for reason in REASONS if account[reason].any()]
    columns = [*named, "event", "found", "used", *reasons]
    rows = [[str(value) for value in row] for row in account[columns].itertuples(index=False)]
    print_table("Cues of each recording", columns, rows, lines=False)
    for reason in reasons:
        print_sentence(f"{reason}: {REASONS[reason]}")
    print_account(account)
