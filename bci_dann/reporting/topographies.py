"""Topographies of how each subject's band power differs from that of the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import mne
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure, SubFigure

    from bci_dann.evaluation import Diagnosis

__all__ = ["draw_topography", "topographies", "without_position"]

Floats = NDArray[np.float64]

SUBJECTS_PER_PAGE = 10
# Diverging: blue below, white at and red above zero.
COLOUR_MAP = "RdBu_r"
# the heading and the unit of each part of a shift
PARTS = {
    "mean_shift": ("Mean over trials", "subject − others (SD of log-power over trials)"),
    "variance_shift": ("Spread over trials", "log₂ (SD of subject / SD of others); +1: twice"),
}
# Electrodes closer than this are in one place (mm): below the diameter of any electrode.
SAME_PLACE_MM = 1.0
# Share of the values within the colour scale; more extreme ones would leave the others pale.
SHARE_IN_SCALE = 0.98


def without_position(info: mne.Info) -> list[str]:
    """Return the channels that a topography cannot place.

    Parameters
    ----------
    info : mne.Info
        The channels.

    Returns
    -------
    list of str
        Names of the channels without a position, or at the position of another.
    """
    positions = np.array([channel["loc"][:3] for channel in info["chs"]])
    is_known = np.isfinite(positions).all(1) & (np.abs(positions).sum(1) > 0)
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    is_single = ~(distances < SAME_PLACE_MM / 1e3).any(1)
    usable = zip(info["ch_names"], is_known & is_single, strict=True)
    return [name for name, is_usable in usable if not is_usable]


def topographies(diagnosis: Diagnosis) -> list[Figure]:
    """Draw where each subject's band power differs: its mean, and its spread over trials.

    Parameters
    ----------
    diagnosis : Diagnosis
        As :func:`bci_dann.evaluation.diagnose` returns it.

    Returns
    -------
    list of matplotlib.figure.Figure
        Ten subjects each, the rows; columns are bands and parts. All pages have one colour scale
        for each part. Empty where channels have no position. Neither pyplot nor a global style
        is used.
    """
    if without_position(diagnosis.info):
        return []
    subjects = list(dict.fromkeys(diagnosis.shifts["subject"]))
    pages = [
        subjects[i : i + SUBJECTS_PER_PAGE] for i in range(0, len(subjects), SUBJECTS_PER_PAGE)
    ]
    limits = {part: _limit(diagnosis.shifts[part].to_numpy()) for part in PARTS}
    return [_topography_page(diagnosis, page, limits) for page in pages]


def _topography_page(
    diagnosis: Diagnosis, subjects: Sequence[str], limits: dict[str, float]
) -> Figure:
    from matplotlib.figure import Figure

    n_bands = diagnosis.shifts["band"].nunique()
    figure = Figure(
        figsize=(1.2 + 1.5 * n_bands * len(PARTS), 1.6 + 1.45 * len(subjects)),
        layout="constrained",
    )
    figure.suptitle("Band power of each subject against the others, before alignment")
    halves: NDArray[Any] = np.asarray(figure.subfigures(1, len(PARTS)))
    for half, part in zip(halves, PARTS, strict=True):
        _draw_part(half, diagnosis, subjects, part, limits[part])
    return figure


def _draw_part(
    half: SubFigure, diagnosis: Diagnosis, subjects: Sequence[str], part: str, limit: float
) -> None:
    heading, unit = PARTS[part]
    half.suptitle(heading)
    bands = diagnosis.shifts.drop_duplicates("band")
    axes = half.subplots(len(subjects), len(bands), squeeze=False)
    for column, (_, band) in enumerate(bands.iterrows()):
        axes[0, column].set_title(f"{band['band']}\n{band['low_hz']:g}–{band['high_hz']:g} Hz")
        for ax, subject in zip(axes[:, column], subjects, strict=True):
            values = _values(diagnosis, subject, str(band["band"]), part)
            draw_topography(ax, values, diagnosis.info, limit)
            if column == 0:
                ax.set_ylabel(subject, rotation=0, labelpad=14, va="center")
    bar = half.colorbar(
        _colour_scale(limit),
        ax=axes,
        location="bottom",
        shrink=0.9,
        aspect=30,
        extend="both",
        pad=0.01,
    )
    bar.set_label(unit)


def _colour_scale(limit: float) -> ScalarMappable:
    """Return the scale of all topographies of a part, from minus to plus a limit."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    return ScalarMappable(Normalize(-limit, limit), COLOUR_MAP)


def draw_topography(ax: Axes, values: Floats, info: mne.Info, limit: float) -> None:
    """Draw one topography.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to.
    values : ndarray, shape (n_chans,)
        Where one is not finite, a text takes the place of the map.
    info : mne.Info
        The channels, with positions.
    limit : float
        The end of the colour scale, which is symmetrical about zero.
    """
    from mne.viz import plot_topomap

    if np.isfinite(values).all():
        plot_topomap(
            values, info, axes=ax, show=False, vlim=(-limit, limit), cmap=COLOUR_MAP, contours=0
        )
    else:
        ax.text(0.5, 0.5, "too few\ntrials", ha="center", va="center", transform=ax.transAxes)
        ax.set(xticks=[], yticks=[], frame_on=False)


def _values(diagnosis: Diagnosis, subject: str, band: str, part: str) -> Floats:
    shifts = diagnosis.shifts
    rows = shifts[(shifts["subject"] == subject) & (shifts["band"] == band)]
    values: Floats = rows.set_index("channel")[part].loc[diagnosis.info["ch_names"]].to_numpy()
    return values


def _limit(values: Floats) -> float:
    """Return a round number that all but the most extreme values lie within."""
    finite = np.abs(values[np.isfinite(values)])
    if not len(finite):
        return 1.0
    return max(0.5, math.ceil(2.0 * float(np.quantile(finite, SHARE_IN_SCALE))) / 2.0)
