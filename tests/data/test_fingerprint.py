"""Fingerprints of datasets: equal for equal signals, stable over versions."""

from __future__ import annotations

import json
import threading
from functools import cached_property

import numpy as np
import pytest

from bci_dann.data import Recordings, SimulatedMI
from bci_dann.data.cache import cache_key
from bci_dann.data.fingerprint import dataset_fingerprint


class Plain:
    """A dataset from elsewhere, of which only the attributes are known."""

    code = "Plain"

    def __init__(self, **attributes):
        vars(self).update(attributes)

    @cached_property
    def derived(self):
        return 42


class WithState(Plain):
    def fingerprint(self):
        return {"size": self.size}


class Named(WithState):
    fingerprint_class = "old.module.Named"


class SubclassOfNamed(Named):
    pass


def test_equal_attributes_are_the_same_and_others_are_not():
    states = [dataset_fingerprint(Plain(size=s, array=np.arange(s))) for s in (3, 3, 4)]
    assert states[0] == states[1]
    assert states[0] != states[2]


def test_a_value_computed_on_first_use_does_not_matter():
    dataset = Plain(size=3)
    before = dataset_fingerprint(dataset)
    assert dataset.derived == 42
    assert "derived" in vars(dataset)
    assert dataset_fingerprint(dataset) == before


def test_what_cannot_be_compared_is_never_the_same():
    dataset = Plain(lock=threading.Lock())
    assert dataset_fingerprint(dataset) != dataset_fingerprint(dataset)


def test_a_dataset_may_describe_itself():
    first, second = WithState(size=3, lock=threading.Lock()), WithState(size=3, irrelevant=1)
    assert dataset_fingerprint(first) == dataset_fingerprint(second)
    assert dataset_fingerprint(first)["state"] == {"size": 3}


def test_class_and_code_are_told_apart():
    class Other(Plain):
        pass

    renamed = Plain(size=3)
    renamed.code = "Renamed"
    prints = [dataset_fingerprint(d) for d in (Plain(size=3), Other(size=3), renamed)]
    assert len({cache_key(one) for one in prints}) == 3


def test_a_declared_class_name_is_not_inherited():
    assert dataset_fingerprint(Named(size=1))["class"] == "old.module.Named"
    assert dataset_fingerprint(SubclassOfNamed(size=1))["class"].endswith(".SubclassOfNamed")


@pytest.mark.parametrize(
    ("dataset_class", "name"),
    [
        (SimulatedMI, "bci_dann.data.simulated.SimulatedMI"),
        (Recordings, "bci_dann.data.recordings.Recordings"),
    ],
)
def test_our_datasets_have_the_names_of_version_0_1(dataset_class, name):
    """Trials that were prepared before modules moved are used again."""
    assert dataset_class.fingerprint_class == name


def test_the_simulator_is_described_by_all_its_parameters():
    state = dataset_fingerprint(SimulatedMI(n_subjects=2, n_trials=3))["state"]
    assert set(state) == {
        "n_subjects", "n_sessions", "n_trials", "shift", "classes", "sfreq", "ch_names", "erd",
        "snr", "seed",
    }  # fmt: skip
    assert json.loads(json.dumps(state))["n_trials"] == 3


def test_the_key_of_a_simulation_is_that_of_version_0_1():
    key = cache_key(dataset_fingerprint(SimulatedMI(n_subjects=2, n_trials=3)))
    assert key == "379e0e71464b2f109f1658637bdc61bb81476d3d7c89930d3b0dd59a30d69d72"
