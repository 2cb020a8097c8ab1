"""Page about the recordings of a dataset: cues, amplitudes, spectra, and what was left out."""

from __future__ import annotations

import html
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bci_dann._files import write_atomically
from bci_dann.data.screening.cues import REASONS, account_sentence
from bci_dann.reporting.figure_file import write_png

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bci_dann.data.screening.examination import Examination, ExaminedRecording

__all__ = ["draw_amplitudes", "draw_cues", "draw_spectra", "write_recordings_page"]

# Okabe and Ito (2008), "Color universal design".
CLASS_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9")
LEFT_OUT_COLOUR = "#D55E00"
# Sizes in inches, empirical: names of files and channels stay legible.
WIDTH, ROW, MARGIN, TALLEST = 9.0, 0.2, 1.6, 60.0
LONGEST_NAME, MOST_LARGE_NAMES = 40, 40
# Subjects that get a colour and a name of their own among the spectra.
MOST_NAMED = 12

MEANING = """<p><b>found</b>: cues of the classes in the recording; <b>used</b>: those that became
trials; the further columns count the others by the reason why not:</p>"""


def write_recordings_page(examination: Examination, path: str | Path, title: str) -> Path:
    """Write an examination as an HTML page that needs no other file.

    Parameters
    ----------
    examination : Examination
        As :func:`bci_dann.data.examine_recordings` returns it.
    path : str or pathlib.Path
        The file; an existing one is replaced.
    title : str
        The title of the page.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ResultsError
        When it cannot be written.
    """
    import mne

    figures = {
        "Cues over time": draw_cues,
        "Amplitudes": draw_amplitudes,
        "Spectra": draw_spectra,
    }
    with mne.use_log_level("error"), tempfile.TemporaryDirectory() as scratch:
        report = mne.Report(title=title)
        report.add_html(_overview_html(examination), title="Overview")
        for name, draw in figures.items():
            if examination.recordings:
                picture = Path(scratch) / f"{draw.__name__}.png"
                write_png(draw(examination.recordings), picture)
                report.add_image(picture, title=name)
        report.add_html(_table(examination), title="Cues of each recording")
        if examination.channels is not None:
            table = examination.channels.to_html(index=False, border=0, classes="table table-sm")
            report.add_html(table, title="Channels of each recording")
        file = Path(scratch) / "page.html"
        report.save(file, open_browser=False)
        write_atomically(Path(path), file.read_bytes())
    return Path(path)


def draw_cues(recordings: list[ExaminedRecording]) -> Figure:
    """Draw when the cues of each recording come, and which were left out.

    Parameters
    ----------
    recordings : list of ExaminedRecording
        One row each.

    Returns
    -------
    matplotlib.figure.Figure
        Time in seconds; a colour for each class, crosses for what was left out.
    """
    figure, ax = _rows(recordings)
    labels = list(dict.fromkeys(label for one in recordings for label in one.cues["label"]))
    for row, one in enumerate(recordings):
        ax.hlines(row, 0, one.duration_s, color="0.85", linewidth=3, zorder=0)
    for number, label in enumerate(labels):
        points = [
            (onset, row)
            for row, one in enumerate(recordings)
            for onset in one.cues["onset"][_used(one) & (one.cues["label"] == label)]
        ]
        colour = CLASS_COLOURS[number % len(CLASS_COLOURS)]
        ax.scatter(*np.reshape(points, (-1, 2)).T, marker="|", color=colour, label=label)
    left_out = [
        (onset, row)
        for row, one in enumerate(recordings)
        for onset in one.cues["onset"][~_used(one)]
    ]
    if left_out:
        x, y = np.transpose(left_out)
        ax.scatter(x, y, marker="x", color=LEFT_OUT_COLOUR, s=18, label="left out", zorder=3)
    ax.set(xlabel="time (s)")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=6, frameon=False)
    return figure


def draw_amplitudes(recordings: list[ExaminedRecording]) -> Figure:
    """Draw the amplitude of each channel in each recording.

    Parameters
    ----------
    recordings : list of ExaminedRecording
        One row each.

    Returns
    -------
    matplotlib.figure.Figure
        Root mean square from 4 to 40 Hz in microvolt, on a logarithmic scale.
    """
    import pandas as pd
    from matplotlib.colors import LogNorm

    figure, ax = _rows(recordings)
    table = pd.DataFrame([one.amplitude_uv for one in recordings])
    values = table.to_numpy(dtype=float)
    positive = values[values > 0]
    lowest = positive.min() if len(positive) else 1.0
    limits = (lowest, max(positive.max(initial=0.0), 1.01 * lowest))
    image = ax.imshow(
        np.maximum(values, limits[0]), aspect="auto", norm=LogNorm(*limits), cmap="viridis"
    )
    size = 8 if table.shape[1] <= MOST_LARGE_NAMES else 5
    ax.set_xticks(range(table.shape[1]), table.columns, rotation=90, fontsize=size)
    figure.colorbar(image, ax=ax, label="µV from 4 to 40 Hz")
    return figure


def draw_spectra(recordings: list[ExaminedRecording]) -> Figure:
    """Draw the spectrum of each recording, the median over its channels.

    Parameters
    ----------
    recordings : list of ExaminedRecording
        One line each, and one colour a subject.

    Returns
    -------
    matplotlib.figure.Figure
        Power spectral density in µV²/Hz.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 4.5), layout="constrained")
    ax = figure.subplots()
    subjects = list(dict.fromkeys(one.place["subject"] for one in recordings))
    shades = colormaps["turbo"](np.linspace(0.05, 0.95, len(subjects)))
    colours = dict(zip(subjects, shades, strict=True))
    named: set[str] = set()
    for one in recordings:
        subject = one.place["subject"]
        is_named = subject not in named and len(subjects) <= MOST_NAMED
        named.add(subject)
        label = f"subject {subject}" if is_named else None
        spectrum = one.spectrum
        ax.plot(spectrum.index, spectrum, color=colours[subject], linewidth=0.9, label=label)
    ax.set(xlabel="frequency (Hz)", ylabel="µV²/Hz, median over channels", yscale="log")
    ax.grid(alpha=0.3)
    if len(subjects) <= MOST_NAMED:
        ax.legend(ncols=2, fontsize=8, frameon=False)
    return figure


def _rows(recordings: list[ExaminedRecording]) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    height = min(MARGIN + ROW * len(recordings), TALLEST)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    ax = figure.subplots()
    names = [one.name[-LONGEST_NAME:] for one in recordings]
    ax.set_yticks(range(len(recordings)), names, fontsize=8)
    ax.set_ylim(len(recordings) - 0.5, -0.5)
    return figure, ax


def _used(recording: ExaminedRecording) -> pd.Series[bool]:
    return recording.cues["left_out"] == ""


def _overview_html(examination: Examination) -> str:
    sentences = [account_sentence(examination.account)]
    sentences += [f"Problem: {problem}" for problem in examination.problems]
    return "<ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in sentences) + "</ul>"


def _table(examination: Examination) -> str:
    account = examination.account
    reasons = [reason for reason in REASONS if len(account) and account[reason].any()]
    shown = account[[*account.columns[:7], *reasons]]
    listed = "".join(f"<li><b>{reason}</b>: {REASONS[reason]}</li>" for reason in reasons)
    meaning = MEANING + (f"<ul>{listed}</ul>" if reasons else "<p>none was left out.</p>")
    return meaning + shown.to_html(index=False, border=0, classes="table table-sm")
