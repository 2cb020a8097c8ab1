"""What the electrodes of a simulated subject pick up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bci_dann._random import stream
from bci_dann.data.simulation.head_model import CENTRE, RADIUS, electrode_positions, leadfield
from bci_dann.data.simulation.source_signals import (
    blinks,
    desynchronised,
    line,
    pink,
    rhythm,
    waxing,
)
from bci_dann.data.simulation.subject_shift import Nominal, SubjectTruth

__all__ = [
    "TASK",
    "Clock",
    "alertness",
    "background",
    "mains",
    "motor_rhythms",
    "nominal_at",
]

Array = NDArray[np.float64]

TASK = (0.0, 4.0)  # s

# The three motor areas: which electrode lies above, distance from the centre (m).
AREAS = {"left": ("C3", 0.073), "right": ("C4", 0.073), "foot": ("Cz", 0.066)}
# How much of a full desynchronisation each area shows for each class.
PATTERN = {
    "left_hand": {"left": 0.2, "right": 1.0, "foot": 0.0},
    "right_hand": {"left": 1.0, "right": 0.2, "foot": 0.0},
    "feet": {"left": 0.2, "right": 0.2, "foot": 1.0},
    "rest": {"left": 0.0, "right": 0.0, "foot": 0.0},
}
SWAPPED = {"left": "right", "right": "left", "foot": "foot"}

MU_HZ, BETA_HZ = 10.5, 21.0
# Dipole moments (A m), root mean square.
MU_MOMENT, BETA_MOMENT, BACKGROUND_MOMENT = 60e-9, 28e-9, 16e-9
N_BACKGROUND = 48
BLINK_MOMENT, BLINK_EVERY = 600e-9, 8.0  # at the peak; s
SENSOR_NOISE, LINE_NOISE = 1.0e-6, 1.5e-6  # V
LINE_HZ = 50.0
ERD_SPREAD = 0.3  # of the desynchronisation from trial to trial, relative
ALERTNESS, ALERTNESS_PERIOD = 0.4, 60.0  # of the logarithm of the amplitude; s
WEAK_FACTOR = 0.15  # what is left of it in a weak responder


@dataclass(frozen=True, eq=False)
class Clock:
    """When what happens in a recording.

    Parameters
    ----------
    sfreq : float
        Sampling frequency (Hz).
    n_times : int
        Length (samples).
    labels : list of str
        The class of each trial.
    onsets : ndarray, shape (n_trials,)
        The start of each task (s).
    """

    sfreq: float
    n_times: int
    labels: list[str]
    onsets: Array


@dataclass(frozen=True, eq=False)
class _Cortex:
    """Sources that all subjects share."""

    places: Array
    directions: Array
    eye: Array
    gaze: Array


def nominal_at(electrodes: Array) -> Nominal:
    """Return the parameters of a subject who does not differ from the others."""
    places, directions = _motor_areas()
    return Nominal(MU_HZ, BETA_HZ, electrodes, places, directions, N_BACKGROUND)


def motor_rhythms(
    rng: np.random.Generator, truth: SubjectTruth, session: int, clock: Clock, erd: float
) -> Array:
    """Return mu and beta of the motor areas at the electrodes (V)."""
    depth = erd * (WEAK_FACTOR if truth.weak else 1.0)
    moments = [
        _amplitude(rng, clock, depth, SWAPPED[area] if truth.inverted else area)
        * _mu_and_beta(rng, clock, truth)
        for area in AREAS
    ]
    lead = leadfield(truth.electrodes[session], truth.dipoles, truth.orientations)
    potentials: Array = lead @ np.array(moments)
    return potentials


def _amplitude(rng: np.random.Generator, clock: Clock, depth: float, area: str) -> Array:
    pattern = np.array([PATTERN[label][area] for label in clock.labels])
    depths = pattern * depth * (1 + ERD_SPREAD * rng.standard_normal(len(pattern)))
    depths = np.clip(depths, 0.0, 0.95)
    return desynchronised(clock.n_times, clock.sfreq, clock.onsets, depths, TASK[1] - TASK[0])


def _mu_and_beta(rng: np.random.Generator, clock: Clock, truth: SubjectTruth) -> Array:
    mu = rhythm(rng, clock.n_times, clock.sfreq, truth.mu_hz)
    beta = rhythm(rng, clock.n_times, clock.sfreq, truth.beta_hz)
    return MU_MOMENT * mu + BETA_MOMENT * beta


def alertness(rng: np.random.Generator, clock: Clock, amount: float) -> Array:
    """Return the factor by which rhythms wax and wane over minutes, shape (n_times,)."""
    slow = waxing(rng, clock.n_times, clock.sfreq, ALERTNESS_PERIOD)
    factor: Array = np.exp(ALERTNESS * amount * slow)
    return factor


def background(
    rng: np.random.Generator, truth: SubjectTruth, session: int, clock: Clock, seed: int
) -> Array:
    """Return the 1/f background and the blinks at the electrodes (V)."""
    cortex = _cortex(seed)
    electrodes = truth.electrodes[session]
    sources = pink(rng, N_BACKGROUND, clock.n_times, clock.sfreq) * truth.background[:, None]
    lead = leadfield(electrodes, cortex.places, cortex.directions)
    eyes = BLINK_MOMENT * blinks(rng, clock.n_times, clock.sfreq, BLINK_EVERY)
    potentials: Array = lead @ (BACKGROUND_MOMENT * sources)
    return potentials + leadfield(electrodes, cortex.eye, cortex.gaze) * eyes


def mains(rng: np.random.Generator, n_chans: int, clock: Clock) -> Array:
    """Return line noise, of another strength in each channel (V)."""
    if clock.sfreq / 2 <= LINE_HZ:
        return np.zeros((n_chans, clock.n_times))
    strength = LINE_NOISE * rng.uniform(0.5, 1.5, n_chans)
    return np.outer(strength, line(rng, clock.n_times, clock.sfreq, LINE_HZ))


def _motor_areas() -> tuple[Array, Array]:
    """Return place and direction of the motor areas, in the order of ``AREAS``."""
    above = electrode_positions([name for name, _ in AREAS.values()])
    depth = np.array([[radius] for _, radius in AREAS.values()])
    radial = (above - CENTRE) / RADIUS
    # the bank of the central sulcus: sources lean towards the back
    directions = radial + np.array([0.0, -0.5, 0.0])
    return CENTRE + depth * radial, directions / np.linalg.norm(directions, axis=1, keepdims=True)


@lru_cache(maxsize=8)
def _cortex(seed: int) -> _Cortex:
    """Draw background sources over the upper half of the head, and place the eyes."""
    rng = np.random.default_rng(stream(seed, "cortex"))
    directions = rng.standard_normal((N_BACKGROUND, 3))
    directions[:, 2] = np.abs(directions[:, 2])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    tilted = directions + 0.6 * rng.standard_normal(directions.shape)
    forward = np.array([[0.0, 0.92, -0.39]])
    return _Cortex(
        places=CENTRE + rng.uniform(0.05, 0.075, (N_BACKGROUND, 1)) * directions,
        directions=tilted / np.linalg.norm(tilted, axis=1, keepdims=True),
        eye=CENTRE + 0.08 * forward,
        gaze=np.array([[0.0, 0.6, 0.8]]),
    )
