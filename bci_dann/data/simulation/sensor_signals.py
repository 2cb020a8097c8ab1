"""Electrode potentials of a simulated subject: motor rhythms, background, blinks and line noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bci_dann._random import stream
from bci_dann.data.simulation.head_model import (
    HEAD_CENTRE,
    HEAD_RADIUS,
    electrode_positions,
    leadfield,
)
from bci_dann.data.simulation.source_signals import (
    blink_signal,
    desynchronised_amplitude,
    pink_noise,
    rhythm,
    sine_wave,
    slow_noise,
)
from bci_dann.data.simulation.subject_shift import NominalParameters, SubjectTruth

__all__ = [
    "TASK",
    "RecordingSchedule",
    "alertness_factor",
    "background_potentials",
    "line_noise",
    "motor_potentials",
    "nominal_parameters",
]

Array = NDArray[np.float64]

# Start and end of the imagery task after the cue (s), as in BCI Competition IV 2a, where the cue
# appears at 2 s and imagery ends at 6 s (Tangermann et al. 2012, doi:10.3389/fnins.2012.00055).
TASK = (0.0, 4.0)

# The motor areas: the electrode above each, and the distance from the centre of the head (m). The
# hand areas lie under C3 and C4 and the foot area under Cz, deeper, in the longitudinal fissure
# (Pfurtscheller and Lopes da Silva 1999, doi:10.1016/S1388-2457(99)00141-8). The tongue areas lie
# lateral of the hand areas (Penfield and Boldrey 1937, doi:10.1093/brain/60.4.389).
HANDS_AND_FEET = {"left": ("C3", 0.073), "right": ("C4", 0.073), "foot": ("Cz", 0.066)}
TONGUE = {"left_tongue": ("C5", 0.073), "right_tongue": ("C6", 0.073)}

# Share of the desynchronisation in each area by class; 0 in areas that are not listed. It is full
# in the contralateral hand area or the foot area, and weak in other hand areas (Pfurtscheller and
# Lopes da Silva 1999; the share of 0.2 is empirical). For the tongue it is full on both sides.
DESYNCHRONISATION = {
    "left_hand": {"left": 0.2, "right": 1.0},
    "right_hand": {"left": 1.0, "right": 0.2},
    "feet": {"left": 0.2, "right": 0.2, "foot": 1.0},
    "tongue": {"left_tongue": 1.0, "right_tongue": 1.0},
    "rest": {},
}
OPPOSITE_AREA = {"left": "right", "right": "left"}

# Peak frequencies (Hz): the middle of the mu band, 8-13 Hz, and twice that for beta.
MU_HZ, BETA_HZ = 10.5, 21.0

# Root mean square of dipole moments (A m). Empirical: electrodes then record a standard deviation
# of 5 to 30 µV with a visible mu peak, as in EEG at rest.
MU_MOMENT, BETA_MOMENT, BACKGROUND_MOMENT = 60e-9, 28e-9, 16e-9

# Background sources: more than there are electrodes, so that the covariance has full rank.
N_BACKGROUND = 48

# Moment of a blink at its peak (A m) and mean time between blinks (s). Empirical: blinks reach
# some 80 µV at the forehead.
BLINK_MOMENT, BLINK_EVERY = 600e-9, 8.0

# Root mean square of the sensor noise, and mean amplitude of line noise (V). Empirical: both are
# well below the EEG, and line noise is clearly visible in the spectrum.
SENSOR_NOISE, LINE_NOISE = 1.0e-6, 1.5e-6

# Line frequency of most countries (Hz), and range of its relative amplitude over channels
# (empirical).
LINE_HZ, LINE_RANGE = 50.0, (0.5, 1.5)

# Relative standard deviation of the desynchronisation over trials, and the largest loss of power.
# Empirical: trials of the same class vary, and no rhythm vanishes.
ERD_SPREAD, MAX_ERD = 0.3, 0.95

# Standard deviation of the logarithm of the amplitude with alertness at 1, and the period (s) of
# its fastest component. Empirical: amplitudes then vary by about 40 % over minutes.
ALERTNESS_SPREAD, ALERTNESS_PERIOD = 0.4, 60.0

# Share of the normal desynchronisation in a weak responder. Empirical: it is then smaller
# than its variation over trials.
WEAK_FACTOR = 0.15


@dataclass(frozen=True, eq=False)
class RecordingSchedule:  # numpydoc ignore=PR02
    """The classes and times of the trials of one recording.

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
class _CommonSources:
    """Positions (m) and unit directions of the background sources and the eyes."""

    positions: Array
    directions: Array
    eye_position: Array
    eye_direction: Array


