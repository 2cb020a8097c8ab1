"""Selection of subjects, trials, channels and samples by a regime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bci_dann._random import stream
from bci_dann._validation import check_option
from bci_dann.data.regimes.trial_order import by_session
from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    from bci_dann.data.regimes.regime import Regime
    from bci_dann.data.trials import EEGTrials

__all__ = [
    "channel_positions",
    "choose_trials",
    "draw_names",
    "draw_subjects",
    "generator",
    "n_samples",
]

Rows = NDArray[np.intp]
Names = NDArray[np.str_]

# Smallest number of trials of a shortened session. Empirical: sufficient to estimate the mean
# covariance of a session for alignment.
SHORTEST_SESSION = 8
# Smallest number of samples of a trial for the estimation of covariances.
FEWEST_SAMPLES = 8


def generator(regime: Regime, purpose: str, subject: str) -> np.random.Generator:
    """Return the random generator of one purpose and subject.

    Parameters
    ----------
    regime : Regime
        The regime, for its seed.
    purpose : str
        Name of the quantity that is drawn.
    subject : str
        The subject.

    Returns
    -------
    numpy.random.Generator
        A generator that is independent of those of other purposes and subjects.
    """
    return np.random.default_rng(stream(regime.random_state, "regime", purpose, subject))


def draw_names(regime: Regime, purpose: str, names: Sequence[str], count: int) -> list[str]:
    """Draw some subjects, by one independent random number for each subject.

    Parameters
    ----------
    regime : Regime
        The regime, for its seed.
    purpose : str
        Purpose of the draw.
    names : sequence of str
        The subjects.
    count : int
        Number of subjects to draw.

    Returns
    -------
    list of str
        Subjects in the order of ``names``; a smaller ``count`` selects a subset of a larger one.
    """
    numbers = {name: generator(regime, purpose, name).random() for name in names}
    drawn = set(sorted(names, key=lambda name: numbers[name])[:count])
    return [name for name in names if name in drawn]


def draw_subjects(regime: Regime, subjects: Sequence[str]) -> list[str]:
    """Return the subjects that a regime keeps, which depend only on their names and the seed.

    Parameters
    ----------
    regime : Regime
        The regime.
    subjects : sequence of str
        All subjects.

    Returns
    -------
    list of str
        Subjects in the order of ``subjects``.

    Raises
    ------
    ConfigError
        When there are too few subjects.
    """
    count = len(subjects) if regime.n_subjects is None else regime.n_subjects
    if count > len(subjects):
        raise ConfigError(f"n_subjects is {count}, but the data have {_plural(subjects)}.")
    if regime.gain != 1 and regime.n_loud_subjects > count:
        raise ConfigError(
            f"n_loud_subjects is {regime.n_loud_subjects}, but there are only {count} subjects."
        )
    return draw_names(regime, "subjects", subjects, count)


def choose_trials(trials: EEGTrials, regime: Regime) -> dict[str, Rows]:
    """Return the trials of each subject that a regime keeps, after checking that this is possible.

    Parameters
    ----------
    trials : EEGTrials
        Labelled trials of all subjects.
    regime : Regime
        The regime.

    Returns
    -------
    dict of str to ndarray of int
        Indices of trials by subject, in the order of recording.

    Raises
    ------
    ConfigError
        When the data lack a channel or class of the regime, or have too few subjects,
        sessions, trials or samples; or when fewer than two subjects would keep a class.
    """
    channel_positions(trials, regime)
    n_samples(trials, regime)
    labels = np.asarray(trials.y, dtype=str)
    classes = _classes(labels, regime)
    subject_of_trial = trials.subjects
    sessions = trials.metadata["session"].to_numpy(dtype=str)
    has_class = np.isin(labels, classes)
    subjects = draw_subjects(regime, list(dict.fromkeys(subject_of_trial.tolist())))
    rows = {}
    for subject in subjects:
        own = np.flatnonzero((subject_of_trial == subject) & has_class)
        own = own[_first_sessions(sessions[own], regime.n_sessions, subject)]
        own = _first_trials(own, regime.n_trials, subject)
        rows[subject] = own[_first_shares(sessions[own], regime, subject)]
    _check_classes(rows, labels, classes)
    return rows


def channel_positions(trials: EEGTrials, regime: Regime) -> list[int]:
    """Return the indices of the channels that a regime keeps.

    Parameters
    ----------
    trials : EEGTrials
        The trials.
    regime : Regime
        The regime.

    Returns
    -------
    list of int
        Indices in the order of the regime.

    Raises
    ------
    ConfigError
        When a channel is missing, or no channel would remain undisturbed.
    """
    known = trials.ch_names
    names = known if regime.channels is None else regime.channels
    for name in names:
        check_option("each channel of a regime", name, known)
    n_bad = regime.dead_channels + regime.noisy_channels
    if n_bad >= len(names):
        raise ConfigError(
            f"dead_channels and noisy_channels are {n_bad} of {len(names)} channels: at least one "
            "must remain undisturbed."
        )
    return [known.index(name) for name in names]


def n_samples(trials: EEGTrials, regime: Regime) -> int:
    """Return the number of samples of a trial that a regime keeps.

    Parameters
    ----------
    trials : EEGTrials
        The trials.
    regime : Regime
        The regime.

    Returns
    -------
    int
        Number of samples; all if the regime has no duration.

    Raises
    ------
    ConfigError
        When trials are shorter than the duration, or would be too short.
    """
    available = trials.shape[2]
    if regime.duration is None:
        return available
    count = round(regime.duration * trials.sfreq)
    if count > available:
        raise ConfigError(
            f"duration is {regime.duration:g} s, but the trials are only "
            f"{available / trials.sfreq:g} s long."
        )
    if count < FEWEST_SAMPLES:
        raise ConfigError(
            f"duration is {regime.duration:g} s, {count} samples at {trials.sfreq:g} Hz; a trial "
            f"needs at least {FEWEST_SAMPLES}."
        )
    return count


def _classes(labels: Names, regime: Regime) -> list[str]:
    known: list[str] = np.unique(labels).tolist()
    for name in regime.classes or []:
        check_option("each class of a regime", name, known)
    return regime.classes or known


def _first_sessions(sessions: Names, count: int | None, subject: str) -> NDArray[np.bool_]:
    names = list(dict.fromkeys(sessions.tolist()))
    if count is not None and count > len(names):
        raise ConfigError(f"n_sessions is {count}, but subject {subject} has only {len(names)}.")
    return np.isin(sessions, names[:count])


def _first_trials(rows: Rows, count: int | None, subject: str) -> Rows:
    if count is not None and count > len(rows):
        raise ConfigError(
            f"n_trials is {count}, but subject {subject} has only {len(rows)} trials. Reduce it, "
            "or leave this subject out with `data.subjects`."
        )
    return rows[:count]


def _first_shares(sessions: Names, regime: Regime, subject: str) -> Rows:
    """Return the first trials of each session, a random share of the session."""
    if regime.session_shares is None:
        return np.arange(len(sessions))
    rng = generator(regime, "session shares", subject)
    selected = []
    for rows in by_session(sessions):
        count = round(rng.uniform(*regime.session_shares) * len(rows))
        selected.append(rows[: max(count, SHORTEST_SESSION)])
    return np.sort(np.concatenate(selected))


def _check_classes(rows: Mapping[str, Rows], labels: Names, classes: Sequence[str]) -> None:
    if len(rows) < 2:
        raise ConfigError(
            f"leaving one subject out needs two subjects or more; the data have {_plural(rows)}."
        )
    for name in classes:
        subjects = [subject for subject, own in rows.items() if np.any(labels[own] == name)]
        if len(subjects) < 2:
            raise ConfigError(
                f"trials of the class {name!r} remain in {_plural(subjects)}, but at least two are "
                "needed. Keep more trials, sessions or subjects, or leave the class out with "
                "`classes`."
            )


def _plural(subjects: Sequence[str] | Mapping[str, Rows]) -> str:
    return f"{len(subjects)} subject{'' if len(subjects) == 1 else 's'}"
