"""Schedulers and workers of other versions are refused before a run."""

from __future__ import annotations

import copy

import pytest
from distributed.comm import CommClosedError

from bci_dann.evaluation.runs.executors.dask_checks import (
    check_libraries,
    check_worker_versions,
    on_every_worker,
)
from bci_dann.evaluation.runs.records import versions
from bci_dann.exceptions import ConfigError


class Client:
    """Answers as a Dask client whose cluster has one worker."""

    def __init__(self, answer=None, n_workers=1, **changes):
        same = {
            "host": {"python": "3.11.7.final.0"},
            "packages": {"distributed": "2026.8.0", "dask": "2026.8.0"},
        }
        self.found = {"client": same, "scheduler": same, "workers": {"tcp://w:1": same}}
        for place, (part, name, version) in changes.items():
            one = copy.deepcopy(same)
            one[part][name] = version
            self.found[place] = {"tcp://w:1": one} if place == "workers" else one
        self.answer = answer
        self.n_workers = n_workers

    def get_versions(self):
        return self.found

    def scheduler_info(self, n_workers=5):
        return {"workers": dict.fromkeys(range(self.n_workers))}

    def run(self, function, *arguments, on_error):
        assert on_error == "return"
        return {"tcp://w:1": self.answer}


def test_the_same_versions_pass():
    check_libraries(Client())
    check_worker_versions(Client(versions()), versions())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"scheduler": ("packages", "distributed", "2024.1.0")},
            r"the Dask scheduler has distributed 2024\.1\.0, but this process 2026\.8\.0.*Start",
        ),
        (
            {"workers": ("packages", "dask", "2024.1.0")},
            r"the Dask worker tcp://w:1 has dask 2024\.1\.0",
        ),
        ({"workers": ("host", "python", "3.12.1")}, r"has python 3\.12\.1"),
    ],
)
def test_another_version_is_named_with_who_has_it(change, message):
    with pytest.raises(ConfigError, match=message):
        check_libraries(Client(**change))


def test_another_library_on_a_worker_is_named():
    other = {**versions(), "torch": "1.0"}
    with pytest.raises(ConfigError, match=r"worker tcp://w:1 has torch 1\.0, but this process"):
        check_worker_versions(Client(other), versions())


def test_a_worker_without_the_package_is_named():
    missing = ModuleNotFoundError("No module named 'bci_dann'")
    with pytest.raises(ConfigError, match="cannot load bci_dann: No module named"):
        check_worker_versions(Client(missing), versions())


def test_a_worker_that_does_not_answer_is_named():
    """The scheduler closes the connection to a worker that hangs."""
    lost = CommClosedError("Address removed")
    with pytest.raises(ConfigError, match=r"worker tcp://w:1 does not answer.*Address removed"):
        check_worker_versions(Client(lost), versions())


def test_a_scheduler_without_workers_has_no_answers():
    assert on_every_worker(Client(n_workers=0), versions) == {}
