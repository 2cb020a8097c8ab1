"""Random simulated worlds: equal for equal seeds, feasible, varied, and each can be loaded."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann._config import validate
from bci_dann.data import DataConfig, Worlds, draw_world, load_dataset
from bci_dann.data.regimes.worlds import MOTOR_ELECTRODES, OTHER_ELECTRODES
from bci_dann.exceptions import ConfigError

MANY = [draw_world(0, index) for index in range(300)]


def sizes(world):
    params = world.params
    n_trials = params["n_trials"] * params["n_sessions"] * len(params["classes"])
    return len(params["ch_names"]), params["n_subjects"], n_trials


def test_a_world_depends_on_its_seed_and_index_alone():
    assert draw_world(3, 7) == draw_world(3, 7)
    assert draw_world(3, 7) != draw_world(3, 8)
    assert draw_world(3, 7) != draw_world(4, 7)
    few, many = Worlds(count=3).draw(), Worlds(count=12).draw()
    assert list(few) == ["world_000", "world_001", "world_002"]
    assert all(many[name] == few[name] for name in few)


def test_worlds_are_feasible():
    for world in MANY:
        n_chans, n_subjects, n_trials = sizes(world)
        assert 3 <= n_chans <= 64
        assert 4 <= n_subjects <= 40
        assert 24 <= n_trials <= 300
        assert n_subjects * n_trials <= 1500
        assert n_subjects * n_trials * n_chans <= 32_000
        assert len(set(world.params["ch_names"])) == n_chans


def test_worlds_are_varied():
    n_chans, n_subjects, n_trials = np.array([sizes(world) for world in MANY]).T
    assert n_chans.min() == 3
    assert n_chans.max() > 50
    assert n_subjects.min() == 4
    assert n_subjects.max() > 35
    assert n_trials.max() > 250
    assert len({tuple(world.params["classes"]) for world in MANY}) == 3
    assert {world.params["n_sessions"] for world in MANY} == {1, 2, 3}
    for name, share in (("artefact_share", 1 / 3), ("gain", 1 / 4), ("change_half_way", 1 / 4)):
        set_in = [name in world.regime.model_dump() for world in MANY]
        assert share - 0.1 < np.mean(set_in) < share + 0.1


def test_every_tenth_is_held_out():
    held_out = [index for index, world in enumerate(MANY[:30]) if world.regime.held_out]
    assert held_out == [9, 19, 29]


def test_electrodes_are_those_of_64_channels():
    assert (
        len({*MOTOR_ELECTRODES, *OTHER_ELECTRODES})
        == len(MOTOR_ELECTRODES) + len(OTHER_ELECTRODES)
        == 64
    )


@pytest.mark.parametrize("index", [int(np.argmax([sizes(w)[0] for w in MANY])), 7])
def test_a_world_can_be_loaded(index):
    world = MANY[index]
    params = {**world.params, "n_subjects": 2, "n_trials": 4}
    trials = load_dataset(DataConfig(dataset="SimulatedMI", params=params, regime=world.regime))
    assert trials.ch_names == world.params["ch_names"]
    assert np.isfinite(trials.X).all()


def test_parameters_may_be_the_same_in_all_worlds():
    given = {"n_subjects": 9, "classes": ["left_hand", "right_hand", "feet", "tongue"]}
    for name, world in Worlds(count=5, params=given).draw().items():
        drawn = Worlds(count=5).draw()[name]
        assert world.params == {**drawn.params, **given}
        assert world.regime == drawn.regime


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_subject": 9}, "Did you mean 'n_subjects'"),
        ({"classes": ["left_hand", "tongues"]}, "Did you mean 'tongue'"),
        ({"random_state": 3}, "random_state differs from world to world"),
    ],
)
def test_wrong_parameters_are_refused(params, message):
    with pytest.raises(ConfigError, match=message):
        validate(Worlds, {"count": 3, "params": params}, "worlds")


@pytest.mark.parametrize("content", [{"count": 0}, {"counts": 3}, {"count": 3, "random_state": -1}])
def test_wrong_keys_are_refused(content):
    with pytest.raises(ConfigError):
        validate(Worlds, content, "worlds")
