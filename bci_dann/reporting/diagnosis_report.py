"""A diagnosis as a folder: tables, pictures, and one page that holds all of them."""

from __future__ import annotations

import html
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann._files import write_atomically
from bci_dann.evaluation.diagnosis.interpretation import describe_overlap, describe_shifts
from bci_dann.reporting.shift_figures import overlap_chart, session_map
from bci_dann.reporting.topographies import topographies, without_position

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bci_dann.evaluation import Diagnosis

__all__ = ["describe_missing_figures", "write_diagnosis"]

TABLES = ("table", "distances", "session_distances", "shifts")
DPI = 120

MEANING = """<p>Each person in turn is the target and all others are the sources; no label is read.
The domain classifier is logistic regression on ten principal components of the covariances.
<b>domain_auc</b>: how well it tells the person from the others, 0.5 not at all, 1 always;
below 0.5 where re-centring has made the means equal, since what is held out then lies opposite.
<b>a_distance</b>: proxy A-distance, 0 to 2. <b>mmd2, mmd_p</b>: squared maximum mean discrepancy
and the p-value of random exchanges. <b>source_error</b>: the share of source trials that could pass
for the person's. <b>ess, ess_share</b>: how many source trials the weighted sources are worth;
where nothing overlaps, clipped weights are even and the figure means nothing. <b>top_share</b>:
how much weight the heaviest 1 % carry. <b>distance</b>: log-Euclidean distance of the person's
mean covariance from that of the others, and, for comparison, <b>within_distance</b> between the
halves of the person's own recording.</p>"""


def describe_missing_figures(diagnosis: Diagnosis) -> list[str]:
    """Return what could not be drawn, and why.

    Parameters
    ----------
    diagnosis : Diagnosis
        As :func:`bci_dann.evaluation.diagnose` returns it.

    Returns
    -------
    list of str
        Sentences; empty where all is there.
    """
    lost = without_position(diagnosis.info)
    if not lost:
        return []
    return [
        f"No topographies: {', '.join(lost)} have no position of their own on the head. Choose "
        "channels with `preprocessing.channels`, or for recordings a `montage`."
    ]


def write_diagnosis(
    diagnosis: Diagnosis, folder: str | Path, title: str = "How far people are apart"
) -> Path:
    """Write tables as CSV, pictures as PNG, and ``report.html``, which needs no other file.

    Parameters
    ----------
    diagnosis : Diagnosis
        As :func:`bci_dann.evaluation.diagnose` returns it.
    folder : str or pathlib.Path
        Made if need be; files of a former diagnosis are replaced.
    title : str
        Of the page.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    ResultsError
        When the folder cannot be written to.
    """
    folder = Path(folder)
    for name in TABLES:
        table: pd.DataFrame = getattr(diagnosis, name)
        write_atomically(folder / f"{name}.csv", table.to_csv(index=False).encode())
    pictures = _pictures(diagnosis)
    for stale in set(folder.glob("topographies*.png")) - {folder / name for name in pictures}:
        stale.unlink()
    for name, content in pictures.items():
        write_atomically(folder / name, content)
    page = folder / "report.html"
    write_atomically(page, _page(diagnosis, title, {name: folder / name for name in pictures}))
    return page


def _pictures(diagnosis: Diagnosis) -> dict[str, bytes]:
    pages = topographies(diagnosis)
    numbers = [f"_{n}" for n in range(1, len(pages) + 1)] if len(pages) > 1 else [""]
    names = [f"topographies{number}.png" for number in numbers[: len(pages)]]
    figures = {"overlap.png": overlap_chart(diagnosis), "map.png": session_map(diagnosis)}
    figures |= dict(zip(names, pages, strict=True))
    return {name: _png(figure) for name, figure in figures.items()}


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight")
    return buffer.getvalue()


def _page(diagnosis: Diagnosis, title: str, pictures: dict[str, Path]) -> bytes:
    import mne

    with mne.use_log_level("error"), tempfile.TemporaryDirectory() as scratch:
        report = mne.Report(title=title)
        report.add_html(_words(diagnosis), title="In words")
        for name, path in pictures.items():
            report.add_image(path, title=_title(name))
        rounded = diagnosis.table.round(3).to_html(index=False, border=0, classes="table table-sm")
        report.add_html(MEANING + rounded, title="All figures")
        file = Path(scratch) / "report.html"
        report.save(file, open_browser=False)
        return file.read_bytes()


def _title(name: str) -> str:
    titles = {"overlap": "Overlap", "map": "Map of sessions", "topographies": "What differs"}
    stem, _, number = name.removesuffix(".png").partition("_")
    return f"{titles[stem]} {number}".strip()


def _words(diagnosis: Diagnosis) -> str:
    blocks = (
        describe_overlap(diagnosis.table),
        describe_shifts(diagnosis.shifts),
        describe_missing_figures(diagnosis),
    )
    return "".join(_listed(block) for block in blocks if block)


def _listed(sentences: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in sentences) + "</ul>"
