"""Worlds: simulated datasets with randomly drawn parameters, each with a regime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from inspect import signature
from typing import Annotated, Any

import numpy as np
from pydantic import Field, field_validator

from bci_dann._config import StrictModel
from bci_dann._random import stream
from bci_dann._validation import check_option
from bci_dann.data.regimes.regime import Regime

__all__ = ["World", "Worlds", "draw_world"]

# Electrodes of worlds: three that all worlds have, and the others of 64 electrodes of the 10-10
# system, from which further ones are drawn.
# fmt: off
MOTOR_ELECTRODES = ("C3", "Cz", "C4")
OTHER_ELECTRODES = (
    "Fp1", "Fpz", "Fp2", "AF7", "AF3", "AFz", "AF4", "AF8",
    "F7", "F5", "F3", "F1", "Fz", "F2", "F4", "F6", "F8",
    "FT7", "FC5", "FC3", "FC1", "FCz", "FC2", "FC4", "FC6", "FT8",
    "T7", "C5", "C1", "C2", "C6", "T8", "T9", "T10",
    "TP7", "CP5", "CP3", "CP1", "CPz", "CP2", "CP4", "CP6", "TP8",
    "P7", "P5", "P3", "P1", "Pz", "P2", "P4", "P6", "P8",
    "PO7", "PO3", "POz", "PO4", "PO8", "O1", "Oz", "O2", "Iz",
)
# fmt: on
CLASS_PAIRS = (("left_hand", "right_hand"), ("right_hand", "rest"), ("left_hand", "feet"))
# Smallest and largest numbers of channels, subjects, and trials per subject, drawn log-uniformly.
CHANNELS_RANGE, SUBJECTS_RANGE, TRIALS_RANGE = (3, 64), (4, 40), (30, 300)
# Maximum number of trials of a world, and of trials times channels, so that it takes minutes.
MAX_TRIALS, MAX_TRIALS_TIMES_CHANNELS = 1500, 32_000
# Ranges of parameters of the simulator, and of the strength of a change half-way.
SHIFT, ALERTNESS, ERD, SNR, HALF_WAY = (0.0, 2.0), (0.0, 1.5), (0.3, 0.8), (0.5, 1.5), (0.1, 0.5)
# Values of parameters that only some of the worlds have.
WEAK, ARTEFACT_SHARE, GAIN = 0.2, 0.05, 15.0
# One of this number of worlds is held out for a final test: the tenth, the twentieth, ...
HELD_OUT_EVERY = 10


class Worlds(StrictModel):  # numpydoc ignore=PR02
    """Simulated datasets with randomly drawn parameters, as regimes of a run.

    Parameters
    ----------
    count : int
        Number of worlds; the first ones are the same for any number.
    random_state : int
        The seed.
    params : dict
        Parameters of `SimulatedMI` that are the same in all worlds; the others are drawn.

    See Also
    --------
    draw_world : Draws one world.

    Examples
    --------
    >>> from bci_dann.data import Worlds
    >>> list(Worlds(count=2).draw())
    ['world_000', 'world_001']
    >>> worlds = Worlds(count=2, params={"classes": ["left_hand", "right_hand", "feet", "tongue"]})
    >>> [len(world.params["classes"]) for world in worlds.draw().values()]
    [4, 4]
    """

    count: Annotated[int, Field(ge=1, le=1000)]
    random_state: Annotated[int, Field(ge=0)] = 0
    params: dict[str, Any] = Field(default_factory=dict)

    @field_validator("params")
    @classmethod
    def _check_params(cls, params: dict[str, Any]) -> dict[str, Any]:
        if not params:
            return params
        from bci_dann.data.simulation.simulated import SimulatedMI  # takes seconds: it needs MOABB

        if "random_state" in params:
            raise ValueError("random_state differs from world to world; leave it out of params")
        for name in params:
            check_option("each of params", name, signature(SimulatedMI).parameters)
        SimulatedMI(**params)  # raises an error for an invalid value
        return params

    def draw(self) -> dict[str, World]:
        """Return the worlds by name.

        Returns
        -------
        dict of str to World
            ``world_000``, ``world_001``, ...
        """
        drawn = {f"world_{i:03d}": draw_world(self.random_state, i) for i in range(self.count)}
        return {
            name: replace(world, params={**world.params, **self.params})
            for name, world in drawn.items()
        }


@dataclass(frozen=True)
class World:
    """A simulated dataset, and the regime that is applied to it.

    Attributes
    ----------
    params : mapping of str to object
        Parameters of `SimulatedMI`.
    regime : Regime
        Disturbances of its trials, and whether the world is held out.

    See Also
    --------
    draw_world : Draws a world.

    Examples
    --------
    >>> from bci_dann.data import DataConfig, draw_world
    >>> world = draw_world(random_state=0, index=9)
    >>> config = DataConfig(dataset="SimulatedMI", params=world.params, regime=world.regime)
    >>> config.regime.held_out
    True
    """

    params: Mapping[str, Any]
    regime: Regime


def draw_world(random_state: int, index: int) -> World:
    """Draw a simulated dataset and its regime.

    Numbers of channels (3 to 64), subjects (4 to 40) and trials of a subject (30 to 300) are drawn
    log-uniformly and independently of each other. Then they are limited, so that a world takes
    minutes: at most 1500 trials in total, and at most 32 000 trials times channels. If a limit is
    exceeded, first the number of trials of a subject is reduced, down to 30, and then the number of
    subjects, so worlds with many channels have few subjects. There are one to three sessions with
    an equal number of trials of each class, so a subject may have slightly fewer trials than drawn.
    The classes, and the differences between subjects, sessions and electrodes, are also drawn at
    random.

    Parameters
    ----------
    random_state : int
        The seed.
    index : int
        Index of the world; worlds are drawn independently.

    Returns
    -------
    World
        The world. Every tenth is held out: those with index 9, 19, and so on.

    See Also
    --------
    SimulatedMI : The simulator.
    Regime : The disturbances.

    Examples
    --------
    >>> from bci_dann.data import draw_world
    >>> world = draw_world(random_state=0, index=1)
    >>> sorted(world.params)[:4]
    ['ch_names', 'classes', 'erd', 'n_sessions']
    >>> draw_world(0, 1) == world
    True
    """
    rng = np.random.default_rng(stream(random_state, "world", index))
    n_chans, n_subjects, n_trials = _sizes(rng)
    n_sessions = int(rng.choice([1, 1, 2, 3]))
    seed = int(rng.integers(2**31))
    shift = {name: _uniform(rng, SHIFT) for name in ("head", "frequency", "gain", "noise", "drift")}
    shift["alertness"] = _sometimes(rng, 0.5, _uniform(rng, ALERTNESS))
    shift["weak"] = _sometimes(rng, 0.5, WEAK)
    params = {
        "n_subjects": n_subjects,
        "n_sessions": n_sessions,
        "n_trials": max(4, n_trials // (2 * n_sessions)),
        "shift": shift,
        "classes": list(CLASS_PAIRS[int(rng.integers(len(CLASS_PAIRS)))]),
        "ch_names": [
            *MOTOR_ELECTRODES,
            *rng.permutation(OTHER_ELECTRODES)[: n_chans - len(MOTOR_ELECTRODES)].tolist(),
        ],
        "erd": _uniform(rng, ERD),
        "snr": _log_uniform(rng, SNR),
        "random_state": seed,
    }
    regime = Regime(
        artefact_share=_sometimes(rng, 1 / 3, ARTEFACT_SHARE),
        gain=_sometimes(rng, 1 / 4, GAIN, otherwise=1.0),
        change_half_way=_sometimes(rng, 1 / 4, _uniform(rng, HALF_WAY)),
        random_state=seed,
        held_out=index % HELD_OUT_EVERY == HELD_OUT_EVERY - 1,
    )
    return World(params, regime)


def _sizes(rng: np.random.Generator) -> tuple[int, int, int]:
    """Draw and limit the numbers of channels, of subjects, and of trials of a subject."""
    n_chans, n_subjects, n_trials = (
        round(_log_uniform(rng, limits))
        for limits in (CHANNELS_RANGE, SUBJECTS_RANGE, TRIALS_RANGE)
    )
    limit = min(MAX_TRIALS, MAX_TRIALS_TIMES_CHANNELS // n_chans)
    n_trials = min(n_trials, max(TRIALS_RANGE[0], limit // n_subjects))
    return n_chans, min(n_subjects, max(SUBJECTS_RANGE[0], limit // n_trials)), n_trials


def _uniform(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    """Draw a number, rounded for readability in files."""
    return round(float(rng.uniform(*limits)), 3)


def _log_uniform(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    """Draw a number whose logarithm is uniformly distributed, rounded in the same way."""
    low, high = np.log(limits)
    return round(float(np.exp(rng.uniform(low, high))), 3)


def _sometimes(
    rng: np.random.Generator, probability: float, value: float, otherwise: float = 0.0
) -> float:
    """Return the value with a probability, and else another value."""
    return value if rng.random() < probability else otherwise
