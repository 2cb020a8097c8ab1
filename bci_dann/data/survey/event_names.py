"""Classes and meanings of events according to their names."""

from __future__ import annotations

import re

from bci_dann.data.recordings.events import INTERRUPTION_MARKS

__all__ = ["class_named", "known_meaning", "may_be_cue", "may_end_task"]

# Codes of GDF for the cues of motor imagery (hexadecimal 0301 to 0304), and those of other events
# of a trial, from the table of event codes of the BioSig project, which maintains GDF.
GDF_CLASSES = {"769": "left_hand", "770": "right_hand", "771": "feet", "772": "tongue"}
GDF_MEANINGS = {
    "276": "eyes open",
    "277": "eyes closed",
    "768": "start of a trial",
    "781": "continuous feedback",
    "783": "a cue of an unknown class",
    "785": "beep",
    "786": "cross on the screen",
    "800": "end of a trial",
    "1023": "a rejected trial",
    "1072": "eye movements",
    "32766": "start of a segment",
}

# Words in names of events, by MOABB's name of the class; the first match is used.
WORDS = (
    (("left", "leg"), "left_foot"),
    (("right", "leg"), "right_foot"),
    (("left", "foot"), "left_foot"),
    (("right", "foot"), "right_foot"),
    (("left",), "left_hand"),
    (("right",), "right_hand"),
    (("lefthand",), "left_hand"),
    (("righthand",), "right_hand"),
    (("lh",), "left_hand"),
    (("rh",), "right_hand"),
    (("hands",), "hands"),
    (("fists",), "hands"),
    (("feet",), "feet"),
    (("foot",), "feet"),
    (("legs",), "feet"),
    (("tongue",), "tongue"),
    (("rest",), "rest"),
    (("idle",), "rest"),
    (("relax",), "rest"),
)

# Words of events that belong to a trial without being its cue.
NO_CUE = frozenset(
    {
        *("start", "stop", "end", "begin", "beginning", "onset", "offset"),
        *("trial", "session", "experiment", "train", "baseline", "segment", "boundary", "edge"),
        *(
            "feedback",
            "response",
            "button",
            "press",
            "correct",
            "incorrect",
            "error",
            "hit",
            "miss",
        ),
        *("beep", "cross", "fixation", "fix", "break", "pause", "eyes"),
        *("bad", "artifact", "artefact", "reject", "rejected", "comment", "sync"),
    }
)
# Prefixes of BrainVision markers in MNE, which say nothing about their meaning.
BRAINVISION_TYPE = re.compile(r"^(Comment|Stimulus)/")
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")

# Words and codes of events that are the start of something, and thus not the end of a task.
BEGINNING = frozenset(
    ("start", "begin", "beginning", "onset", "cross", "fixation", "fix", "baseline")
)
BEGINNING_CODES = frozenset(("768", "783", "786"))

# An event with one of these words is not a cue, even if its name contains a class: "feedback left"
# and "left correct" are not, but "left onset" may be.
NOT_A_CLASS = NO_CUE - {"start", "begin", "onset", "trial", "fix", "train"}


def class_named(event: str) -> str:
    """Return the class that the name of an event indicates.

    Parameters
    ----------
    event : str
        As in a recording.

    Returns
    -------
    str
        MOABB's name of the class; empty if the name of the event does not indicate a class.

    Examples
    --------
    >>> class_named("OVTK_GDF_Right"), class_named("769"), class_named("T1")
    ('right_hand', 'left_hand', '')
    """
    code = event.strip()
    if code in GDF_CLASSES:
        return GDF_CLASSES[code]
    words = _words(event)
    if words & NOT_A_CLASS or {"left", "right"} <= words:
        return ""
    return next((name for needed, name in WORDS if words >= set(needed)), "")


def known_meaning(event: str) -> str:
    """Return the known meaning of an event that is not a cue of a class.

    Parameters
    ----------
    event : str
        As in a recording.

    Returns
    -------
    str
        The meaning; empty if it is unknown.
    """
    if event.lower().startswith("bad"):
        return "a segment that is marked bad"
    if INTERRUPTION_MARKS.fullmatch(event):
        return "an interruption"
    return GDF_MEANINGS.get(event.strip(), "")


def may_be_cue(event: str) -> bool:
    """Return whether an event may be a cue according to its name.

    Parameters
    ----------
    event : str
        As in a recording.

    Returns
    -------
    bool
        False if its name indicates another event.
    """
    return event.strip() not in GDF_MEANINGS and not _words(event) & NO_CUE


def may_end_task(event: str) -> bool:
    """Return whether an event may be the end of a task according to its name.

    Parameters
    ----------
    event : str
        As in a recording.

    Returns
    -------
    bool
        False if its name indicates the start of something.
    """
    return event.strip() not in BEGINNING_CODES and not _words(event) & BEGINNING


def _words(event: str) -> set[str]:
    return {word.lower() for word in WORD.findall(BRAINVISION_TYPE.sub("", event))}
