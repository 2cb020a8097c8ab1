"""Order of names with numbers in them, as people count: subject 2 before subject 10."""

from __future__ import annotations

import re

__all__ = ["natural_key"]


def natural_key(name: object) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key with which numbers in names are in numerical order.

    Parameters
    ----------
    name : object
        A name; its text counts.

    Returns
    -------
    tuple
        Numbers before letters, at each place.

    Examples
    --------
    >>> from bci_dann.data.recordings.natural_order import natural_key
    >>> sorted(["10", "2", "Set:10", "Set:2"], key=natural_key)
    ['2', '10', 'Set:2', 'Set:10']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", str(name))
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)
