"""Slices that cut an axis into parts, so that intermediate results stay small."""

from __future__ import annotations

__all__ = ["chunk_slices"]


def chunk_slices(n: int, size: int) -> list[slice]:
    """Return slices that cover ``range(n)`` in order.

    Parameters
    ----------
    n : int
        Length of the axis to cut.
    size : int
        Length of a part; the last one may be shorter.

    Returns
    -------
    list of slice
        Empty where ``n`` is zero.
    """
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]
