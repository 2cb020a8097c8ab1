"""HTML parts of a report: sections, figures with explanations, tables, blocks to copy."""

from __future__ import annotations

import base64
import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bci_dann.reporting.figure_file import figure_bytes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = [
    "MINUS",
    "Explanation",
    "Section",
    "code_html",
    "details_html",
    "figure_html",
    "heading_html",
    "list_html",
    "p_value_text",
    "paragraph_html",
    "signed_text",
    "table_html",
]

MINUS = "\N{MINUS SIGN}"
CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Section:
    """A section of the page, listed in the table of contents.

    Attributes
    ----------
    title : str
        The heading.
    body : str
        The content in HTML.
    """

    title: str
    body: str


@dataclass(frozen=True)
class Explanation:
    """Explanation of a figure or table for its reader.

    Attributes
    ----------
    shows : str
        What is drawn.
    good, bad : str
        Description of a good and of a bad result.
    advice : str
        What to do.
    """

    shows: str
    good: str
    bad: str
    advice: str

    @property
    def html(self) -> str:
        """The explanation as HTML, for the place below a figure.

        Returns
        -------
        str
            HTML.
        """
        parts = {"Good": self.good, "Bad": self.bad, "What to do": self.advice}
        items = "".join(f"<dt>{name}</dt><dd>{_inline(text)}</dd>" for name, text in parts.items())
        shows = _inline(self.shows)
        return f'<div class="reading"><p><b>How to read this.</b> {shows}</p><dl>{items}</dl></div>'


def figure_html(figure: Figure, title: str, explanation: Explanation) -> str:
    """Return a figure with its title and explanation.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure, embedded in the page as a vector graphic.
    title : str
        Title with the number of subjects; screen readers read it, too.
    explanation : Explanation
        How to read the figure.

    Returns
    -------
    str
        HTML.
    """
    content = figure_bytes(figure, "svg", metadata={"Date": None})
    data = base64.b64encode(content).decode("ascii")
    text = html.escape(title)
    return (
        f'<figure class="result"><figcaption>{text}</figcaption>'
        f'<div class="scroll"><img alt="{text}" src="data:image/svg+xml;base64,{data}"></div>'
        f"{explanation.html}</figure>"
    )


def table_html(
    table: pd.DataFrame, addresses: Mapping[str, Sequence[str | None]] | None = None
) -> str:
    """Return a table.

    Parameters
    ----------
    table : pandas.DataFrame
        The cells; the index is not shown.
    addresses : mapping of str to sequence of (str or None), optional
        Link targets of the cells of a column, by name of the column; ``None`` for no link.

    Returns
    -------
    str
        HTML; wide tables scroll horizontally.
    """
    texts = table.astype(str).map(html.escape).rename(columns=html.escape)
    for name, column in (addresses or {}).items():
        cells = zip(texts[html.escape(name)], column, strict=True)
        texts[html.escape(name)] = [_linked(text, address) for text, address in cells]
    body = texts.to_html(
        index=False, border=0, classes="table table-sm", justify="left", escape=False
    )
    return f'<div class="scroll">{body}</div>'


def heading_html(text: str, level: int) -> str:
    """Return a heading.

    Parameters
    ----------
    text : str
        Plain text.
    level : int
        3 for a part of a section, 4 for a subdivision of this part.

    Returns
    -------
    str
        HTML.
    """
    return f"<h{level}>{html.escape(text)}</h{level}>"


def paragraph_html(text: str) -> str:
    """Return a paragraph.

    Parameters
    ----------
    text : str
        Plain text; backticks mark code.

    Returns
    -------
    str
        HTML.
    """
    return f"<p>{_inline(text)}</p>"


def list_html(sentences: Iterable[str]) -> str:
    """Return a list of sentences.

    Parameters
    ----------
    sentences : iterable of str
        Plain text.

    Returns
    -------
    str
        HTML; empty if there are no sentences.
    """
    items = "".join(f"<li>{_inline(text)}</li>" for text in sentences)
    return f"<ul>{items}</ul>" if items else ""


def code_html(text: str) -> str:
    """Return a block of text to copy; one click selects all of it.

    Parameters
    ----------
    text : str
        Plain text.

    Returns
    -------
    str
        HTML.
    """
    return f'<pre class="copy">{html.escape(text)}</pre>'


def details_html(summary: str, body: str) -> str:
    """Return a part that is shown after a click on its heading.

    Parameters
    ----------
    summary : str
        The heading.
    body : str
        HTML.

    Returns
    -------
    str
        HTML.
    """
    return f"<details><summary>{html.escape(summary)}</summary>{body}</details>"


def signed_text(value: float, form: str = ".1f") -> str:
    """Return a difference with its sign.

    Parameters
    ----------
    value : float
        The difference; NaN if it is not known.
    form : str
        Format specification with the number of digits.

    Returns
    -------
    str
        With one decimal place by default; a dash for NaN.
    """
    text = f"{value:+{form}}" if math.isfinite(value) else "–"
    return text.replace("-", MINUS)


def p_value_text(value: float) -> str:
    """Return a p-value.

    Parameters
    ----------
    value : float
        NaN if it is not known.

    Returns
    -------
    str
        With three decimal places; a dash for NaN.
    """
    if not math.isfinite(value):
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _linked(text: str, address: str | None) -> str:
    return text if address is None else f'<a href="{html.escape(address)}">{text}</a>'


def _inline(text: str) -> str:
    return CODE.sub(r"<code>\1</code>", html.escape(text))
