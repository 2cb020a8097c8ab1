"""Order and timing of the cues of a session, balanced over classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bci_dann._random import check_random_state, stream
from bci_dann._validation import check_between, check_count
from bci_dann.exceptions import ConfigError

__all__ = ["CueProtocol", "CuedTrial"]

# Trials of each class in a block of random order. Sessions that end early are nearly balanced, and
# the subject cannot predict the next class.
TRIALS_IN_BLOCK = 4


@dataclass(frozen=True)
class CuedTrial:
    """A planned trial.

    Parameters
    ----------
    label : str
        Class of the trial.
    pause_s : float
        Pause before the cue (s).
    """

    label: str
    pause_s: float


@dataclass(frozen=True)
class CueProtocol:
    """Order of the classes, and durations of pauses, cues and tasks.

    Parameters
    ----------
    classes : sequence of str
        Tasks of the subject.
    n_trials : int
        Number of trials of each class.
    task_s : float
        Duration of the task, from the cue (s).
    pause_s : float
        Shortest pause before a cue (s).
    jitter_s : float
        Longest random addition to a pause (s).
    cue_s : float or None
        Duration of the cue, after which a cross is shown until the task ends (s). With ``None``,
        the cue is shown during the whole task.
    random_state : None or int
        Seed of the order of classes and of the pauses.

    Raises
    ------
    ConfigError
        When there are fewer than two classes, or a number is outside its range.
    """

    classes: Sequence[str]
    n_trials: int = 20
    task_s: float = 4.0
    pause_s: float = 2.0
    jitter_s: float = 0.5
    cue_s: float | None = None
    random_state: Any = 0

    def __post_init__(self) -> None:
        _check_classes(self.classes)
        check_count("trials", self.n_trials)
        infinite = float("inf")
        check_between("task", self.task_s, 0.0, infinite)
        check_between("pause", self.pause_s, 0.0, infinite, inclusive=True)
        check_between("jitter", self.jitter_s, 0.0, infinite, inclusive=True)
        check_random_state(self.random_state)
        for name in ("task_s", "pause_s", "jitter_s"):
            if getattr(self, name) == infinite:
                raise ConfigError(f"{name.removesuffix('_s')} must be a finite number of seconds.")
        if self.cue_s is not None:
            check_between("cue_s", self.cue_s, 0.0, self.task_s, inclusive=True)

    @property
    def seconds(self) -> float:
        """Longest possible duration of all trials together.

        Returns
        -------
        float
            In seconds.
        """
        longest = self.pause_s + self.jitter_s + self.task_s
        return len(self.classes) * self.n_trials * longest

    def trials(self) -> list[CuedTrial]:
        """Return the trials in their order.

        Returns
        -------
        list of CuedTrial
            The same number of trials of each class; equal seeds give equal lists.
        """
        rng = np.random.default_rng(stream(self.random_state, "cues"))
        order: list[str] = []
        for start in range(0, self.n_trials, TRIALS_IN_BLOCK):
            block = np.repeat(self.classes, min(TRIALS_IN_BLOCK, self.n_trials - start))
            order += rng.permutation(block).tolist()
        pauses = self.pause_s + self.jitter_s * rng.random(len(order))
        return [CuedTrial(name, float(pause)) for name, pause in zip(order, pauses, strict=True)]


def _check_classes(classes: Sequence[str]) -> None:
    if isinstance(classes, str):
        raise ConfigError(
            f"classes must be a list of names, such as [{classes!r}]; got a single text."
        )
    if len(set(classes)) != len(classes):
        raise ConfigError(f"each class must be named only once; got {', '.join(classes)}.")
    if len(classes) < 2:
        raise ConfigError(
            f"a session needs at least two classes; got {', '.join(classes) or 'none'}. Name them, "
            "as in --classes left_hand,right_hand (or classes= in Python), or give a --model; "
            "--rest adds the class rest."
        )
    for name in classes:
        if not name.strip() or name.lower().startswith(("bad", "edge")):
            raise ConfigError(
                f"a class cannot be named {name!r}, because annotations that begin with BAD or "
                "EDGE mark faults of a recording: choose another name."
            )
