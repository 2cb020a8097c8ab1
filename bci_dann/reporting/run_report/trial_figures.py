"""Figures of confusion matrices, calibration of probabilities, and accuracy over sessions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.metrics import expected_calibration_error
from bci_dann.reporting.run_report.ranking_figures import empty_figure
from bci_dann.reporting.subject_figure import COLOURS, mark_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MAX_DRAWN", "draw_confusion", "draw_reliability", "draw_time_course"]

MAX_DRAWN = len(COLOURS) - 1  # pipelines with distinguishable colours and markers
MATRICES_IN_A_ROW, MATRIX_SIZE = 3, 3.0  # number, and inches
# Bins of the probability of the predicted class, and the smallest number of trials in a drawn bin.
N_BINS, MIN_IN_BIN = 10, 20
N_QUARTERS = 4


def draw_confusion(trials: pd.DataFrame, pipelines: Sequence[str], classes: list[str]) -> Figure:
    """Draw the confusion matrix of each pipeline.

    Parameters
    ----------
    trials : pandas.DataFrame
        One row for each scored trial.
    pipelines : sequence of str
        Pipelines to draw, in this order.
    classes : list of str
        The classes, in the order of rows and columns.

    Returns
    -------
    matplotlib.figure.Figure
        One matrix for each pipeline, with shares of the true class in percent.
    """
    from sklearn.metrics import confusion_matrix

    n_columns = min(MATRICES_IN_A_ROW, len(pipelines))
    n_rows = math.ceil(len(pipelines) / n_columns)
    side = MATRIX_SIZE + 0.25 * max(0, len(classes) - 4)
    figure = empty_figure(side * n_rows, (side + 0.4) * n_columns)
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for ax, name in zip(axes, pipelines, strict=False):
        own = trials[trials["pipeline"] == name]
        counts = confusion_matrix(own["truth"], own["prediction"], labels=classes)
        totals = counts.sum(axis=1, keepdims=True)
        shares = 100 * counts / np.maximum(totals, 1)
        ax.imshow(shares, vmin=0, vmax=100, cmap="Blues")
        for row, column in np.ndindex(shares.shape):
            colour = "white" if shares[row, column] > 60 else "black"
            text = f"{shares[row, column]:.0f}"
            ax.text(column, row, text, ha="center", va="center", color=colour)
        ax.set_xticks(range(len(classes)), classes, rotation=30, ha="right", fontsize=8)
        ax.set_yticks(range(len(classes)), classes, fontsize=8)
        ax.set_xlabel("predicted", fontsize=8)
        ax.set_ylabel("true (row: 100 %)", fontsize=8)
        ax.set_title(f"{name}, N = {own['subject'].nunique()} subjects", fontsize=9)
    for ax in axes[len(pipelines) :]:
        ax.set_axis_off()
    return figure


def draw_reliability(trials: pd.DataFrame, pipelines: Sequence[str], classes: list[str]) -> Figure:
    """Draw the accuracy of predictions by their probability (reliability diagram).

    Parameters
    ----------
    trials : pandas.DataFrame
        One row for each scored trial.
    pipelines : sequence of str
        Pipelines to draw, in this order.
    classes : list of str
        The classes.

    Returns
    -------
    matplotlib.figure.Figure
        One line for each pipeline, with its expected calibration error in the legend.
    """
    figure = empty_figure(4.6, 7.5)
    ax = figure.subplots()
    lowest = 100 / len(classes)
    ax.plot([lowest, 100], [lowest, 100], color="0.4", linestyle=":", label="ideal")
    for style, name, own in _styled(trials, pipelines):
        probabilities = own[[f"p_{label}" for label in classes]].to_numpy(dtype=np.float64)
        is_correct = (own["truth"] == own["prediction"]).to_numpy()
        indices = {label: index for index, label in enumerate(classes)}
        codes = own["truth"].map(indices).to_numpy(dtype=np.intp)
        error = expected_calibration_error(probabilities, codes)
        x, y = _bins(probabilities.max(axis=1), is_correct, 1 / len(classes))
        ax.plot(100 * x, 100 * y, **style, label=f"{name} (ECE {100 * error:.1f})")
    ax.set_title(f"N = {trials['subject'].nunique()} subjects", fontsize=10)
    ax.set_xlabel("probability of the predicted class (%)")
    ax.set_ylabel("accuracy among these trials (%)")
    _finish(ax)
    return figure


def draw_time_course(trials: pd.DataFrame, pipelines: Sequence[str]) -> Figure:
    """Draw the accuracy in the quarters of the sessions.

    Parameters
    ----------
    trials : pandas.DataFrame
        One row for each scored trial; ``trial`` follows the order of recording.
    pipelines : sequence of str
        Pipelines to draw, in this order.

    Returns
    -------
    matplotlib.figure.Figure
        Means over subjects, one line for each pipeline.
    """
    figure = empty_figure(4.2, 7.5)
    ax = figure.subplots()
    position = trials.groupby(["pipeline", "subject", "seed", "session"])["trial"].rank(pct=True)
    quarter = np.ceil(N_QUARTERS * position - 1e-9).astype(int)
    frame = trials.assign(quarter=quarter, is_correct=trials["truth"] == trials["prediction"])
    for style, name, own in _styled(frame, pipelines):
        by_subject = own.groupby(["quarter", "subject"])["is_correct"].mean()
        means = 100 * by_subject.groupby(level="quarter").mean()
        ax.plot(means.index, means.to_numpy(), **style, label=name)
    ax.set_xticks(range(1, N_QUARTERS + 1), ["first", "second", "third", "last"])
    ax.set_title(f"N = {trials['subject'].nunique()} subjects", fontsize=10)
    ax.set_xlabel("quarter of the scored trials of a session")
    ax.set_ylabel("accuracy (%)")
    _finish(ax)
    return figure


def _styled(
    trials: pd.DataFrame, pipelines: Sequence[str]
) -> Iterator[tuple[dict[str, Any], str, pd.DataFrame]]:
    """Yield the style, name and trials of each pipeline."""
    for index, name in enumerate(pipelines):
        style = {**mark_of(index), "markersize": 5}
        yield style, name, trials[trials["pipeline"] == name]


def _bins(
    confidence: NDArray[np.float64], is_correct: NDArray[np.bool_], lowest: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean confidence and the accuracy in bins of equal width."""
    scaled = (confidence - lowest) / (1 - lowest) * N_BINS
    bins = np.clip(np.ceil(scaled).astype(int) - 1, 0, N_BINS - 1)
    counts = np.bincount(bins, minlength=N_BINS)
    is_drawn = counts >= MIN_IN_BIN
    sums = (
        np.bincount(bins, weights=values, minlength=N_BINS)[is_drawn]
        for values in (confidence, is_correct)
    )
    x, y = (total / counts[is_drawn] for total in sums)
    return x, y


def _finish(ax: Axes) -> None:
    ax.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
