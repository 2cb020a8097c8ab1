"""Loose electrodes and gaps in some trials do not bring down a decoder that is robust."""

from __future__ import annotations

import pytest

from bci_dann import load_dataset
from bci_dann.data import Regime, derive_trials
from bci_dann.estimators import RiemannianClassifier
from bci_dann.exceptions import DataError


@pytest.fixture(scope="module")
def trials():
    preprocessing = {"band": [8, 30], "window": [0.5, 3.5], "resample": 64}
    return load_dataset("SimulatedMI", n_subjects=4, n_trials=30, preprocessing=preprocessing)


def accuracy(trials, robust, target="1"):
    is_new = trials.subjects == target
    model = RiemannianClassifier(n_delays=1, terms={"information_maximisation": 0.4}, robust=robust)
    sources, new = trials[~is_new], trials[is_new]
    model.fit(sources, sources.y, X_target_unlabeled=new.unlabelled())
    return model.score(new, new.y)


def test_an_electrode_that_is_loose_in_some_trials_costs_little(trials):
    loose = derive_trials(trials, Regime(loose_share=0.3))
    assert accuracy(loose, robust=True) > accuracy(trials, robust=True) - 0.1
    assert accuracy(loose, robust=False) < 0.65


def test_gaps_that_fill_a_time_window_are_missing_data(trials):
    interrupted = derive_trials(trials, Regime(dropout_share=0.3))
    assert accuracy(interrupted, robust=True) > 0.7
    with pytest.raises(DataError, match="flat, in whole or in a time window"):
        accuracy(interrupted, robust=False)
