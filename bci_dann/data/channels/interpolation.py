"""Interpolation of electrodes by spherical splines, from the standard positions of their names."""

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

# Holds every position of the 10-20, 10-10 and 10-05 systems.
ALL_POSITIONS = "standard_1005"

# Share of the wanted electrodes that may be interpolated. Empirical: three of 15 cost some points
# of accuracy on real recordings, and the five of one region up to all that the decoder knew (the
# table missing_electrodes of docs/results).
MAX_SHARE = 0.2

# Electrodes that a spline on a sphere needs: a constant, and three to tell the directions.
FEWEST_DONORS = 4


def montage_of(names: Iterable[str], preferred: str | None = None) -> str:
    """Return a standard montage that has the positions of some electrodes.

    Parameters
    ----------
    names : iterable of str
        The electrodes.
    preferred : str or None
        The montage that is tried before that of the 10-05 system.

    Returns
    -------
    str
        MNE's name of it.

    Raises
    ------
    DataError
        When neither has all of them.
    """
    wanted = list(names)
    candidates = [ALL_POSITIONS] if preferred is None else [preferred, ALL_POSITIONS]
    unknown = [[one for one in wanted if _place(one, name) is None] for name in candidates]
    for name, missing in zip(candidates, unknown, strict=True):
        if not missing:
            return name
    raise DataError(
        f"the positions of {', '.join(unknown[-1])} are not known, so they cannot be "
        "interpolated: their names are none of the 10-05 system. Give the names with `rename`."
    )


def with_position(names: Iterable[str], montage: str) -> list[str]:
    """Return the electrodes that have a position, one for each position.

    Parameters
    ----------
    names : iterable of str
        Channels, in any spelling.
    montage : str
        MNE's name of the montage.

    Returns
    -------
    list of str
        In the same order; of several at one position the first.
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
    """Give electrodes the signal that spherical splines of others have at their positions.

    MNE's :meth:`~mne.io.Raw.interpolate_bads` does it (Perrin et al. 1989, "Spherical splines for
    scalp potential and current density mapping", Electroencephalogr. Clin. Neurophysiol. 72(2),
    184-187). The weights of the donors sum to one, so the result does not depend on their common
    reference. The sphere is that of the whole montage, whatever electrodes there are.

    Parameters
    ----------
    recording : mne.io.Raw or mne.Epochs
        In memory; changed in place.
    names : sequence of str
        The electrodes. Channels of these names are replaced, and others are added.
    donors : sequence of str
        The channels to interpolate from, all with a position in ``montage``.
    montage : str
        MNE's name of the montage.

    Returns
    -------
    mne.io.Raw or mne.Epochs
        The same, with ``names`` as its last channels.

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
    if len(donors) < FEWEST_DONORS:
        raise DataError(
            f"{', '.join(names)} cannot be interpolated from {len(donors)} electrodes with known "
            f"positions ({', '.join(donors) or 'none'}): {FEWEST_DONORS} are needed."
        )
    places = {name: _place(name, montage) or name for name in (*donors, *names)}
    estimate = recording.copy().pick(list(donors), verbose="error")
    copies = [  # of any channel, for its shape
        estimate.copy().pick([donors[0]], verbose="error").rename_channels({donors[0]: name})
        for name in names
    ]
    estimate.add_channels(copies, force_update_info=True)
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
    """Return the name that the position of an electrode has in a montage."""
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
