"""References that were applied to recordings in MNE before they were saved."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bci_dann.exceptions import BCIDannWarning

if TYPE_CHECKING:
    import mne

__all__ = ["is_rereferenced", "warn_of_different_references"]


def is_rereferenced(info: mne.Info) -> bool:
    """Return whether a recording was re-referenced in MNE, according to its info.

    Parameters
    ----------
    info : mne.Info
        The info. Formats other than FIF do not note references.

    Returns
    -------
    bool
        True after ``set_eeg_reference``, and if projections such as an average reference are
        applied.
    """
    return bool(info["custom_ref_applied"]) or any(one["active"] for one in info["projs"])


def warn_of_different_references(infos: Mapping[str, mne.Info]) -> None:
    """Warn if some recordings were re-referenced in MNE, and others were not.

    Parameters
    ----------
    infos : mapping of str to mne.Info
        The info of each recording.

    Warns
    -----
    BCIDannWarning
        Names a recording of each kind.
    """
    changed = [name for name, info in infos.items() if is_rereferenced(info)]
    kept = [name for name in infos if name not in changed]
    if changed and kept:
        warnings.warn(
            f"{len(changed)} of {len(infos)} recordings were re-referenced in MNE (the first is "
            f"{changed[0]}), and the others were not (the first is {kept[0]}). Set preprocessing "
            "`reference: average`, or export all with the same reference.",
            BCIDannWarning,
            stacklevel=4,
        )
