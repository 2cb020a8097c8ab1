"""Differences between simulated subjects, and the parameters drawn for each subject."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from bci_dann._config import StrictModel, validate
from bci_dann._random import stream
from bci_dann.data.simulation.head_model import (
    HEAD_CENTRE,
    HEAD_RADIUS,
    project_to_sphere,
    rotation_matrix,
)
from bci_dann.exceptions import ConfigError

__all__ = ["NominalParameters", "Shift", "SubjectTruth", "draw_subject", "parse_shift"]

Array = NDArray[np.float64]
Normal = Callable[..., Array]  # (purpose, *shape) -> standard normal numbers
Amount = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]

# Standard deviations at an amount of 1. Empirical: together they reduce the accuracy of common
# spatial patterns with a linear classifier on new subjects by more than ten points, which alignment
# recovers.
CAP_ROTATION = np.deg2rad(5.0)  # of the cap, about each axis (radian)
ELECTRODE_JITTER = 0.004  # of each electrode, in each direction (m)
DIPOLE_JITTER = 0.004  # of each motor source, in each direction (m)
DIPOLE_ROTATION = np.deg2rad(15.0)  # of each motor source, as cortical folding differs (radian)
MU_JITTER, BETA_JITTER = 1.0, 2.0  # of the peak frequencies (Hz)
CHANNEL_GAIN, GLOBAL_GAIN = 0.15, 0.2  # of the logarithm of the gain
BACKGROUND_AMPLITUDE = 0.5  # of the logarithm of the amplitude of each background source
NOISE_MIXING = 0.3  # of the entries that mix the sensor noise
SESSION_ROTATION = np.deg2rad(4.0)  # of the cap, in each session (radian)
SESSION_GAIN = 0.15  # of the logarithm of the gain, in each channel and session

# Limits of the peak frequencies (Hz): around the mu and the beta band, so that they stay apart.
MU_LIMITS, BETA_LIMITS = (7.0, 14.0), (15.0, 30.0)


class Shift(StrictModel):  # numpydoc ignore=PR02
    """Amounts of differences between simulated subjects: 0 is none, 1 is a realistic amount.

    Parameters
    ----------
    head : float
        Cap rotation, electrode displacement, and the position and direction of the motor
        sources.
    frequency : float
        Peak frequencies of the mu and beta rhythms.
    gain : float
        Gain of each channel, and of the whole recording.
    noise : float
        Strength of each background source, and covariance of the sensor noise.
    drift : float
        Cap rotation and channel gains from session to session.
    alertness : float
        Variation of the amplitude of the motor rhythms over minutes, independent of the task.
        Not set by a single number for all amounts.
    imbalance : float
        Difference in class frequencies: at 0.6, the ratio of the first to the last class is four
        to one in odd subjects, and one to four in even ones. Not set by a single number for
        all amounts.
    inverted : float
        Fraction of subjects with desynchronisation of the ipsilateral instead of the contralateral
        hemisphere.
    weak : float
        Fraction of subjects with almost no desynchronisation.

    See Also
    --------
    SimulatedMI : Has this, a mapping with these keys, or one number as parameter ``shift``.

    Examples
    --------
    >>> from bci_dann.data import Shift, SimulatedMI
    >>> shift = Shift(head=1.0, frequency=1.0)
    >>> peaks = [SimulatedMI(n_subjects=2, shift=shift).truth(subject).mu_hz for subject in (1, 2)]
    >>> peaks[0] != peaks[1]
    True
    """

    head: Amount = 0.0
    frequency: Amount = 0.0
    gain: Amount = 0.0
    noise: Amount = 0.0
    drift: Amount = 0.0
    alertness: Amount = 0.0
    imbalance: Annotated[float, Field(ge=0, lt=1)] = 0.0
    inverted: Fraction = 0.0
    weak: Fraction = 0.0

    @model_validator(mode="after")
    def _check_fractions(self) -> Shift:
        if self.inverted + self.weak > 1:
            raise ValueError("inverted and weak are fractions of the subjects, in all at most 1")
        return self


def parse_shift(value: float | Mapping[str, float] | Shift) -> Shift:
    """Convert a number or a mapping to a `Shift`.

    Parameters
    ----------
    value : float, mapping or Shift
        A number sets ``head``, ``frequency``, ``gain``, ``noise`` and ``drift``.

    Returns
    -------
    Shift
        The amounts.

    Raises
    ------
    ConfigError
        When the value is neither a number of at least 0, nor a mapping with valid keys.
    """
    if isinstance(value, Shift):
        return value
    if isinstance(value, Mapping):
        return validate(Shift, value, "shift")
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ConfigError(f"shift must be a number, a mapping or a Shift; got {value!r}.")
    names = ("head", "frequency", "gain", "noise", "drift")
    return validate(Shift, dict.fromkeys(names, float(value)), "shift")


@dataclass(frozen=True, eq=False)
class SubjectTruth:  # numpydoc ignore=PR02
    """The ground-truth parameters of one simulated subject.

    Parameters
    ----------
    mu_hz, beta_hz : float
        Peak frequencies (Hz).
    electrodes : ndarray, shape (n_sessions, n_chans, 3)
        True positions of the electrodes (m, head coordinates).
    areas : tuple of str
        The motor areas: left hand, right hand, foot, and, if the dataset has this class, the
        tongue on the left and on the right.
    dipoles : ndarray, shape (n_areas, 3)
        Positions of the dipoles in these areas (m, head coordinates).
    orientations : ndarray, shape (n_areas, 3)
        Directions of the dipoles, unit vectors.
    gain : ndarray, shape (n_sessions, n_chans)
        Gain of each channel.
    background : ndarray, shape (n_sources,)
        Factor of the amplitude of each background source.
    noise_mixing : ndarray, shape (n_chans, n_chans)
        Matrix that mixes the sensor noise.
    inverted : bool
        Whether the subject desynchronises the ipsilateral hemisphere.
    weak : bool
        Whether the subject has almost no desynchronisation.
    """

    mu_hz: float
    beta_hz: float
    electrodes: Array
    areas: tuple[str, ...]
    dipoles: Array
    orientations: Array
    gain: Array
    background: Array
    noise_mixing: Array
    inverted: bool
    weak: bool


@dataclass(frozen=True, eq=False)
class NominalParameters:  # numpydoc ignore=PR02
    """The parameters of all subjects without a shift.

    Parameters
    ----------
    mu_hz, beta_hz : float
        Peak frequencies (Hz).
    electrodes : ndarray, shape (n_chans, 3)
        Nominal positions of the electrodes (m, head coordinates).
    areas : tuple of str
        The motor areas, as in `SubjectTruth`.
    dipoles, orientations : ndarray, shape (n_areas, 3)
        Their positions (m) and directions.
    n_background : int
        Number of background sources.
    """

    mu_hz: float
    beta_hz: float
    electrodes: Array
    areas: tuple[str, ...]
    dipoles: Array
    orientations: Array
    n_background: int


def draw_subject(
    nominal: NominalParameters,
    shift: Shift,
    seed: int,
    subject: int,
    n_subjects: int,
    n_sessions: int,
) -> SubjectTruth:
    """Draw the parameters of one subject, independently of other subjects.

    Each kind of difference has its own random stream, so changing one amount does not change the
    other differences.

    Parameters
    ----------
    nominal : NominalParameters
        The parameters without a shift.
    shift : Shift
        The amounts by which subjects differ.
    seed : int
        The seed of the dataset.
    subject : int
        Number of the subject, from 1.
    n_subjects : int
        Number of subjects, for the fractions of inverted and weak subjects.
    n_sessions : int
        Number of sessions.

    Returns
    -------
    SubjectTruth
        The parameters; equal for equal arguments.
    """
    normal = partial(_standard_normal, seed, subject)
    n_chans = len(nominal.electrodes)
    mu_hz, beta_hz = _peak_frequencies(nominal, shift, normal)
    mixing = NOISE_MIXING * shift.noise * normal("noise mixing", n_chans, n_chans)
    power = BACKGROUND_AMPLITUDE * shift.noise * normal("power", nominal.n_background)
    inverted, weak = _unusual_responders(shift, seed, n_subjects)
    return SubjectTruth(
        mu_hz=mu_hz,
        beta_hz=beta_hz,
        electrodes=_electrodes(nominal, shift, normal, n_sessions),
        areas=nominal.areas,
        dipoles=_moved_dipoles(nominal, shift, normal),
        orientations=_rotated_dipoles(nominal, shift, normal),
        gain=_gains(shift, normal, n_sessions, n_chans),
        background=np.exp(power),
        noise_mixing=np.eye(n_chans) + mixing,
        inverted=subject in inverted,
        weak=subject in weak,
    )


def _standard_normal(seed: int, subject: int, purpose: str, *shape: int) -> Array:
    generator = np.random.default_rng(stream(seed, "subject", subject, purpose))
    return generator.standard_normal(shape)


def _peak_frequencies(
    nominal: NominalParameters, shift: Shift, normal: Normal
) -> tuple[float, float]:
    differences = shift.frequency * normal("frequency", 2)
    mu_hz = np.clip(nominal.mu_hz + MU_JITTER * differences[0], *MU_LIMITS)
    beta_hz = np.clip(nominal.beta_hz + BETA_JITTER * differences[1], *BETA_LIMITS)
    return float(mu_hz), float(beta_hz)


def _gains(shift: Shift, normal: Normal, n_sessions: int, n_chans: int) -> Array:
    gain = CHANNEL_GAIN * normal("gain", n_chans) + GLOBAL_GAIN * normal("global gain", 1)
    drift = SESSION_GAIN * shift.drift * normal("session gain", n_sessions, n_chans)
    gains: Array = np.exp(shift.gain * gain + drift)
    return gains


def _electrodes(nominal: NominalParameters, shift: Shift, normal: Normal, n_sessions: int) -> Array:
    """Rotate the cap, displace each electrode, and rotate the cap again in each session."""
    rotated = _rotated(nominal.electrodes, CAP_ROTATION * shift.head * normal("cap turn", 3))
    jitter = ELECTRODE_JITTER * shift.head * normal("electrodes", *rotated.shape)
    displaced = project_to_sphere(rotated + jitter, HEAD_RADIUS)
    rotations = SESSION_ROTATION * shift.drift * normal("session turn", n_sessions, 3)
    return np.array([_rotated(displaced, angles) for angles in rotations])


def _rotated(positions: Array, angles: Array) -> Array:
    rotated: Array = (positions - HEAD_CENTRE) @ rotation_matrix(angles).T
    return HEAD_CENTRE + rotated


def _moved_dipoles(nominal: NominalParameters, shift: Shift, normal: Normal) -> Array:
    """Move the motor sources at a constant distance from the centre of the head."""
    jitter = DIPOLE_JITTER * shift.head * normal("dipoles", *nominal.dipoles.shape)
    distance = np.linalg.norm(nominal.dipoles - HEAD_CENTRE, axis=1, keepdims=True)
    directions = nominal.dipoles + jitter - HEAD_CENTRE
    unit: Array = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return HEAD_CENTRE + distance * unit


def _rotated_dipoles(nominal: NominalParameters, shift: Shift, normal: Normal) -> Array:
    angles = DIPOLE_ROTATION * shift.head * normal("orientations", *nominal.dipoles.shape)
    pairs = zip(nominal.orientations, angles, strict=True)
    rotated: Array = np.array([rotation_matrix(angle) @ direction for direction, angle in pairs])
    return rotated


def _unusual_responders(shift: Shift, seed: int, n_subjects: int) -> tuple[set[int], set[int]]:
    """Return the inverted and the weak subjects (numbered from 1)."""
    order = np.random.default_rng(stream(seed, "responders")).permutation(n_subjects) + 1
    n_inverted = round(shift.inverted * n_subjects)
    n_weak = min(round(shift.weak * n_subjects), n_subjects - n_inverted)
    inverted, weak = order[:n_inverted], order[n_inverted : n_inverted + n_weak]
    return set(inverted.tolist()), set(weak.tolist())
