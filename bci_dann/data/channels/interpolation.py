"""Interpolation of missing electrodes by spherical splines, with standard electrode positions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TypeVar

import mne

from bci_dann.data.channels.electrode_names import standard_name
from bci_dann.data.montages import standard_montage
from bci_dann.exceptions import DataError

__all__ = ["MAX_SHARE", "interpolate_electrodes", "montage_of", "with_position"]

Recording = TypeVar("Recording", mne.io.BaseRaw, mne.BaseEpochs)

# Contains all positions of the 10-20, 10-10 and 10-05 systems.
ALL_POSITIONS = "standard_1005"

# Largest share of the requested electrodes that may be interpolated. Empirical: on real recordings,
# three of 15 cost some points of accuracy, and all five of one region up to the entire accuracy
# above chance (table missing_electrodes in docs/results).
MAX_SHARE = 0.2

# Smallest number of electrodes for a spline on a sphere: one for the mean, three for the gradient.
MIN_DONORS = 4


def montage_of(names: Iterable[str], preferred: str | None = None) -> str:
    """Return a standard montage that contains the given electrodes.

    Parameters
    ----------
    names : iterable of str
        The electrodes.
    preferred : str or None
        The montage that is tried before that of the 10-05 system.

    Returns
    -------
    str
        MNE's name of the montage.

    Raises
    ------
    DataError
        When neither montage contains all electrodes.
    """
    wanted = list(names)
    candidates = [ALL_POSITIONS] if preferred is None else [preferred, ALL_POSITIONS]
    unknown = [[one for one in wanted if _place(one, name) is None] for name in candidates]
    for name, missing in zip(candidates, unknown, strict=True):
        if not missing:
            return name
    raise DataError(
        f"the positions of {', '.join(unknown[-1])} are not known, so they cannot be "
        "interpolated: their names are not in the 10-05 system. Rename them with `rename`."
    )


def with_position(names: Iterable[str], montage: str) -> list[str]:
    """Return the electrodes with a position in a montage, one for each position.

    Parameters
    ----------
    names : iterable of str
        Channel names, in any spelling.
    montage : str
        MNE's name of the montage.

    Returns
    -------
    list of str
        Electrodes in the same order; if several have the same position, the first of them.
    """
    first: dict[str, str] = {}
    for name in names:
        place = _place(name, montage)
        if place is not None:
            first.setdefault(place, name)
    return list(first.values())


def interpolate_electrodes(
    recording: Recording, names: Sequence[str], donors: Sequence[str], montage: str
) -> Recording:
    """Interpolate electrodes from others by spherical splines.

    Uses MNE's :meth:`~mne.io.Raw.interpolate_bads` (Perrin et al. 1989, "Spherical splines for
    scalp potential and current density mapping", Electroencephalogr. Clin. Neurophysiol. 72(2),
    184-187). The weights of the donors sum to one, so the result does not depend on their common
    reference. The sphere is fitted to the whole montage, independently of the existing electrodes.

    Parameters
    ----------
    recording : mne.io.Raw or mne.Epochs
        Recording in memory; changed in place.
    names : sequence of str
        The electrodes to interpolate. Existing channels with these names are replaced, others are
        added.
    donors : sequence of str
        The channels to interpolate from, all with a position in ``montage``.
    montage : str
        MNE's name of the montage.

    Returns
    -------
    mne.io.Raw or mne.Epochs
        The same recording, with ``names`` as its last channels.

    Raises
    ------
    DataError
        When there are fewer than four donors.

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> info = mne.create_info(["FC3", "C1", "C5", "CP3"], 100.0, "eeg")
    >>> signals = np.ones((4, 200)) * np.sin(np.arange(200.0))
    >>> raw = mne.io.RawArray(signals, info, verbose="error")
    >>> raw = interpolate_electrodes(raw, ["C3"], raw.ch_names, "standard_1005")
    >>> bool(np.allclose(raw.get_data("C3"), signals[0]))
    True
    """
    if len(donors) < MIN_DONORS:
        raise DataError(
            f"{', '.join(names)} cannot be interpolated from {len(donors)} electrodes with known "
            f"positions ({', '.join(donors) or 'none'}): {MIN_DONORS} are needed."
        )
    places = {name: _place(name, montage) or name for name in (*donors, *names)}
    estimate = recording.copy().pick(list(donors), verbose="error")
    placeholders = [  # copies of one channel, which interpolation overwrites
        estimate.copy().pick([donors[0]], verbose="error").rename_channels({donors[0]: name})
        for name in names
    ]
    estimate.add_channels(placeholders, force_update_info=True)
    estimate.rename_channels(places, verbose="error")
    types = dict.fromkeys(estimate.ch_names, "eeg")
    estimate.set_channel_types(types, on_unit_change="ignore", verbose="error")
    estimate.set_montage(standard_montage(montage), match_case=False, verbose="error")
    estimate.info["bads"] = [places[name] for name in names]
    estimate.interpolate_bads(origin=_origin(montage), on_bad_position="raise", verbose="error")
    estimate.pick([places[name] for name in names], verbose="error")
    estimate.rename_channels({places[name]: name for name in names}, verbose="error")
    replaced = [name for name in names if name in recording.ch_names]
    if replaced:
        recording.drop_channels(replaced)
    return recording.add_channels([estimate], force_update_info=True)


def _place(name: str, montage: str) -> str | None:
    """Return the montage's name for the position of an electrode, or None."""
    known = _places(montage)
    return known.get((standard_name(name) or name).lower()) or known.get(name.lower())


@cache
def _places(montage: str) -> dict[str, str]:
    return {name.lower(): name for name in standard_montage(montage).ch_names}


@cache
def _origin(montage: str) -> tuple[float, float, float]:
    """Return the centre of the sphere that fits all electrodes of a montage (m, head frame)."""
    positions = standard_montage(montage)
    info = mne.create_info(positions.ch_names, 100.0, "eeg").set_montage(positions)
    _, origin, _ = mne.bem.fit_sphere_to_headshape(info, ("eeg",), units="m", verbose="error")
    x, y, z = map(float, origin)
    return x, y, z
