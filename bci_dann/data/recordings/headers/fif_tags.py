"""Check of FIF files that MNE does not make: their chain of tags must not be circular."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

from bci_dann.exceptions import DataError

__all__ = ["check_fif_file"]

# A FIF file is a chain of tags. The header of a tag contains, as big-endian integers of four bytes,
# its kind, its type, the size of its data (bytes), and the position of the next tag: 0 if it
# follows immediately, -1 after the last tag.
HEADER = struct.Struct(">iIii")
FOLLOWS_IMMEDIATELY = 0


def check_fif_file(path: Path) -> None:
    """Refuse a damaged FIF file that MNE would read endlessly.

    Parameters
    ----------
    path : pathlib.Path
        The file; other formats pass.

    Raises
    ------
    DataError
        When a tag points to a previous one.
    OSError
        When the file cannot be read.
    """
    name = path.name.lower()
    if not name.endswith((".fif", ".fif.gz")):
        return
    opener = gzip.open if name.endswith(".gz") else open
    with opener(path, "rb") as file:
        position, seen = 0, set[int]()
        while position not in seen:
            seen.add(position)
            file.seek(position)
            header = file.read(HEADER.size)
            if len(header) < HEADER.size:
                return
            _, _, size, following = HEADER.unpack(header)
            is_adjacent = following == FOLLOWS_IMMEDIATELY
            position = position + HEADER.size + size if is_adjacent else following
            if position < 0:
                return
    raise DataError(
        f"{path} is damaged: its chain of tags is circular at byte {position}. Copy the file again "
        "from its source, or leave it out with `exclude`."
    )
