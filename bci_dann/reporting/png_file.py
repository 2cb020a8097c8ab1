"""Figures as PNG files that are replaced in one step."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann._files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["write_png"]

DPI = 150  # dots an inch


def write_png(figure: Figure, path: str | Path) -> Path:
    """Write a figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    path : str or pathlib.Path
        The file; it is replaced in one step.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ResultsError
        When it cannot be written.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    write_atomically(Path(path), buffer.getvalue())
    return Path(path)
