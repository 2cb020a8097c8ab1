"""Display of cues in a terminal, in letters of the size of the terminal."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["CueDisplay", "TerminalCues", "large_text"]

# Arrows above the name of a class, by a word in the name.
ARROWS = {"left": "←", "right": "→", "feet": "↓", "foot": "↓", "tongue": "↑"}
# Styles without explicit colours, readable on any terminal background.
STYLES = {"cue": "bold", "pause": "dim", "lost": "bold red"}
# Rows below the letters for the note.
NOTE_ROWS = 2
# Smallest readable height of large letters, in dots.
FEWEST_DOTS = 6
# One row of characters shows two rows of dots: empty, upper, lower, both.
BLOCKS = " ▀▄█"


class CueDisplay(Protocol):
    """Interface of a display of cues; a user-defined display can show pictures or play sounds."""

    def __enter__(self) -> CueDisplay:
        """Open the display."""

    def __exit__(self, *error: Any) -> None:
        """Close the display."""

    def show(self, kind: str, text: str, note: str) -> None:
        """Show the current part of a trial; the cue is timed when this method returns.

        Parameters
        ----------
        kind : {"pause", "cue", "task", "lost"}
            The part of the trial: the pause, the cue, or the task after it; or a lost stream.
        text : str
            The class, or another word, such as ``"relax"``.
        note : str
            For the person who runs the session, such as the number of the trial.
        """


class TerminalCues:
    """Shows cues in large letters in a terminal, or as lines of text if there is no terminal.

    Parameters
    ----------
    console : rich.console.Console or None
        Console to write to. By default the standard error stream.
    """

    def __init__(self, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = console or Console(stderr=True, markup=False, emoji=False, highlight=False)
        self._live = Live(console=self._console, screen=True, auto_refresh=False)

    def __enter__(self) -> TerminalCues:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, kind: str, text: str, note: str) -> None:
        """Show the current part of a trial.

        Parameters
        ----------
        kind : {"pause", "cue", "task", "lost"}
            The part of the trial.
        text : str
            The class, or another word.
        note : str
            Text below it.
        """
        if not self._console.is_terminal:
            self._console.print(f"{note}: {text}", soft_wrap=True)
            return
        from rich.align import Align
        from rich.layout import Layout
        from rich.text import Text

        width, height = self._console.size
        letters = _letters_of(kind, text, width - 4, max(4, height - NOTE_ROWS - 2))
        screen = Layout()
        drawn = Text(letters, style=STYLES.get(kind, ""), no_wrap=True)
        screen.split_column(
            Layout(Align.center(drawn, vertical="middle")),
            Layout(Align.center(Text(note, style="dim")), size=NOTE_ROWS),
        )
        self._live.update(screen, refresh=True)


def _letters_of(kind: str, text: str, width: int, height: int) -> str:
    words = text.replace("_", " ")
    arrow = next((sign for word, sign in ARROWS.items() if word in text.lower().split("_")), "")
    if kind != "cue" or not arrow:
        # half of the height, so that short words are not taller than long ones
        return large_text(words, width, max(3, height // 2))
    above, below = large_text(arrow, width, height // 2), large_text(words, width, height // 3)
    n_columns = len(below.split("\n")[0])
    return "\n".join([*(line.center(n_columns) for line in above.split("\n")), "", below])


def large_text(text: str, width: int, height: int) -> str:
    """Draw text in large letters made of block characters.

    Parameters
    ----------
    text : str
        A single line.
    width, height : int
        Maximum numbers of characters and of rows.

    Returns
    -------
    str
        Rows of equal length; the text itself if the letters would be too small to read.

    Examples
    --------
    >>> max(len(row) for row in large_text("left hand", 76, 20).splitlines()) > 70
    True
    """
    large = _bitmap(text, 100.0)
    scale = min(width / large.shape[1], 2 * height / large.shape[0])
    for share in (1.0, 0.96, 0.92, 0.88):  # hinting makes small letters wider than calculated
        dots = _bitmap(text, 100.0 * scale * share)
        if dots.shape[1] <= width and dots.shape[0] <= 2 * height:
            break
    else:
        return text
    if dots.shape[0] < FEWEST_DOTS:
        return text
    dots = np.pad(dots, ((0, dots.shape[0] % 2), (0, 0)))
    pairs = dots[::2] + 2 * dots[1::2]
    return "\n".join("".join(BLOCKS[k] for k in row) for row in pairs)


def _bitmap(text: str, size: float) -> NDArray[np.int_]:
    """Return an array with 1 where the letters are, without empty margins."""
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    font = FT2Font(findfont("DejaVu Sans:bold"))
    font.set_size(max(size, 1.0), 72)
    font.set_text(text)
    font.draw_glyphs_to_bitmap(antialiased=False)
    dots = (np.asarray(font.get_image()) > 0).astype(int)
    rows, columns = np.flatnonzero(dots.any(axis=1)), np.flatnonzero(dots.any(axis=0))
    if not len(rows):
        return np.zeros((1, 1), int)
    return dots[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