def nominal_parameters(electrodes: Array, classes: Sequence[str]) -> NominalParameters:
    """Return the parameters of a subject without any shift.

    Parameters
    ----------
    electrodes : ndarray, shape (n_chans, 3)
        Nominal positions (m, head coordinates).
    classes : sequence of str
        The tongue areas have rhythms only if ``"tongue"`` is among these.

    Returns
    -------
    NominalParameters
        Frequencies, positions and number of sources.
    """
    # further areas change the random numbers; data without the class tongue must stay the same
    areas = HANDS_AND_FEET | TONGUE if "tongue" in classes else HANDS_AND_FEET
    positions, directions = _dipoles_below(areas)
    return NominalParameters(
        MU_HZ, BETA_HZ, electrodes, tuple(areas), positions, directions, N_BACKGROUND
    )


def motor_potentials(
    rng: np.random.Generator,
    truth: SubjectTruth,
    session: int,
    schedule: RecordingSchedule,
    erd: float,
) -> Array:
    """Return the mu and beta rhythms of the motor areas at the electrodes.

    Parameters
    ----------
    rng : numpy.random.Generator
        The random stream.
    truth : SubjectTruth
        The subject.
    session : int
        Index of the session, from 0.
    schedule : RecordingSchedule
        The trials.
    erd : float
        Share of the power that is lost during imagery.

    Returns
    -------
    ndarray, shape (n_chans, n_times)
        Potentials (V).
    """
    depth = erd * (WEAK_FACTOR if truth.weak else 1.0)
    moments = [
        _amplitude(rng, schedule, depth, OPPOSITE_AREA.get(area, area) if truth.inverted else area)
        * _mu_and_beta(rng, schedule, truth)
        for area in truth.areas
    ]
    lead = leadfield(truth.electrodes[session], truth.dipoles, truth.orientations)
    potentials: Array = lead @ np.array(moments)
    return potentials


def _amplitude(
    rng: np.random.Generator, schedule: RecordingSchedule, depth: float, area: str
) -> Array:
    """Return the factor of the amplitude of the rhythms in a motor area, with its ERD in tasks."""
    shares = np.array([DESYNCHRONISATION[label].get(area, 0.0) for label in schedule.labels])
    depths = shares * depth * (1 + ERD_SPREAD * rng.standard_normal(len(shares)))
    depths = np.clip(depths, 0.0, MAX_ERD)
    task = TASK[1] - TASK[0]
    return desynchronised_amplitude(schedule.n_times, schedule.sfreq, schedule.onsets, depths, task)


def _mu_and_beta(
    rng: np.random.Generator, schedule: RecordingSchedule, truth: SubjectTruth
) -> Array:
    mu = rhythm(rng, schedule.n_times, schedule.sfreq, truth.mu_hz)
    beta = rhythm(rng, schedule.n_times, schedule.sfreq, truth.beta_hz)
    return MU_MOMENT * mu + BETA_MOMENT * beta


def alertness_factor(rng: np.random.Generator, schedule: RecordingSchedule, amount: float) -> Array:
    """Return the slow variation of the amplitude of rhythms with alertness, over minutes.

    Parameters
    ----------
    rng : numpy.random.Generator
        The random stream.
    schedule : RecordingSchedule
        Sampling frequency and length.
    amount : float
        ``Shift.alertness``; at 0 the factor is 1.

    Returns
    -------
    ndarray, shape (n_times,)
        The factor.
    """
    slow = slow_noise(rng, schedule.n_times, schedule.sfreq, ALERTNESS_PERIOD)
    factor: Array = np.exp(ALERTNESS_SPREAD * amount * slow)
    return factor


