"""HTML page of a report: sections with a table of contents, in one self-contained file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from bci_dann.reporting.run_report.html_parts import Section

__all__ = ["html_page"]

STYLE = Path(__file__).with_name("report.css")
# In pages of MNE, the key T belongs to a filter that this page does not have, and would hide all
# sections. Before printing, all collapsed parts are opened.
SCRIPT = """
window.addEventListener('load', () => { window.onkeydown = null; });
window.addEventListener('beforeprint', () => {
  document.querySelectorAll('details').forEach((part) => { part.open = true; });
});
"""


def html_page(title: str, sections: Iterable[Section]) -> bytes:
    """Return sections as a page.

    Parameters
    ----------
    title : str
        Title of the page.
    sections : iterable of Section
        The sections.

    Returns
    -------
    bytes
        HTML, created with ``mne.Report``.
    """
    import mne

    with mne.use_log_level("error"), tempfile.TemporaryDirectory() as scratch:
        report = mne.Report(title=title)
        report.add_custom_css(STYLE.read_text(encoding="utf-8"))
        report.add_custom_js(SCRIPT)
        for section in sections:
            report.add_html(section.body, title=section.title, tags=("report",))
        file = Path(scratch) / "report.html"
        report.save(file, open_browser=False)
        return file.read_bytes()
