"""A configuration of three regimes on few simulated subjects."""

from __future__ import annotations

import pytest


@pytest.fixture
def content():
    params = {"n_subjects": 4, "n_trials": 6, "n_sessions": 2, "random_state": 0}
    return {
        "name": "situations",
        "data": {"dataset": "SimulatedMI", "params": params},
        "preprocessing": {"band": [8, 30], "window": [0.5, 2.5], "resample": 64},
        "pipelines": ["csp_lda", "ea_csp_lda"],
        "protocols": ["train_and_target_unlabeled_full"],
        "regimes": {
            "whole": {},
            "few_subjects": {"n_subjects": 3, "n_trials": 12, "merge_sessions": True},
            "last_look": {"channels": ["C3", "C4", "Cz"], "held_out": True},
        },
        "baselines": ["csp_lda"],
    }


@pytest.fixture
def suite(content):
    """The same regimes of two datasets."""
    params = content["data"]["params"]
    other = {**params, "random_state": 1, "n_subjects": 3}
    shared = {key: value for key, value in content.items() if key != "data"}
    datasets = {
        "first": content["data"],
        "second": {"dataset": "SimulatedMI", "params": other},
    }
    return {**shared, "datasets": datasets}


@pytest.fixture
def several(content, suite):
    """The same regimes of the two datasets together, one of which has the targets."""
    entries = [{"name": name, **data} for name, data in suite["datasets"].items()]
    return {**content, "data": {"datasets": entries, "target_dataset": "second"}}
