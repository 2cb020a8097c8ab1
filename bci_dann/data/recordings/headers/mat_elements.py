"""Check of EEGLAB files that SciPy does not make: all data elements must be valid and complete."""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Container, Iterator, Sequence
from pathlib import Path

from bci_dann.exceptions import DataError

__all__ = ["check_mat_file"]

# Layout of a MAT file, version 5 (MathWorks, "MAT-File Format"): a header of 128 bytes, of which
# the last four are the version and the byte order; then data elements, each with a tag of two
# integers of four bytes, type and size. Small elements have both in the first integer, and their
# data in the second. Data are padded to a multiple of eight bytes, unless they are compressed.
HEADER_BYTES, TAG_BYTES, ALIGNMENT = 128, 8, 8
VERSIONS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
INT8, INT32, UINT32, MATRIX, COMPRESSED = 1, 5, 6, 14, 15
NUMBERS = {INT8, 2, 3, 4, INT32, UINT32, 7, 9, 12, 13, 16, 17, 18}

# An array is an element that contains elements: first its flags, its dimensions and its name. What
# follows depends on its class, which is the lowest byte of the flags. In cells, structures and
# objects these are elements that describe the fields, and then arrays; in all others, numbers.
BEGINNING = (UINT32, INT32, INT8)
FIELDS = {1: (), 2: (INT32, INT8), 3: (INT8, INT32, INT8)}  # cell, structure, object
NUMERIC_CLASSES = range(4, 16)
# Sparse arrays have two additional elements with their indices. In complex arrays, which a bit of
# the flags indicates, the imaginary parts follow the real parts.
SPARSE, COMPLEX = 5, 0x800


class _DamageError(Exception):
    """A description of the damage of a file, with the byte."""


def check_mat_file(path: Path) -> None:
    """Refuse a damaged EEGLAB file, which may crash SciPy.

    Parameters
    ----------
    path : pathlib.Path
        The file; other formats, and other versions of MAT files, pass.

    Raises
    ------
    DataError
        When an element has an unexpected type, is larger than the element that contains it, or
        cannot be decompressed.
    OSError
        When the file cannot be read.
    """
    if path.suffix.lower() != ".set" or path.stat().st_size < HEADER_BYTES:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        order = VERSIONS.get(content[HEADER_BYTES - 4 : HEADER_BYTES])
        if order is None:
            return
        try:
            _check_file(content, order)
        except (_DamageError, zlib.error) as damage:
            raise DataError(
                f"{path} is damaged: {damage}. Copy the file again from its source, or leave it "
                "out with `exclude`."
            ) from damage


def _elements(
    content: mmap.mmap, start: int, stop: int, order: str
) -> Iterator[tuple[int, int, int, int]]:
    """Yield the position of each element, its type, and start and end of its data."""
    while start + TAG_BYTES <= stop:
        kind, size = struct.unpack_from(f"{order}II", content, start)
        is_small = kind > 0xFFFF
        if is_small:
            kind, size = kind & 0xFFFF, kind >> 16
        data = start + (TAG_BYTES // 2 if is_small else TAG_BYTES)
        if data + size > stop or (is_small and size > TAG_BYTES // 2):
            raise _DamageError(f"the data element at byte {start} is larger than its container")
        yield start, kind, data, data + size
        end = start + TAG_BYTES if is_small else data + size
        start = end if kind == COMPRESSED else end + (-end % ALIGNMENT)


def _check_file(content: mmap.mmap, order: str) -> None:
    for start, kind, data, end in _elements(content, HEADER_BYTES, len(content), order):
        if kind == MATRIX:
            _check_array(content, data, end, order)
        elif kind == COMPRESSED:
            _check_compressed(content[data:end], start)
        else:
            raise _DamageError(f"the data element at byte {start} is not an array")


def _check_array(content: mmap.mmap, start: int, stop: int, order: str) -> None:
    """Check an array and the arrays inside it; an element without content is an empty array.

    Each element inside the array must have the type that is expected at its position, and no
    required element may be missing.
    """
    expected: Sequence[int] = BEGINNING
    rest: Container[int] = NUMBERS
    missing = 0
    for index, (place, kind, data, end) in enumerate(_elements(content, start, stop, order)):
        if index == 0:
            flags = struct.unpack_from(f"{order}I", content, data)[0]
            array_class = flags & 0xFF
            missing = len(BEGINNING) + (3 if array_class == SPARSE else 1) + bool(flags & COMPLEX)
            if array_class in FIELDS:
                missing = 0
                expected, rest = (*BEGINNING, *FIELDS[array_class]), (MATRIX,)
            elif array_class not in NUMERIC_CLASSES:
                raise _DamageError(f"the array at byte {place} has an unknown class")
        allowed = (expected[index],) if index < len(expected) else rest
        if kind not in allowed:
            raise _DamageError(f"the data element at byte {place} has an unexpected type")
        if kind == MATRIX:
            _check_array(content, data, end, order)
        missing -= 1
    if missing > 0:
        raise _DamageError(f"the array at byte {start} lacks {missing} of its elements")


def _check_compressed(data: bytes, start: int) -> None:
    """Decompress the whole element to verify its checksum, without keeping the data."""
    stream, rest = zlib.decompressobj(), data
    while rest and not stream.eof:
        stream.decompress(rest, 2**20)
        rest = stream.unconsumed_tail
    if not stream.eof:
        raise _DamageError(f"the compressed element at byte {start} is incomplete")
