"""How simulated subjects differ, and the realised truth of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from bci_dann._config import StrictModel, validate
from bci_dann._random import stream
from bci_dann.data.simulation.head_model import CENTRE, RADIUS, on_sphere, rotation
from bci_dann.exceptions import ConfigError

__all__ = ["Shift", "SubjectTruth", "as_shift", "draw_truth"]

Array = NDArray[np.float64]
Normal = Callable[..., Array]  # (purpose, *shape) -> standard normal numbers
Amount = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]

# Standard deviations at an amount of 1.
CAP_ROTATION = np.deg2rad(5.0)  # whole cap, about each axis
ELECTRODE_JITTER = 0.004  # each electrode, in each direction (m)
DIPOLE_JITTER = 0.004  # each motor source, in each direction (m)
DIPOLE_ROTATION = np.deg2rad(15.0)  # each motor source: cortical folding differs
MU_JITTER, BETA_JITTER = 1.0, 2.0  # peak frequencies (Hz)
CHANNEL_GAIN, GLOBAL_GAIN = 0.15, 0.2  # of the logarithm
BACKGROUND_POWER = 0.5  # of the logarithm of the amplitude of each background source
NOISE_MIXING = 0.3  # off-diagonal mixing of the sensor noise
SESSION_ROTATION = np.deg2rad(4.0)  # whole cap, each session
SESSION_GAIN = 0.15  # of the logarithm, each channel and session


class Shift(StrictModel):
    """How strongly simulated subjects differ; 0 is not at all, 1 is a realistic amount.

    Parameters
    ----------
    head : float
        Cap rotation, electrode displacement, and the place and direction of the motor
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
        How much the rhythms of the motor areas wax and wane over minutes, whatever is imagined.
        A number given for all does not set it.
    imbalance : float
        How unequally often the classes occur: at 0.6, four trials of the first class for one of
        the last in odd subjects, and the reverse in even ones. A number given for all does not
        set it.
    inverted : float
        Fraction of subjects whose hands desynchronise the wrong hemisphere.
    weak : float
        Fraction of subjects who hardly desynchronise at all.
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
    def _fractions_fit(self) -> Shift:
        if self.inverted + self.weak > 1:
            raise ValueError("inverted and weak are fractions of the subjects, in all at most 1")
        return self


def as_shift(value: float | Mapping[str, float] | Shift) -> Shift:
    """Understand a shift; a number sets all that differs between subjects and sessions.

    Raises
    ------
    ConfigError
        When it is neither a number of at least 0, nor a mapping with the right keys.
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
class SubjectTruth:
    """What a simulated subject really is: the parameters its signals were made with.

    Parameters
    ----------
    mu_hz, beta_hz : float
        Peak frequencies (Hz).
    electrodes : ndarray, shape (n_sessions, n_chans, 3)
        Where the electrodes really are (m, head coordinates).
    dipoles, orientations : ndarray, shape (3, 3)
        The left hand's area, the right hand's area, the foot area.
    gain : ndarray, shape (n_sessions, n_chans)
        Factor on each channel.
    background : ndarray, shape (n_sources,)
        Factor on the amplitude of each background source.
    noise_mixing : ndarray, shape (n_chans, n_chans)
        What the sensor noise is mixed with.
    inverted, weak : bool
        Whether the subject desynchronises the wrong hemisphere, or hardly at all.
    """

    mu_hz: float
    beta_hz: float
    electrodes: Array
    dipoles: Array
    orientations: Array
    gain: Array
    background: Array
    noise_mixing: Array
    inverted: bool
    weak: bool


@dataclass(frozen=True, eq=False)
class Nominal:
    """The parameters that all subjects have without a shift."""

    mu_hz: float
    beta_hz: float
    electrodes: Array
    dipoles: Array
    orientations: Array
    n_background: int


def draw_truth(
    nominal: Nominal, shift: Shift, seed: int, subject: int, n_subjects: int, n_sessions: int
) -> SubjectTruth:
    """Draw one subject's parameters, whatever other subjects are drawn.

    Each kind of difference has its own random stream, so dialling one leaves the others
    as they were.
    """

    def normal(purpose: str, *shape: int) -> Array:
        generator = np.random.default_rng(stream(seed, "subject", subject, purpose))
        return generator.standard_normal(shape)

    n_chans = len(nominal.electrodes)
    worn = _worn(nominal, shift, normal)
    frequencies = shift.frequency * normal("frequency", 2)
    gain = CHANNEL_GAIN * normal("gain", n_chans) + GLOBAL_GAIN * normal("global gain", 1)
    drift = SESSION_GAIN * shift.drift * normal("session gain", n_sessions, n_chans)
    turns = SESSION_ROTATION * shift.drift * normal("session turn", n_sessions, 3)
    mixing = NOISE_MIXING * shift.noise * normal("noise mixing", n_chans, n_chans)
    return SubjectTruth(
        mu_hz=float(np.clip(nominal.mu_hz + MU_JITTER * frequencies[0], 7.0, 14.0)),
        beta_hz=float(np.clip(nominal.beta_hz + BETA_JITTER * frequencies[1], 15.0, 30.0)),
        electrodes=np.array([_turned(worn, turn) for turn in turns]),
        dipoles=_moved(nominal, shift, normal),
        orientations=_tilted(nominal, shift, normal),
        gain=np.exp(shift.gain * gain + drift),
        background=np.exp(BACKGROUND_POWER * shift.noise * normal("power", nominal.n_background)),
        noise_mixing=np.eye(n_chans) + mixing,
        inverted=subject in _chosen(shift, seed, n_subjects)[0],
        weak=subject in _chosen(shift, seed, n_subjects)[1],
    )


def _worn(nominal: Nominal, shift: Shift, normal: Normal) -> Array:
    """Electrodes as the subject wears them: the cap turned, each electrode displaced."""
    turned = _turned(nominal.electrodes, CAP_ROTATION * shift.head * normal("cap turn", 3))
    jitter = ELECTRODE_JITTER * shift.head * normal("electrodes", *turned.shape)
    return on_sphere(turned + jitter, RADIUS)


def _turned(positions: Array, angles: Array) -> Array:
    turned: Array = (positions - CENTRE) @ rotation(angles).T
    return CENTRE + turned


def _moved(nominal: Nominal, shift: Shift, normal: Normal) -> Array:
    """Motor sources elsewhere at the same depth."""
    jitter = DIPOLE_JITTER * shift.head * normal("dipoles", *nominal.dipoles.shape)
    depth = np.linalg.norm(nominal.dipoles - CENTRE, axis=1, keepdims=True)
    directions = nominal.dipoles + jitter - CENTRE
    unit: Array = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return CENTRE + depth * unit


def _tilted(nominal: Nominal, shift: Shift, normal: Normal) -> Array:
    angles = DIPOLE_ROTATION * shift.head * normal("orientations", *nominal.dipoles.shape)
    pairs = zip(nominal.orientations, angles, strict=True)
    tilted: Array = np.array([rotation(angle) @ direction for direction, angle in pairs])
    return tilted


def _chosen(shift: Shift, seed: int, n_subjects: int) -> tuple[set[int], set[int]]:
    """Return the inverted and the weak subjects (numbered from 1)."""
    order = np.random.default_rng(stream(seed, "responders")).permutation(n_subjects) + 1
    n_inverted = round(shift.inverted * n_subjects)
    n_weak = min(round(shift.weak * n_subjects), n_subjects - n_inverted)
    inverted, weak = order[:n_inverted], order[n_inverted : n_inverted + n_weak]
    return set(inverted.tolist()), set(weak.tolist())
