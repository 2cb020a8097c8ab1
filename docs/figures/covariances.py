"""Views of a trial, the covariance of delayed copies, and the effect of an artefact."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bci_dann.alignment.artefacts import suppress_artefacts
from bci_dann.alignment.shrunk_covariance import shrunk_covariances
from bci_dann.features.covariance_views import overlapping_windows

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
SFREQ, N_TIMES, N_COPIES, SPAN = 128.0, 384, 7, 0.1


def draw() -> Figure:
    """Return the picture."""
    rng = np.random.default_rng(0)
    trial = _trial(rng)
    figure = Figure(figsize=(7.6, 3.0), layout="constrained")
    windows, copies, robust = figure.subplots(1, 3, width_ratios=[1.25, 1, 1])
    _draw_windows(windows, trial)
    _draw_copies(figure, copies, trial)
    _draw_artefact(robust, trial, rng)
    return figure


def _trial(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return two channels (µV) that share a rhythm of 10 Hz, ``(2, n_times)``."""
    time = np.arange(N_TIMES) / SFREQ
    strength = 6.0 + 4.0 * np.cos(2 * np.pi * time / 3.0)
    rhythm = strength * np.sin(2 * np.pi * 10.0 * time)
    noise = 2.0 * rng.normal(size=(2, N_TIMES))
    return np.stack([rhythm, 0.6 * np.roll(rhythm, 2)]) + noise


def _draw_windows(axes: Axes, trial: NDArray[np.float64]) -> None:
    time = np.arange(N_TIMES) / SFREQ
    for offset, channel in zip((15.0, -15.0), trial, strict=True):
        axes.plot(time, channel + offset, color=BLUE, linewidth=0.8)
    for index, window in enumerate(overlapping_windows(N_TIMES, 3)):
        start, stop = window.start / SFREQ, window.stop / SFREQ
        axes.plot([start, stop], [-34.0 - 4.0 * index] * 2, color=ORANGE, linewidth=4)
    axes.plot([0.0, N_TIMES / SFREQ], [-30.0] * 2, color=GREEN, linewidth=4)
    axes.set_title("whole trial and 3 windows", fontsize=10.5)
    axes.set_xlabel("time (s)")
    axes.set_yticks([15.0, -15.0], ["C3", "C4"])
    axes.spines[["top", "right", "left"]].set_visible(False)


def _draw_copies(figure: Figure, axes: Axes, trial: NDArray[np.float64]) -> None:
    lag = round(SPAN * SFREQ / (N_COPIES - 1))
    length = N_TIMES - (N_COPIES - 1) * lag
    stacked = np.concatenate([trial[:, i * lag : i * lag + length] for i in range(N_COPIES)])
    covariance = shrunk_covariances(stacked[None])[0]
    largest = np.abs(covariance).max()
    image = axes.imshow(covariance, cmap="RdBu_r", vmin=-largest, vmax=largest)
    places = np.arange(N_COPIES) * 2 + 0.5
    delays = [f"{1000 * i * lag / SFREQ:.0f}" for i in range(N_COPIES)]
    axes.set_xticks(places, delays, fontsize=8)
    axes.set_yticks(places, delays, fontsize=8)
    axes.set_xlabel("delay of C3, C4 (ms)")
    axes.set_title(f"{N_COPIES} delayed copies", fontsize=10.5)
    figure.colorbar(image, ax=axes, label="µV²", shrink=0.8)


def _draw_artefact(axes: Axes, trial: NDArray[np.float64], rng: np.random.Generator) -> None:
    spoilt = trial.copy()
    spoilt[:, 100:110] += 60.0 * rng.normal(size=10) * np.array([[0.2], [1.0]])
    for X, colour, style, name in (
        (trial, BLUE, "-", "clean"),
        (spoilt, ORANGE, "--", "artefact"),
        (suppress_artefacts(spoilt[None])[0], GREEN, "-.", "artefact, robust"),
    ):
        values, vectors = np.linalg.eigh(shrunk_covariances(X[None])[0])
        angles = np.linspace(0.0, 2 * np.pi, 100)
        circle = np.sqrt(values)[:, None] * np.stack([np.cos(angles), np.sin(angles)])
        axes.plot(*(vectors @ circle), style, color=colour, linewidth=1.8, label=name)
    axes.set_title("covariance (µV)", fontsize=10.5)
    axes.set_xlabel("C3")
    axes.set_ylabel("C4")
    axes.set_xlim(-13.0, 13.0)
    axes.set_ylim(-13.0, 21.0)
    axes.legend(fontsize=8.5, loc="upper center", frameon=False)
    axes.set_aspect("equal")
    axes.spines[["top", "right"]].set_visible(False)
