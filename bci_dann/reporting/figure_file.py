"""Figures as PNG files that are replaced in one step, and as bytes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann._files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure_bytes", "write_png"]

DPI = 150  # dots an inch


def figure_bytes(figure: Figure, form: str, **options: Any) -> bytes:
    """Return a figure as the content of a file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure. A ``$`` in the name of a subject or a pipeline is shown as it is.
    form : str
        Such as ``"png"``.
    **options : object
        Other options of ``Figure.savefig``.

    Returns
    -------
    bytes
        The content.
    """
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        shown = text.get_text()
        if "$" in shown and r"\mathdefault" not in shown:  # as logarithmic axes write numbers
            text.set_parse_math(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, **options)
    return buffer.getvalue()


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
    write_atomically(Path(path), figure_bytes(figure, "png", dpi=DPI))
    return Path(path)
