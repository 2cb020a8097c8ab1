"""Bibliography of the package: finds papers that a text cites, such as "He and Wu 2020"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Paper", "cited_papers", "read_papers"]

# Accents of BibTeX, and the Unicode marks that combine with the preceding letter.
ACCENT = re.compile(r"""\{?\\(["'vc])\{?([A-Za-z])\}?\}?""")
MARKS = {'"': "\u0308", "'": "\u0301", "v": "\u030c", "c": "\u0327"}
BIBLIOGRAPHY = Path(__file__).with_name("references.bib")
FIELD = re.compile(r"(\w+) = \{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")


@dataclass(frozen=True)
class Paper:
    """A paper that can be cited.

    Attributes
    ----------
    key : str
        Key of the BibTeX entry.
    entry : str
        The BibTeX entry.
    fields : dict of str to str
        Fields of the entry by name, with BibTeX markup.
    """

    key: str
    entry: str
    fields: dict[str, str]

    @property
    def label(self) -> str:
        """The citation in the text.

        Returns
        -------
        str
            For example ``He and Wu 2020`` or ``Ganin et al. 2016``.
        """
        names = [_plain(name.partition(",")[0]) for name in self.fields["author"].split(" and ")]
        who = " and ".join(names) if len(names) < 3 else f"{names[0]} et al."
        return f"{who} {self.fields['year']}"

    @property
    def text(self) -> str:
        """The reference as plain text.

        Returns
        -------
        str
            Authors, year, title, journal or book, volume and pages.
        """
        authors = [_plain(name) for name in self.fields["author"].split(" and ")]
        shown = "; ".join(authors) if len(authors) <= 6 else f"{authors[0]}; et al."
        where = self.fields.get("journal", self.fields.get("booktitle", ""))
        number = f" {self.fields['volume']}" if "volume" in self.fields else ""
        pages = f", {self.fields['pages'].replace('--', '-')}" if "pages" in self.fields else ""
        title = _plain(self.fields["title"])
        end = "" if title.endswith("?") else "."
        return f"{shown} ({self.fields['year']}). {title}{end} {where}{number}{pages}."


def read_papers() -> dict[str, Paper]:
    """Return the papers in the bibliography of the package.

    Returns
    -------
    dict of str to Paper
        Papers by their citation in a text.
    """
    papers = {}
    for line in BIBLIOGRAPHY.read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            key = line[line.index("{") + 1 : line.index(",")]
            paper = Paper(key, line, dict(FIELD.findall(line)))
            papers[paper.label] = paper
    return papers


def cited_papers(texts: Iterable[str]) -> list[Paper]:
    """Return the papers that texts cite.

    Parameters
    ----------
    texts : iterable of str
        Texts with citations such as ``(He and Wu 2020)``.

    Returns
    -------
    list of Paper
        Sorted by author and year; citations of unknown papers are ignored.
    """
    text = " ".join(texts)
    return [paper for label, paper in sorted(read_papers().items()) if label in text]


def _plain(text: str) -> str:
    """Return BibTeX text without braces; accents become letters with combining marks."""
    accented = ACCENT.sub(lambda found: found[2] + MARKS[found[1]], text)
    return unicodedata.normalize("NFC", accented).replace("{", "").replace("}", "")
