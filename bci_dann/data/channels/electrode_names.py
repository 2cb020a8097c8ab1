"""Interpretation of channel names: 10-05 positions in any spelling, and names of other signals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from bci_dann.data.montages import standard_montage
from bci_dann.exceptions import DataError

__all__ = [
    "channels_named",
    "is_derivation",
    "is_numbered",
    "other_signal",
    "resolve_names",
    "says_eeg",
    "standard_name",
]

# Names of the 10-20 system before the 10-10 system replaced them (Klem et al. 1999).
OLD_NAMES = {"t3": "T7", "t4": "T8", "t5": "P7", "t6": "P8"}

# Recording systems write prefixes ("EEG C3", "EEG-C3", "POL C3"), and suffixes: dots that pad the
# field of EDF, or the reference ("C3-A2", "C3-REF", "C3-LE": linked ears).
PREFIX = re.compile(r"^(eeg|pol)[\s:_.-]*", re.IGNORECASE)
REFERENCE = re.compile(
    r"[\s:_/-]+(ref|le|ar|av|avg|cpr|a1|a2|m1|m2|a1[+-]?a2|m1[+-]?m2)$", re.IGNORECASE
)

# A number, with an optional prefix for "channel" or for the part of a cap.
NUMBERED = re.compile(r"(ch|chan|channel|el|elec|electrode|[a-h])?[\s:_.-]*[0-9]+", re.IGNORECASE)

# Patterns of names of other signals, by MNE channel type. Short words must be whole words, since
# they also occur inside longer ones.
OTHER_SIGNALS = {
    "eog": re.compile(r"eog|^[hv]eo[a-z]?$|^[lr]oc\b|ocul|^eye"),
    "emg": re.compile(r"emg|^chin|^(left|right|[lr])?leg\b|masseter|^tib"),
    "ecg": re.compile(r"ecg|ekg"),
    "misc": re.compile(
        r"^acc([^a-z]|[xyz]?$|el)|gyro|magnetom|^(gsr|eda|scr?)\b|galvan|^resp|thor|abdo|airflow"
        r"|nasal|s[pa]o2|pleth|^ppg|puls|^temp|trig|^stat|^stim|^sti\b|^event|marker|counter|^sample"
        r"|timestamp|batter|^aux|^exg|photo|diode|^light|^mic\b|audio|sound|snor|^gnd|ground"
        r"|^dc[0-9]|^misc|^position|^ref(erence)?$"
    ),
}


def standard_name(name: str) -> str | None:
    """Return the 10-05 position for the name of a channel.

    Parameters
    ----------
    name : str
        Name in a file: in upper or lower case, with a prefix, with the reference or dots as suffix,
        or an old name of the 10-20 system.

    Returns
    -------
    str or None
        For example ``"C3"`` for ``"EEG C3-A2"`` and ``"c3.."``, and ``"T7"`` for ``"T3"``;
        ``None`` for any other name.

    Examples
    --------
    >>> standard_name("EEG FP1-REF"), standard_name("T3"), standard_name("EMG chin")
    ('Fp1', 'T7', None)
    """
    known = _positions()
    whole = name.strip().rstrip(".").lower()
    bare = PREFIX.sub("", whole)
    for candidate in (whole, bare, REFERENCE.sub("", bare)):
        if candidate in known:
            return known[candidate]
    return None


@cache
def _positions() -> dict[str, str]:
    """Return a mapping from lower-case names, including old ones, to names of the 10-05 system."""
    names = [
        name
        for montage in ("standard_1020", "standard_1005")
        for name in standard_montage(montage).ch_names
    ]
    return {**{name.lower(): name for name in names}, **OLD_NAMES}


def says_eeg(name: str) -> bool:
    """Return whether a name states that the signal is EEG, such as ``"EEG-0"`` or ``"EEG Fpz-Cz"``.

    Parameters
    ----------
    name : str
        Name in a file.

    Returns
    -------
    bool
        True for names that start with EEG.
    """
    return name.strip().lower().startswith("eeg")


def is_numbered(name: str) -> bool:
    """Return whether a name is only a number, such as ``"Ch1"``, ``"E12"``, ``"B7"`` or ``"3"``.

    Parameters
    ----------
    name : str
        Name in a file.

    Returns
    -------
    bool
        True for a number with at most a word for "channel" or a letter as prefix.
    """
    return NUMBERED.fullmatch(name.strip()) is not None


def is_derivation(name: str) -> bool:
    """Return whether a name is that of a bipolar derivation, such as ``"F7-T3"``.

    Parameters
    ----------
    name : str
        Name in a file.

    Returns
    -------
    bool
        True for two names of 10-05 positions with a hyphen between them.
    """
    parts = PREFIX.sub("", name.strip()).split("-")
    return len(parts) == 2 and all(standard_name(part) is not None for part in parts)


def other_signal(name: str) -> str | None:
    """Return the channel type if a name indicates a signal other than EEG.

    Parameters
    ----------
    name : str
        Name in a file.

    Returns
    -------
    str or None
        MNE's channel type: ``"eog"``, ``"emg"``, ``"ecg"``, or ``"misc"`` for motion,
        respiration, triggers and others; ``None`` if the name does not indicate another signal.

    Examples
    --------
    >>> other_signal("EOG-left"), other_signal("AccX"), other_signal("C3")
    ('eog', 'misc', None)
    """
    if standard_name(name) is not None:
        return None
    words = re.sub(r"[\s:_./-]+", " ", PREFIX.sub("", name.strip().lower())).strip()
    for kind, pattern in OTHER_SIGNALS.items():
        if pattern.search(words):
            return kind
    return None


def channels_named(wanted: str, names: Iterable[str]) -> list[str]:
    """Return the channels to which a name given by the user refers.

    Parameters
    ----------
    wanted : str
        Name in any spelling.
    names : iterable of str
        The existing channels.

    Returns
    -------
    list of str
        The channel with exactly this name, or otherwise those at the same 10-05 position.
    """
    present = list(names)
    if wanted in present:
        return [wanted]
    position = standard_name(wanted)
    if position is None:
        return []
    return [name for name in present if standard_name(name) == position]


def resolve_names(wanted: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the names of requested channels in a recording.

    Parameters
    ----------
    wanted : sequence of str
        Requested channels, in any spelling.
    names : sequence of str
        The channels of the recording.

    Returns
    -------
    list of str
        Names in the order of ``wanted``. Channels that the recording lacks keep the given spelling.

    Raises
    ------
    DataError
        When a name refers to several channels, or several names to the same channel.
    """
    resolved: dict[str, str] = {}
    for one in wanted:
        found = channels_named(one, names) or [one]
        if len(found) > 1:
            raise DataError(
                f"the channel {one!r} may be any of {', '.join(found)}: write one of these names."
            )
        if found[0] in resolved:
            raise DataError(
                f"the channels {resolved[found[0]]!r} and {one!r} are the same, {found[0]!r}: "
                "list it only once."
            )
        resolved[found[0]] = one
    return list(resolved)
