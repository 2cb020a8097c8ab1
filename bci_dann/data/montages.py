"""MNE's standard montages, by their names before and after MNE 1.13."""

from __future__ import annotations

import mne

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError

__all__ = ["standard_montage"]

# Old names, deprecated in MNE 1.13 and removed in MNE 1.14, and the new names of MNE 1.13.
RENAMED_MONTAGES = {"standard_1020": "colin27_1020", "standard_1005": "colin27_1005"}


def standard_montage(name: str) -> mne.channels.DigMontage:
    """Return one of MNE's standard montages.

    Parameters
    ----------
    name : str
        For example ``"standard_1020"``. Old and new names are equivalent.

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
