"""What recordings tell of their subject, and a warning where they are of different subjects."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bci_dann.exceptions import BCIDannWarning

if TYPE_CHECKING:
    from bci_dann.serving.reading.prepared_recording import PreparedRecording

__all__ = ["subject_identity", "warn_of_several_subjects"]

# Kinds of identity, the most reliable first: the name of BIDS, and the fields of the header.
BIDS, CODE, NAME = "BIDS name", "subject code in the header", "name in the header"
BIDS_SUBJECT = re.compile(r"(?:^|[/\\])(sub-[0-9a-zA-Z]+)(?=[_/\\])")
# Entries for unknown subjects: "X" is that of EDF+, "0" and "mne_anonymize" those of MNE.
UNKNOWN = ("", "x", "0", "mne_anonymize", "anonymous", "unknown", "none", "n/a")


def subject_identity(label: str, info: Mapping[str, Any]) -> dict[str, str]:
    """Return what a recording tells of its subject.

    Parameters
    ----------
    label : str
        Name of the recording: its path, where it has one.
    info : mne.Info
        Its header.

    Returns
    -------
    dict of str to str
        The kinds of identity that are known, with their values.
    """
    header = info.get("subject_info") or {}
    names = [str(header.get(part) or "") for part in ("first_name", "last_name")]
    in_path = BIDS_SUBJECT.findall(label)
    found = {
        BIDS: in_path[-1] if in_path else "",
        CODE: str(header.get("his_id") or "").strip(),
        NAME: " ".join(name for name in names if not _is_unknown(name)),
    }
    return {kind: value for kind, value in found.items() if not _is_unknown(value)}


def warn_of_several_subjects(prepared: Sequence[PreparedRecording]) -> None:
    """Warn if recordings are of different subjects, by their BIDS names or headers.

    Parameters
    ----------
    prepared : sequence of PreparedRecording
        Recordings that are given as those of one subject.
    """
    for kind in (BIDS, CODE, NAME):
        known = [(one.label, one.identity[kind]) for one in prepared if kind in one.identity]
        if len({value for _, value in known}) > 1:
            listed = ", ".join(f"{value} ({label})" for label, value in known)
            warnings.warn(
                f"the recordings are of different subjects, by the {kind}: {listed}. A model is "
                "adapted to one subject: give the recordings of one of them, and adapt the "
                "original model again for each other one.",
                BCIDannWarning,
                stacklevel=3,
            )
        if len(known) == len(prepared):  # less reliable kinds may be wrong
            return


def _is_unknown(value: str) -> bool:
    return value.strip().casefold() in UNKNOWN
