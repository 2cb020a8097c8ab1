"""A simulated motor-imagery dataset whose subjects differ in known ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import mne
import numpy as np
from moabb.datasets.base import BaseDataset
from numpy.typing import NDArray

from bci_dann._random import stream
from bci_dann._validation import check_option
from bci_dann.data.cache import cache_key
from bci_dann.data.headmodel import CENTRE, RADIUS, electrode_positions, info_at, leadfield
from bci_dann.data.shift import Nominal, Shift, SubjectTruth, as_shift, draw_truth
from bci_dann.data.synthesis import blinks, desynchronised, line, pink, rhythm
from bci_dann.exceptions import ConfigError

__all__ = ["CHANNELS", "SimulatedMI"]

Array = NDArray[np.float64]

# fmt: off
CHANNELS = (
    "Fz", "FC3", "FCz", "FC4",
    "C5", "C3", "C1", "Cz", "C2", "C4", "C6",
    "CP3", "CPz", "CP4", "Pz",
)
# fmt: on
CODES = {"left_hand": 1, "right_hand": 2, "feet": 3, "rest": 4}

TASK = (0.0, 4.0)  # s
PERIOD, JITTER, MARGIN = 5.0, 0.5, 2.0  # trial to trial, random pause, before the first (s)

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
WEAK_FACTOR = 0.15  # what is left of it in a weak responder


@dataclass(frozen=True, eq=False)
class _Cortex:
    """Sources that all subjects share."""

    places: Array
    directions: Array
    eye: Array
    gaze: Array


class SimulatedMI(BaseDataset):
    """Motor imagery of simulated subjects, made on the fly: no network and no files.

    Dipoles in the hand and foot areas carry mu and beta rhythms, which lose power while
    the opposite hand (or the feet) is imagined to move. They, a 1/f background from random
    cortical dipoles, and blinks reach the electrodes through MNE's spherical head model;
    sensor noise and 50 Hz are added. What differs from subject to subject is set by
    ``shift`` and can be read back with `truth`.

    Parameters
    ----------
    n_subjects : int
        Number of subjects, named 1, 2, ...
    n_sessions : int
        Sessions of each subject.
    n_trials : int
        Trials of each class in a session.
    shift : float, mapping or Shift
        How strongly subjects differ. A number scales all continuous differences; 0 makes
        all subjects alike but for their noise.
    classes : sequence of str
        Two or more of ``"left_hand"``, ``"right_hand"``, ``"feet"``, ``"rest"``.
    sfreq : float
        Sampling frequency (Hz), at least 64.
    ch_names : sequence of str
        Electrodes of the 10-05 system.
    erd : float
        Share of the rhythms' power that is lost during imagery, from 0 to 0.95.
    snr : float
        Factor on the amplitude of the rhythms.
    random_state : int, None, or numpy generator
        Signals depend on this and on the subject only, not on what else is loaded.

    Raises
    ------
    ConfigError
        When a parameter cannot be used.
    """

    def __init__(
        self,
        n_subjects: int = 6,
        n_sessions: int = 1,
        n_trials: int = 40,
        shift: float | Mapping[str, float] | Shift = 1.0,
        classes: Sequence[str] = ("left_hand", "right_hand"),
        sfreq: float = 128.0,
        ch_names: Sequence[str] = CHANNELS,
        erd: float = 0.5,
        snr: float = 1.0,
        random_state: Any = 0,
    ) -> None:
        _check_counts(n_subjects=n_subjects, n_sessions=n_sessions, n_trials=n_trials)
        _check_ranges(sfreq=(sfreq, 64.0, 10_000.0), erd=(erd, 0.0, 0.95), snr=(snr, 0.0, 100.0))
        _check_classes(classes)
        self.n_trials = n_trials
        self.shift = as_shift(shift)
        self.classes = tuple(classes)
        self.sfreq = float(sfreq)
        self.ch_names = list(ch_names)
        self.erd = float(erd)
        self.snr = float(snr)
        self.seed = _seed(random_state)
        self._positions = electrode_positions(self.ch_names)
        parameters = self._parameters(n_subjects, n_sessions)
        super().__init__(
            subjects=list(range(1, n_subjects + 1)),
            sessions_per_subject=n_sessions,
            events={name: CODES[name] for name in self.classes},
            code=f"SimulatedMI-{cache_key(parameters)[:8]}",
            interval=list(TASK),
            paradigm="imagery",
        )

    def _parameters(self, n_subjects: int, n_sessions: int) -> dict[str, Any]:
        return {
            "n_subjects": n_subjects,
            "n_sessions": n_sessions,
            "n_trials": self.n_trials,
            "shift": self.shift.model_dump(),
            "classes": self.classes,
            "sfreq": self.sfreq,
            "ch_names": self.ch_names,
            "erd": self.erd,
            "snr": self.snr,
            "seed": self.seed,
        }

    def fingerprint(self) -> dict[str, Any]:
        """Return everything that determines the signals, for the cache."""
        return self._parameters(len(self.all_subjects), self.n_sessions)

    def data_path(self, *_: Any, **__: Any) -> list[str]:
        """Return no paths: there are no files."""
        return []

    def truth(self, subject: int) -> SubjectTruth:
        """Return the parameters that a subject's signals are made with.

        Parameters
        ----------
        subject : int
            A member of ``subject_list``.

        Returns
        -------
        SubjectTruth

        Raises
        ------
        ConfigError
            When there is no such subject.
        """
        if subject not in self.all_subjects:
            raise ConfigError(f"subject must be one of {self.all_subjects}; got {subject!r}.")
        nominal = self._nominal()
        n_subjects = len(self.all_subjects)
        return draw_truth(nominal, self.shift, self.seed, subject, n_subjects, self.n_sessions)

    def _nominal(self) -> Nominal:
        places, directions = _motor_areas()
        return Nominal(MU_HZ, BETA_HZ, self._positions, places, directions, N_BACKGROUND)

    def _get_single_subject_data(self, subject: int) -> dict[str, dict[str, mne.io.RawArray]]:
        truth = self.truth(subject)
        return {
            str(session): {"0": self._recording(subject, session, truth)}
            for session in range(self.n_sessions)
        }

    def _recording(self, subject: int, session: int, truth: SubjectTruth) -> mne.io.RawArray:
        def rng(purpose: str) -> np.random.Generator:
            return np.random.default_rng(stream(self.seed, "signal", subject, session, purpose))

        labels, onsets = self._schedule(rng("schedule"))
        n_times = round((onsets[-1] + TASK[1] + MARGIN) * self.sfreq)
        scalp = self._rhythms(rng("rhythms"), truth, session, labels, onsets, n_times)
        scalp += self._background(rng("background"), truth, session, n_times)
        noise = SENSOR_NOISE * rng("sensors").standard_normal(scalp.shape)
        scalp += truth.noise_mixing @ noise + self._mains(rng("mains"), n_times)
        info = info_at(self.ch_names, self._positions, self.sfreq)
        raw = mne.io.RawArray(truth.gain[session][:, None] * scalp, info, verbose="error")
        return raw.set_annotations(mne.Annotations(onsets, TASK[1] - TASK[0], labels))

    def _schedule(self, rng: np.random.Generator) -> tuple[list[str], Array]:
        """Return the class and the onset (s) of each trial."""
        labels = rng.permutation(np.repeat(self.classes, self.n_trials)).tolist()
        pauses = PERIOD + rng.uniform(0, JITTER, len(labels))
        onsets = MARGIN + np.concatenate([[0.0], np.cumsum(pauses[:-1])])
        return labels, np.round(onsets * self.sfreq) / self.sfreq

    def _rhythms(
        self,
        rng: np.random.Generator,
        truth: SubjectTruth,
        session: int,
        labels: list[str],
        onsets: Array,
        n_times: int,
    ) -> Array:
        """Return mu and beta of the motor areas at the electrodes (V)."""
        depth = self.erd * (WEAK_FACTOR if truth.weak else 1.0)
        moments = []
        for area in AREAS:
            seen_as = SWAPPED[area] if truth.inverted else area
            pattern = np.array([PATTERN[label][seen_as] for label in labels])
            depths = pattern * depth * (1 + ERD_SPREAD * rng.standard_normal(len(labels)))
            amplitude = desynchronised(
                n_times, self.sfreq, onsets, np.clip(depths, 0.0, 0.95), TASK[1] - TASK[0]
            )
            mu = MU_MOMENT * rhythm(rng, n_times, self.sfreq, truth.mu_hz)
            beta = BETA_MOMENT * rhythm(rng, n_times, self.sfreq, truth.beta_hz)
            moments.append(self.snr * amplitude * (mu + beta))
        lead = leadfield(truth.electrodes[session], truth.dipoles, truth.orientations)
        return lead @ np.array(moments)

    def _background(
        self, rng: np.random.Generator, truth: SubjectTruth, session: int, n_times: int
    ) -> Array:
        """Return the 1/f background and the blinks at the electrodes (V)."""
        cortex = _cortex(self.seed)
        electrodes = truth.electrodes[session]
        sources = pink(rng, N_BACKGROUND, n_times, self.sfreq) * truth.background[:, None]
        lead = leadfield(electrodes, cortex.places, cortex.directions)
        eyes = BLINK_MOMENT * blinks(rng, n_times, self.sfreq, BLINK_EVERY)
        eye_lead = leadfield(electrodes, cortex.eye, cortex.gaze)
        return lead @ (BACKGROUND_MOMENT * sources) + eye_lead * eyes

    def _mains(self, rng: np.random.Generator, n_times: int) -> Array:
        """Return line noise, of another strength in each channel (V)."""
        if self.sfreq / 2 <= LINE_HZ:
            return np.zeros((len(self.ch_names), n_times))
        strength = LINE_NOISE * rng.uniform(0.5, 1.5, len(self.ch_names))
        return np.outer(strength, line(rng, n_times, self.sfreq, LINE_HZ))


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


def _seed(random_state: Any) -> int:
    if isinstance(random_state, int | np.integer) and not isinstance(random_state, bool):
        if random_state < 0:
            raise ConfigError(f"random_state must be at least 0; got {random_state}.")
        return int(random_state)
    return int(stream(random_state, "dataset").generate_state(1)[0])


def _check_counts(**counts: int) -> None:
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise ConfigError(f"{name} must be a whole number of at least 1; got {value!r}.")


def _check_ranges(**ranges: tuple[float, float, float]) -> None:
    for name, (value, low, high) in ranges.items():
        if not isinstance(value, int | float | np.number) or not low <= value <= high:
            raise ConfigError(f"{name} must lie between {low:g} and {high:g}; got {value!r}.")


def _check_classes(classes: Sequence[str]) -> None:
    for name in classes:
        check_option("a class of SimulatedMI", name, CODES)
    if len(set(classes)) < max(2, len(classes)):
        raise ConfigError(f"classes must be two or more different names; got {list(classes)}.")
