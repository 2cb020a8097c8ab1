"""Class names for events whose names have several tags, such as ``left/sound`` in MNE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import DataError

if TYPE_CHECKING:
    import mne

__all__ = ["classes_of_events", "labels_of_epochs"]

# Lower-case names of motor-imagery events in MOABB and in common protocols.
SIDES = ("left", "right", "left_hand", "right_hand", "lefthand", "righthand")
PARTS = ("hand", "hands", "both_hands", "foot", "feet", "both_feet", "tongue", "rest", "idle")
IMAGERY = frozenset(SIDES + PARTS)


def classes_of_events(
    names: Iterable[str], classes: Mapping[str, str] | Sequence[str] | None = None
) -> dict[str, str]:
    """Find the class of each event.

    Names are split at ``/`` into tags, as in MNE. The class is the tag at the position where
    the names differ. If they differ at several positions, it is the tag at the only position with
    names of motor imagery, such as ``left``, ``right_hand``, ``feet``, for all events.

    Parameters
    ----------
    names : iterable of str
        The names of the events that occur.
    classes : mapping of str to str, or sequence of str, optional
        The class of each event or tag, ``{"left": "left_hand"}``; or the tags that are classes,
        ``["left", "right"]``.

    Returns
    -------
    dict of str to str
        The class of each event by its name.

    Raises
    ------
    DataError
        When it is ambiguous which tag is the class, or ``classes`` does not give exactly one class
        for each event.

    See Also
    --------
    bci_dann.EEGTrials.from_epochs : Uses this function for the labels of epochs.

    Examples
    --------
    >>> from bci_dann.data.event_classes import classes_of_events
    >>> classes_of_events(["left/sound", "right/silent"])
    {'left/sound': 'left', 'right/silent': 'right'}
    >>> classes_of_events(["A/1", "A/2", "B/1", "B/2"], classes={"A": "feet", "B": "tongue"})
    {'A/1': 'feet', 'A/2': 'feet', 'B/1': 'tongue', 'B/2': 'tongue'}
    """
    tags = {name: name.split("/") for name in sorted(set(names))}
    if classes is not None:
        return _classes_given(tags, classes)
    if len({len(parts) for parts in tags.values()}) > 1:
        raise DataError(f"the events {list(tags)} have different numbers of tags. {_HOW_TO_SAY}")
    position = _position_of_class(tags)
    return {name: parts[position] for name, parts in tags.items()}


_HOW_TO_SAY = (
    "Say which tags are classes, EEGTrials.from_epochs(epochs, classes=['left', 'right']), or the "
    "class of each event, classes={'left/sound': 'left', ...}."
)


def labels_of_epochs(
    epochs: mne.BaseEpochs, classes: Mapping[str, str] | Sequence[str] | None
) -> NDArray[np.str_]:
    """Return the class of each epoch.

    Parameters
    ----------
    epochs : mne.Epochs
        The epochs.
    classes : mapping of str to str, sequence of str or None
        See :func:`classes_of_events`.

    Returns
    -------
    ndarray of str, shape (n_epochs,)
        Class names.

    Raises
    ------
    DataError
        When an event code has the names of two classes; see also :func:`classes_of_events`.
    """
    codes = epochs.events[:, 2]
    occurring = set(codes.tolist())
    names = {name: code for name, code in epochs.event_id.items() if code in occurring}
    classes_of_codes: dict[int, str] = {}
    for name, found in classes_of_events(names, classes).items():
        if classes_of_codes.setdefault(names[name], found) != found:
            raise DataError(f"the event code {names[name]} has the names of two classes: {names}.")
    return np.array([classes_of_codes[code] for code in codes])


def _position_of_class(tags: Mapping[str, Sequence[str]]) -> int:
    """Return the position of the tag that is the class, the same for all events."""
    tags_at = [set(tag) for tag in zip(*tags.values(), strict=True)]
    differing = [position for position, values in enumerate(tags_at) if len(values) > 1]
    if len(differing) > 1:
        imagery = [p for p in differing if {value.lower() for value in tags_at[p]} <= IMAGERY]
        differing = imagery or differing
    if len(differing) > 1:
        described = " or ".join(str(sorted(tags_at[position])) for position in differing)
        raise DataError(f"the classes of the events {list(tags)} may be {described}. {_HOW_TO_SAY}")
    return differing[0] if differing else -1


def _classes_given(
    tags: Mapping[str, Sequence[str]], classes: Mapping[str, str] | Sequence[str]
) -> dict[str, str]:
    if isinstance(classes, str):
        raise DataError(f"classes must be a mapping or a list of tags; got {classes!r}.")
    wanted = dict(classes) if isinstance(classes, Mapping) else {tag: tag for tag in classes}
    known = {*tags, *(tag for parts in tags.values() for tag in parts)}
    for key in wanted:
        if key not in known:
            raise DataError(
                f"classes: no event has the name or tag {key!r}.{did_you_mean(key, known)} The "
                f"events are {list(tags)}."
            )
    found = {}
    for name, parts in tags.items():
        matching = {wanted[key] for key in (name, *parts) if key in wanted}
        if len(matching) != 1:
            which = f"several classes, {sorted(matching)}," if matching else "no class"
            raise DataError(
                f"classes gives {which} for the event {name!r}. Each of the events {list(tags)} "
                "needs one; leave others out before, as epochs[['left', 'right']] does."
            )
        found[name] = str(matching.pop())
    return found
