"""Pictures of where on the head people differ, by MNE. No pyplot, no global style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import mne
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bci_dann.evaluation import Diagnosis

__all__ = ["topographies", "without_position"]

Floats = NDArray[np.float64]

PEOPLE_A_PAGE = 10
# the heading and the unit of each part of a shift
PARTS = {
    "mean_shift": ("Mean over trials", "person − others (SD of log-power over trials)"),
    "variance_shift": ("Spread over trials", "log₂ (SD of person / SD of others); +1: twice"),
}
TINY_MM = 1.0


def without_position(info: mne.Info) -> list[str]:
    """Return the channels that a topography cannot place: without a position, or one of their own.

    Parameters
    ----------
    info : mne.Info
        The channels.

    Returns
    -------
    list of str
    """
    places = np.array([channel["loc"][:3] for channel in info["chs"]])
    known = np.isfinite(places).all(1) & (np.abs(places).sum(1) > 0)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    alone = ~(apart < TINY_MM / 1e3).any(1)
    return [name for name, ok in zip(info["ch_names"], known & alone, strict=True) if not ok]


def topographies(diagnosis: Diagnosis) -> list[Figure]:
    """Draw where each person's band power differs: its mean, and its spread over trials.

    Parameters
    ----------
    diagnosis : Diagnosis
        As :func:`bci_dann.evaluation.diagnose` returns it.

    Returns
    -------
    list of matplotlib.figure.Figure
        Ten people each, the rows; columns are bands and parts. All pages have one colour scale
        for each part. Empty where channels have no position.
    """
    if without_position(diagnosis.info):
        return []
    subjects = list(dict.fromkeys(diagnosis.shifts["subject"]))
    pages = [subjects[i : i + PEOPLE_A_PAGE] for i in range(0, len(subjects), PEOPLE_A_PAGE)]
    limits = {part: _limit(diagnosis.shifts[part].to_numpy()) for part in PARTS}
    return [_topography_page(diagnosis, page, limits) for page in pages]


def _topography_page(
    diagnosis: Diagnosis, subjects: Sequence[str], limits: dict[str, float]
) -> Figure:
    from matplotlib.figure import Figure

    bands = diagnosis.shifts.drop_duplicates("band")
    n_bands = len(bands)
    figure = Figure(
        figsize=(1.2 + 1.5 * n_bands * len(PARTS), 1.6 + 1.45 * len(subjects)),
        layout="constrained",
    )
    figure.suptitle("Band power of each person against the others, before alignment")
    halves: NDArray[Any] = np.asarray(figure.subfigures(1, len(PARTS)))
    for half, part in zip(halves, PARTS, strict=True):
        heading, unit = PARTS[part]
        half.suptitle(heading)
        axes = half.subplots(len(subjects), n_bands, squeeze=False)
        for column, (_, band) in enumerate(bands.iterrows()):
            axes[0, column].set_title(f"{band['band']}\n{band['low_hz']:g}–{band['high_hz']:g} Hz")
            for ax, subject in zip(axes[:, column], subjects, strict=True):
                values = _values(diagnosis, subject, str(band["band"]), part)
                image = _draw_topography(ax, values, diagnosis.info, limits[part])
                if column == 0:
                    ax.set_ylabel(subject, rotation=0, labelpad=14, va="center")
        # the scale of every picture, also where the last could not be drawn
        bar = half.colorbar(
            image, ax=axes, location="bottom", shrink=0.9, aspect=30, extend="both", pad=0.01
        )
        bar.set_label(unit)
    return figure


def _draw_topography(ax: Axes, values: Floats, info: mne.Info, limit: float) -> Any:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from mne.viz import plot_topomap

    scale = ScalarMappable(Normalize(-limit, limit), "RdBu_r")
    if np.isfinite(values).all():
        plot_topomap(
            values, info, axes=ax, show=False, vlim=(-limit, limit), cmap="RdBu_r", contours=0
        )
    else:
        ax.text(0.5, 0.5, "too few\ntrials", ha="center", va="center", transform=ax.transAxes)
        ax.set(xticks=[], yticks=[], frame_on=False)
    return scale


def _values(diagnosis: Diagnosis, subject: str, band: str, part: str) -> Floats:
    shifts = diagnosis.shifts
    own = shifts[(shifts["subject"] == subject) & (shifts["band"] == band)]
    values: Floats = own.set_index("channel")[part].loc[diagnosis.info["ch_names"]].to_numpy()
    return values


def _limit(values: Floats) -> float:
    """Return a round number that all but the most extreme values lie within."""
    finite = np.abs(values[np.isfinite(values)])
    if not len(finite):
        return 1.0
    return max(0.5, math.ceil(2.0 * float(np.quantile(finite, 0.98))) / 2.0)
