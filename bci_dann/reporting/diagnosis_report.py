"""Report of a diagnosis: tables as CSV, figures as PNG, and an HTML page with all of them."""

from __future__ import annotations

import html
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann._files import write_atomically
from bci_dann.evaluation.diagnosis.interpretation import describe_overlap, describe_shifts
from bci_dann.reporting.figure_file import figure_bytes
from bci_dann.reporting.shift_figures import overlap_chart, session_map
from bci_dann.reporting.topographies import topographies, without_position

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bci_dann.evaluation import Diagnosis

__all__ = ["describe_missing_figures", "write_diagnosis"]

TABLES = ("table", "distances", "session_distances", "shifts")
DPI = 120

MEANING = """<p>Each subject in turn is the target and all others are the sources; no label is used.
The domain classifier is logistic regression on ten principal components of the covariances.
<b>domain_auc</b>: its ROC AUC for the subject against the others, 0.5 chance, 1 no error;
below 0.5 where re-centring has made the means equal, since the trials that are held out then lie
opposite.
<b>a_distance</b>: proxy A-distance, 0 to 2. <b>mmd2, mmd_p</b>: squared maximum mean discrepancy
and its p-value by random exchanges. <b>source_error</b>: the share of source trials that are taken
for the subject's. <b>ess, ess_share</b>: the effective sample size of the weighted source trials;
where nothing overlaps, clipped weights are even and the figure means nothing. <b>top_share</b>:
the share of the weight that the heaviest 1 % have. <b>distance</b>: log-Euclidean distance of the
subject's mean covariance from that of the others, and, for comparison, <b>within_distance</b>
between the halves of the subject's own trials.</p>"""


def describe_missing_figures(diagnosis: Diagnosis) -> list[str]:
    """Describe the figures that cannot be drawn, and why.

    Parameters
    ----------
    diagnosis : Diagnosis
        As :func:`bci_dann.evaluation.diagnose` returns it.

    Returns
    -------
    list of str
        Sentences; empty where all figures can be drawn.
    """
    channels = without_position(diagnosis.info)
    if not channels:
        return []
    return [
        f"No topographies: {', '.join(channels)} have no position of their own on the head. Choose "
        "channels with `preprocessing.channels`, or for recordings a `montage`."
    ]


def write_diagnosis(
    diagnosis: Diagnosis, folder: str | Path, title: str = "Domain shift between subjects"
) -> Path:
    """Write tables as CSV, figures as PNG, and ``report.html``, which needs no other file.

    Parameters
    ----------
    diagnosis : Diagnosis
        As :func:`bci_dann.evaluation.diagnose` returns it.
    folder : str or pathlib.Path
        Made where it is missing; files of an earlier diagnosis are replaced.
    title : str
        The title of the page.

    Returns
    -------
    pathlib.Path
        The file of the page.

    Raises
    ------
    ResultsError
        When the folder cannot be written to.
    """
    folder = Path(folder)
    for name in TABLES:
        table: pd.DataFrame = getattr(diagnosis, name)
        write_atomically(folder / f"{name}.csv", table.to_csv(index=False).encode())
    figures = _figures(diagnosis)
    for stale in set(folder.glob("topographies*.png")) - {folder / name for name in figures}:
        stale.unlink()
    for name, content in figures.items():
        write_atomically(folder / name, content)
    page = folder / "report.html"
    write_atomically(page, _page(diagnosis, title, {name: folder / name for name in figures}))
    return page


def _figures(diagnosis: Diagnosis) -> dict[str, bytes]:
    pages = topographies(diagnosis)
    numbers = [f"_{n}" for n in range(1, len(pages) + 1)] if len(pages) > 1 else [""]
    names = [f"topographies{number}.png" for number in numbers[: len(pages)]]
    figures = {"overlap.png": overlap_chart(diagnosis), "map.png": session_map(diagnosis)}
    figures |= dict(zip(names, pages, strict=True))
    return {name: _png(figure) for name, figure in figures.items()}


def _png(figure: Figure) -> bytes:
    return figure_bytes(figure, "png", dpi=DPI, bbox_inches="tight")


def _page(diagnosis: Diagnosis, title: str, figures: dict[str, Path]) -> bytes:
    import mne

    with mne.use_log_level("error"), tempfile.TemporaryDirectory() as scratch:
        report = mne.Report(title=title)
        report.add_html(_overview_html(diagnosis), title="Overview")
        for name, path in figures.items():
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


def _overview_html(diagnosis: Diagnosis) -> str:
    blocks = (
        describe_overlap(diagnosis.table),
        describe_shifts(diagnosis.shifts),
        describe_missing_figures(diagnosis),
    )
    return "".join(_listed(block) for block in blocks if block)


def _listed(sentences: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in sentences) + "</ul>"