def background_potentials(
    rng: np.random.Generator,
    truth: SubjectTruth,
    session: int,
    schedule: RecordingSchedule,
    seed: int,
) -> Array:
    """Return the 1/f background and the blinks at the electrodes.

    Parameters
    ----------
    rng : numpy.random.Generator
        The random stream.
    truth : SubjectTruth
        The subject.
    session : int
        Index of the session, from 0.
    schedule : RecordingSchedule
        Sampling frequency and length.
    seed : int
        The seed of the dataset, for the positions of the sources, which are the same for all
        subjects.

    Returns
    -------
    ndarray, shape (n_chans, n_times)
        Potentials (V).
    """
    sources = _common_sources(seed)
    electrodes = truth.electrodes[session]
    n_times, sfreq = schedule.n_times, schedule.sfreq
    signals = pink_noise(rng, N_BACKGROUND, n_times, sfreq) * truth.background[:, None]
    lead = leadfield(electrodes, sources.positions, sources.directions)
    blinks = BLINK_MOMENT * blink_signal(rng, n_times, sfreq, BLINK_EVERY)
    potentials: Array = lead @ (BACKGROUND_MOMENT * signals)
    return potentials + leadfield(electrodes, sources.eye_position, sources.eye_direction) * blinks


def line_noise(rng: np.random.Generator, n_chans: int, schedule: RecordingSchedule) -> Array:
    """Return line noise with a different amplitude in each channel.

    Parameters
    ----------
    rng : numpy.random.Generator
        The random stream.
    n_chans : int
        Number of channels.
    schedule : RecordingSchedule
        Sampling frequency and length.

    Returns
    -------
    ndarray, shape (n_chans, n_times)
        Potentials (V); zero if the sampling frequency is too low for 50 Hz.
    """
    if schedule.sfreq / 2 <= LINE_HZ:
        return np.zeros((n_chans, schedule.n_times))
    strength = LINE_NOISE * rng.uniform(*LINE_RANGE, n_chans)
    return np.outer(strength, sine_wave(rng, schedule.n_times, schedule.sfreq, LINE_HZ))


def _dipoles_below(areas: Mapping[str, tuple[str, float]]) -> tuple[Array, Array]:
    """Return positions and directions of motor areas."""
    above = electrode_positions([name for name, _ in areas.values()])
    distance = np.array([[radius] for _, radius in areas.values()])
    radial = (above - HEAD_CENTRE) / HEAD_RADIUS
    # sources in the anterior bank of the central sulcus point backwards as well as outwards; the
    # angle of about 27 degrees is empirical
    directions = radial + np.array([0.0, -0.5, 0.0])
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return HEAD_CENTRE + distance * radial, unit


@lru_cache(maxsize=8)
def _common_sources(seed: int) -> _CommonSources:
    """Draw background sources in the upper half of the brain, and place the eyes.

    Depths, tilt and the position of the eyes are empirical.
    """
    rng = np.random.default_rng(stream(seed, "cortex"))
    directions = rng.standard_normal((N_BACKGROUND, 3))
    directions[:, 2] = np.abs(directions[:, 2])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    tilted = directions + 0.6 * rng.standard_normal(directions.shape)
    forward = np.array([[0.0, 0.92, -0.39]])
    return _CommonSources(
        positions=HEAD_CENTRE + rng.uniform(0.05, 0.075, (N_BACKGROUND, 1)) * directions,
        directions=tilted / np.linalg.norm(tilted, axis=1, keepdims=True),
        eye_position=HEAD_CENTRE + 0.08 * forward,
        eye_direction=np.array([[0.0, 0.6, 0.8]]),
    )
