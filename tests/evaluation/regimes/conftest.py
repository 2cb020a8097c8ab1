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
