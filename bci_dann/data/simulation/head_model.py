"""Electrodes, dipoles and leadfields on MNE's spherical head model."""

from __future__ import annotations

from functools import cache, lru_cache

import mne
import numpy as np
from numpy.typing import NDArray

from bci_dann._validation import did_you_mean
from bci_dann.data.montages import standard_montage
from bci_dann.exceptions import ConfigError

__all__ = [
    "HEAD_CENTRE",
    "HEAD_RADIUS",
    "eeg_info",
    "electrode_positions",
    "leadfield",
    "project_to_sphere",
    "rotation_matrix",
]

Array = NDArray[np.float64]

# Centre (head coordinates) and radius of the head (m): the sphere fitted by least squares to the
# 10-20 electrodes of MNE's standard head, rounded to about 2 mm.
HEAD_CENTRE = np.array([0.0, 0.017, 0.047])
HEAD_RADIUS = 0.095


@cache
def _standard_positions() -> dict[str, Array]:
    """Positions of the 10-05 system in head coordinates (m)."""
    montage = standard_montage("standard_1005")
    info = mne.create_info(montage.ch_names, 1.0, "eeg")
    info.set_montage(montage, verbose="error")
    return {channel["ch_name"]: channel["loc"][:3].copy() for channel in info["chs"]}


def electrode_positions(ch_names: list[str]) -> Array:
    """Return the nominal positions of electrodes on the surface of the sphere.

    Parameters
    ----------
    ch_names : list of str
        Names of the 10-05 system (Oostenveld and Praamstra 2001), such as ``"C3"``.

    Returns
    -------
    ndarray, shape (n_chans, 3)
        Head coordinates (m).

    Raises
    ------
    ConfigError
        When a name is not in the 10-05 system.
    """
    known = _standard_positions()
    for name in ch_names:
        if name not in known:
            raise ConfigError(
                f"ch_names has {name!r}, which is not a name of the 10-05 system."
                f"{did_you_mean(name, known)}"
            )
    return project_to_sphere(np.array([known[name] for name in ch_names]), HEAD_RADIUS)


def project_to_sphere(positions: Array, radius: float) -> Array:
    """Move points along their radius to a given distance from the centre of the head.

    Parameters
    ----------
    positions : ndarray, shape (n_points, 3)
        Head coordinates (m).
    radius : float
        The distance (m).

    Returns
    -------
    ndarray, shape (n_points, 3)
        Head coordinates (m).
    """
    directions = positions - HEAD_CENTRE
    unit: Array = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    return HEAD_CENTRE + radius * unit


def rotation_matrix(angles: Array) -> Array:
    """Return the matrix of a rotation vector.

    Parameters
    ----------
    angles : ndarray, shape (3,)
        A vector along the axis of rotation, whose length is the angle (radian).

    Returns
    -------
    ndarray, shape (3, 3)
        Orthogonal, with determinant 1.
    """
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_rotvec(angles).as_matrix())


def eeg_info(ch_names: list[str], positions: Array, sfreq: float) -> mne.Info:
    """Return an `mne.Info` of EEG channels at given positions.

    Parameters
    ----------
    ch_names : list of str
        Channel names.
    positions : ndarray, shape (n_chans, 3)
        Head coordinates (m).
    sfreq : float
        Sampling frequency (Hz).

    Returns
    -------
    mne.Info
        Names, positions and sampling frequency.
    """
    info = mne.create_info(list(ch_names), sfreq, "eeg")
    named = dict(zip(ch_names, positions, strict=True))
    info.set_montage(mne.channels.make_dig_montage(named, coord_frame="head"), verbose="error")
    return info


def leadfield(positions: Array, dipoles: Array, orientations: Array) -> Array:
    """Return the potential that each dipole causes at each electrode.

    MNE computes it for four concentric spheres: brain, cerebrospinal fluid, skull and scalp.

    Parameters
    ----------
    positions : ndarray, shape (n_chans, 3)
        Electrodes (m, head coordinates).
    dipoles : ndarray, shape (n_dipoles, 3)
        Dipoles inside the sphere (m, head coordinates).
    orientations : ndarray, shape (n_dipoles, 3)
        Unit vectors.

    Returns
    -------
    ndarray, shape (n_chans, n_dipoles)
        Volt per ampere metre.
    """
    parts = [np.ascontiguousarray(part, dtype=float) for part in (positions, dipoles, orientations)]
    return _leadfield(*(part.tobytes() for part in parts))


@lru_cache(maxsize=64)
def _leadfield(positions: bytes, dipoles: bytes, orientations: bytes) -> Array:
    """Compute a leadfield once; without a shift of the head all subjects share it."""
    electrodes, places, directions = (
        np.frombuffer(part).reshape(-1, 3) for part in (positions, dipoles, orientations)
    )
    n_dipoles = len(places)
    source = mne.Dipole(
        times=np.arange(n_dipoles, dtype=float),
        pos=places,
        amplitude=np.ones(n_dipoles),
        ori=directions,
        gof=np.full(n_dipoles, 100.0),
        verbose="error",
    )
    names = [f"E{number}" for number in range(len(electrodes))]
    info = eeg_info(names, electrodes, sfreq=1.0)
    forward, _ = mne.make_forward_dipole(source, _sphere(), info, trans=None, verbose="error")
    return np.asarray(forward["sol"]["data"], dtype=float)


@cache
def _sphere() -> mne.bem.ConductorModel:
    return mne.make_sphere_model(r0=tuple(HEAD_CENTRE), head_radius=HEAD_RADIUS, verbose="error")
