"""Standard electrode positions, whatever MNE calls them this year."""

from __future__ import annotations

import mne

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError

__all__ = ["standard_montage"]

# MNE 1.14 drops the first name of each pair, and MNE before 1.13 lacks the second.
_RENAMED = {"standard_1020": "colin27_1020", "standard_1005": "colin27_1005"}


def standard_montage(name: str) -> mne.channels.DigMontage:
    """Return one of MNE's montages, by its old or its new name.

    Parameters
    ----------
    name : str
        For example ``"standard_1020"``.

    Returns
    -------
    mne.channels.DigMontage

    Raises
    ------
    ConfigError
        When MNE has no such montage.
    """
    available = mne.channels.get_builtin_montages()
    spellings = [_RENAMED.get(name, name), name, *[o for o, n in _RENAMED.items() if n == name]]
    for spelling in spellings:
        if spelling in available:
            return mne.channels.make_standard_montage(spelling)
    raise ConfigError(
        f"unknown montage {name!r}.{did_you_mean(name, available)} "
        f"MNE has {', '.join(available)}; `montage: null` keeps the positions of the file."
    )
