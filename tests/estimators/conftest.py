from __future__ import annotations

import sys
from pathlib import Path

import mne
import numpy as np
import pandas as pd
import pytest

from bci_dann.components import built_in_names
from bci_dann.data import EEGTrials
from bci_dann.estimators import (
    CalibratedClassifier,
    DANNClassifier,
    EnsembleClassifier,
    NetworkClassifier,
    ProcrustesClassifier,
    ReweightedClassifier,
    RiemannianClassifier,
    ShallowClassifier,
    SourceOnlyClassifier,
    TTimeClassifier,
)

# for the module `wrong_parts`
sys.path.insert(0, str(Path(__file__).parent))

QUICK = {"max_epochs": 2, "random_state": 0}

METHODS = {
    "csp_lda": lambda: ShallowClassifier(),
    "tangent_logistic": lambda: ShallowClassifier("tangent_space", "logistic"),
    "filter_bank": lambda: ShallowClassifier("filter_bank_csp", sfreq=128.0),
    "mdm_recentred": lambda: ShallowClassifier("covariances", "mdm", alignment="riemannian"),
    "procrustes": lambda: ProcrustesClassifier(),
    "mdwm": lambda: ProcrustesClassifier(classifier="mdwm"),
    "source_only": lambda: SourceOnlyClassifier(**QUICK),
    "dann": lambda: DANNClassifier(**QUICK),
    "ttime": lambda: TTimeClassifier(**QUICK, alignment="euclidean"),
    "spd_network": lambda: DANNClassifier(
        "SPDNet", alignment={"name": "covariance", "n_delays": 2}, n_members=2, **QUICK
    ),
    "every_term": lambda: DANNClassifier(**QUICK, terms=dict.fromkeys(built_in_names("term"), 0.1)),
    "guarded_pair": lambda: DANNClassifier(**QUICK, terms={"mcc": 1.0}, n_members=2, guard=True),
    "riemannian": lambda: RiemannianClassifier(terms={"information_maximisation": 0.5}),
    "riemannian_bands": lambda: RiemannianClassifier(
        filter_bank=True, sfreq=128.0, n_windows=1, n_delays=1
    ),
    "riemannian_raw": lambda: RiemannianClassifier(alignment=None, n_windows=1, n_delays=1),
    "ensemble": lambda: EnsembleClassifier(
        [
            (RiemannianClassifier(terms={"information_maximisation": 0.5}), 1.0),
            ({"name": "DANNClassifier", "terms": {"mcc": 1.0}, "max_epochs": 2}, 0.25),
        ],
        random_state=0,
    ),
    "calibrated": lambda: CalibratedClassifier("ra_ts_logistic"),
    "reweighted_dann": lambda: NetworkClassifier(
        **QUICK, terms={"domain_adversary": 0.1}, weighting="logistic", alignment="riemannian"
    ),
    "weighted_riemannian": lambda: RiemannianClassifier(weighting={"name": "kmm"}),
    "reweighted": lambda: ReweightedClassifier(**QUICK, alignment="euclidean"),
    "reweighted_tangent": lambda: ReweightedClassifier(
        learner="tangent_space", alignment="euclidean", random_state=0
    ),
}


@pytest.fixture(scope="module", params=list(METHODS))
def new_method(request):
    """Return a function that builds a method, each in turn."""
    return METHODS[request.param]


@pytest.fixture
def method(new_method):
    return new_method()


@pytest.fixture(scope="module")
def fold(toy_eeg):
    X, y, subjects = toy_eeg.without(1)
    X_new, y_new = toy_eeg.of(1)
    return X, y, subjects, X_new, y_new


@pytest.fixture(scope="module")
def of_sources(new_method, fold):
    """A method fitted on the sources alone, which every test leaves as it is."""
    X, y, subjects, *_ = fold
    return new_method().fit(X, y, subjects=subjects)


@pytest.fixture(scope="module")
def with_target(new_method, fold):
    """A method fitted with the trials of the target, which every test leaves as it is."""
    X, y, subjects, X_new, _ = fold
    return new_method().fit(X, y, subjects=subjects, X_target_unlabeled=X_new)


@pytest.fixture
def eeg_trials():
    return _as_trials


def _as_trials(X, y, subjects, sessions=None, sfreq=128.0) -> EEGTrials:
    sessions = np.repeat("0", len(X)) if sessions is None else sessions
    metadata = pd.DataFrame({"subject": subjects, "session": sessions, "run": "0"})
    names = ["C3", "C4", "Cz", "CP3", "CP4", "FC3"][: X.shape[1]]
    return EEGTrials(X, y, metadata, mne.create_info(names, sfreq, "eeg"))
