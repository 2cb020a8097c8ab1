"""A simulated motor-imagery dataset whose subjects differ in known ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import mne
import numpy as np
from moabb.datasets.base import BaseDataset
from numpy.typing import NDArray

from bci_dann._random import stream
from bci_dann._validation import check_option
from bci_dann.data.cache import cache_key
from bci_dann.data.simulation.head_model import eeg_info, electrode_positions
from bci_dann.data.simulation.sensor_signals import (
    SENSOR_NOISE,
    TASK,
    RecordingSchedule,
    alertness_factor,
    background_potentials,
    line_noise,
    motor_potentials,
    nominal_parameters,
)
from bci_dann.data.simulation.subject_shift import Shift, SubjectTruth, draw_subject, parse_shift
from bci_dann.exceptions import ConfigError

__all__ = ["CHANNELS", "SimulatedMI"]

Array = NDArray[np.float64]

# The 15 electrodes of the 10-10 system around the motor areas.
# fmt: off
CHANNELS = (
    "Fz", "FC3", "FCz", "FC4",
    "C5", "C3", "C1", "Cz", "C2", "C4", "C6",
    "CP3", "CPz", "CP4", "Pz",
)
# fmt: on
EVENT_CODES = {"left_hand": 1, "right_hand": 2, "feet": 3, "rest": 4, "tongue": 5}

# Time between trials, maximum additional random pause, and time before the first and after the last
# task (s). Empirical: short trials that leave a second for the rhythms to recover.
TRIAL_PERIOD, MAX_PAUSE, MARGIN = 5.0, 0.5, 2.0

# Limits of parameters. The beta rhythm requires a sampling frequency of at least 64 Hz, and some
# power must remain during imagery; the other limits avoid huge arrays and amplitudes.
SFREQ_LIMITS, ERD_LIMITS, SNR_LIMITS = (64.0, 10_000.0), (0.0, 0.95), (0.0, 100.0)
PAUSE_LIMITS = (0.0, 60.0)


class SimulatedMI(BaseDataset):
    """Motor imagery of simulated subjects, computed when it is loaded.

    Dipoles in the areas of the hands, the feet and the tongue carry mu and beta rhythms, which lose
    power during imagery of the opposite hand, the feet or the tongue: event-related
    desynchronisation [1]_. The potentials of these dipoles, of random cortical dipoles with a 1/f
    spectrum (background), and of blinks are computed with MNE's spherical head model; sensor noise
    and 50 Hz line noise are added. ``shift`` sets the differences between subjects, and `truth`
    returns them.

    Parameters
    ----------
    n_subjects : int
        Number of subjects, named 1, 2, ...
    n_sessions : int
        Number of sessions of each subject.
    n_trials : int
        Number of trials of each class in a session.
    shift : float, mapping or Shift
        Differences between subjects. A number sets several kinds of differences, see `Shift`; with
        0, subjects differ only in their noise.
    classes : sequence of str
        Two or more of ``"left_hand"``, ``"right_hand"``, ``"feet"``, ``"tongue"``, ``"rest"``.
    sfreq : float
        Sampling frequency (Hz), at least 64.
    ch_names : sequence of str
        Electrodes of the 10-05 system.
    erd : float
        Relative decrease of the power of the rhythms during imagery, from 0 to 0.95.
    snr : float
        Factor of the amplitude of the rhythms.
    pause : float
        Additional idle time between trials (s), on top of about one second.
    random_state : int, None, or numpy generator
        The seed. Signals of a subject do not depend on which other subjects are loaded.

    Raises
    ------
    ConfigError
        When a parameter cannot be used.

    See Also
    --------
    Shift : The differences between subjects.
    load_dataset : Loads its trials with the name ``"SimulatedMI"``.

    References
    ----------
    .. [1] Pfurtscheller, G. and Lopes da Silva, F. H. (1999). Event-related EEG/MEG synchronization
       and desynchronization: basic principles. Clinical Neurophysiology 110(11), 1842-1857.
       doi:10.1016/S1388-2457(99)00141-8.

    Examples
    --------
    >>> from bci_dann import load_dataset
    >>> from bci_dann.data import SimulatedMI
    >>> dataset = SimulatedMI(n_subjects=3, n_trials=10, shift={"gain": 1.0, "inverted": 0.34})
    >>> [dataset.truth(subject).inverted for subject in dataset.subject_list].count(True)
    1
    >>> load_dataset(dataset, subjects=[1]).X.shape
    (20, 15, 513)
    """

    # Part of the cache keys: the path of this class in version 0.1.0.
    fingerprint_class = "bci_dann.data.simulated.SimulatedMI"

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
        pause: float = 0.0,
        random_state: Any = 0,
    ) -> None:
        _check_counts(n_subjects=n_subjects, n_sessions=n_sessions, n_trials=n_trials)
        _check_range("sfreq", sfreq, *SFREQ_LIMITS)
        _check_range("erd", erd, *ERD_LIMITS)
        _check_range("snr", snr, *SNR_LIMITS)
        _check_range("pause", pause, *PAUSE_LIMITS)
        _check_classes(classes)
        n_subjects, n_sessions, self.n_trials = map(int, (n_subjects, n_sessions, n_trials))
        self.shift = parse_shift(shift)
        self.classes = tuple(classes)
        self.sfreq = float(sfreq)
        self.ch_names = list(ch_names)
        self.erd = float(erd)
        self.snr = float(snr)
        self.pause = float(pause)
        self.seed = _seed(random_state)
        self._positions = electrode_positions(self.ch_names)
        parameters = self._parameters(n_subjects, n_sessions)
        super().__init__(
            subjects=list(range(1, n_subjects + 1)),
            sessions_per_subject=n_sessions,
            events={name: EVENT_CODES[name] for name in self.classes},
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
            # a pause of 0 is left out, so that cache keys and codes of such data do not change
            **({"pause": self.pause} if self.pause else {}),
        }

    def fingerprint(self) -> dict[str, Any]:
        """Return everything that determines the signals, for the keys of the cache.

        Returns
        -------
        dict
            All parameters and the seed.
        """
        return self._parameters(len(self.all_subjects), self.n_sessions)

    def data_path(self, *_args: Any, **_kwargs: Any) -> list[str]:
        """Return an empty list, since there are no files.

        Parameters
        ----------
        *_args : object
            MOABB's arguments; ignored.
        **_kwargs : object
            MOABB's keyword arguments; ignored.

        Returns
        -------
        list
            Empty.
        """
        return []

    def truth(self, subject: int) -> SubjectTruth:
        """Return the ground truth of a subject: the parameters of its signals.

        Parameters
        ----------
        subject : int
            A member of ``subject_list``.

        Returns
        -------
        SubjectTruth
            Positions, frequencies, gains and noise of the subject.

        Raises
        ------
        ConfigError
            When there is no such subject.
        """
        if subject not in self.all_subjects:
            raise ConfigError(f"subject must be one of {self.all_subjects}; got {subject!r}.")
        nominal = nominal_parameters(self._positions, self.classes)
        n_subjects = len(self.all_subjects)
        return draw_subject(nominal, self.shift, self.seed, subject, n_subjects, self.n_sessions)

    def _get_single_subject_data(self, subject: int) -> dict[str, dict[str, mne.io.RawArray]]:
        truth = self.truth(subject)
        return {
            str(session): {"0": self._recording(subject, session, truth)}
            for session in range(self.n_sessions)
        }

    def _recording(self, subject: int, session: int, truth: SubjectTruth) -> mne.io.RawArray:
        def rng(purpose: str) -> np.random.Generator:
            return np.random.default_rng(stream(self.seed, "signal", subject, session, purpose))

        schedule = self._schedule(rng("schedule"), subject)
        signals = self.snr * motor_potentials(rng("rhythms"), truth, session, schedule, self.erd)
        signals *= alertness_factor(rng("alertness"), schedule, self.shift.alertness)
        signals += background_potentials(rng("background"), truth, session, schedule, self.seed)
        noise = SENSOR_NOISE * rng("sensors").standard_normal(signals.shape)
        signals += truth.noise_mixing @ noise
        signals += line_noise(rng("mains"), len(self.ch_names), schedule)
        info = eeg_info(self.ch_names, self._positions, self.sfreq)
        raw = mne.io.RawArray(truth.gain[session][:, None] * signals, info, verbose="error")
        task = TASK[1] - TASK[0]
        return raw.set_annotations(mne.Annotations(schedule.onsets, task, schedule.labels))

    def _schedule(self, rng: np.random.Generator, subject: int) -> RecordingSchedule:
        labels = rng.permutation(np.repeat(self.classes, self._class_counts(subject))).tolist()
        periods = TRIAL_PERIOD + self.pause + rng.uniform(0, MAX_PAUSE, len(labels))
        onsets = MARGIN + np.concatenate([[0.0], np.cumsum(periods[:-1])])
        n_times = round((onsets[-1] + TASK[1] + MARGIN) * self.sfreq)
        on_samples = np.round(onsets * self.sfreq) / self.sfreq
        return RecordingSchedule(self.sfreq, n_times, labels, on_samples)

    def _class_counts(self, subject: int) -> list[int]:
        """Return the number of trials of each class in a session of the subject."""
        slope = self.shift.imbalance if subject % 2 else -self.shift.imbalance
        shares = 1.0 + slope * np.linspace(1.0, -1.0, len(self.classes))
        return [max(1, round(self.n_trials * share)) for share in shares]


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


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not isinstance(value, int | float | np.number) or not low <= value <= high:
        raise ConfigError(f"{name} must lie between {low:g} and {high:g}; got {value!r}.")


def _check_classes(classes: Sequence[str]) -> None:
    for name in classes:
        check_option("a class of SimulatedMI", name, EVENT_CODES)
    if len(set(classes)) < max(2, len(classes)):
        raise ConfigError(f"classes must be two or more different names; got {list(classes)}.")
