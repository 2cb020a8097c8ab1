"""Standard electrode positions by MNE's old and new montage names."""

from __future__ import annotations

import mne

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError

__all__ = ["standard_montage"]

# Deprecated in MNE 1.13, which introduces the second name of each pair, and errors in MNE 1.14.
RENAMED_MONTAGES = {"standard_1020": "colin27_1020", "standard_1005": "colin27_1005"}


def standard_montage(name: str) -> mne.channels.DigMontage:
    """Return one of MNE's standard montages.

    Parameters
    ----------
    name : str
        For example ``"standard_1020"``. Names from before and after MNE 1.13 mean the same.

    Returns
    -------
    mne.channels.DigMontage
        Electrode positions (m).

    Raises
    ------
    ConfigError
        When MNE has no such montage.
    """
    available = mne.channels.get_builtin_montages()
    old_names = [old for old, new in RENAMED_MONTAGES.items() if new == name]
    for candidate in [RENAMED_MONTAGES.get(name, name), name, *old_names]:
        if candidate in available:
            return mne.channels.make_standard_montage(candidate)
    raise ConfigError(
        f"unknown montage {name!r}.{did_you_mean(name, available)} "
        f"MNE has {', '.join(available)}; `montage: null` keeps the positions of the file."
    )
