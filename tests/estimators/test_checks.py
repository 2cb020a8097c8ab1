"""scikit-learn's own checks of estimators, on plain vectors."""

from __future__ import annotations

import warnings

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from bci_dann.estimators import (
    DANNClassifier,
    EnsembleClassifier,
    ReweightedClassifier,
    RiemannianClassifier,
    ShallowClassifier,
    SourceOnlyClassifier,
)

TRAINING = {"max_epochs": 5, "lr": 3e-2}  # enough for the blobs of check_classifiers_train

# Checks that fail, with the reason.
EXPECTED_FAILURES = {
    "check_do_not_raise_errors_in_init_or_set_params": (
        "deprecated keywords are accepted, with a warning, and others refused at once"
    ),
}
FORMER = ("NetworkClassifier", "EnsembleClassifier")


def expected_failures(estimator) -> dict[str, str]:
    takes_former = any(base.__name__ in FORMER for base in type(estimator).__mro__)
    return EXPECTED_FAILURES if takes_former else {}


ESTIMATORS = [
    ShallowClassifier(),
    ShallowClassifier("tangent_space", "logistic"),
    SourceOnlyClassifier("MLP", **TRAINING),
    DANNClassifier("MLP", **TRAINING),
    DANNClassifier("MLP", n_members=2, guard=True, terms={"mcc": 1.0}, **TRAINING),
    EnsembleClassifier(
        [("rts_logistic", 1.0), ({"name": "DANNClassifier", "backbone": "MLP", **TRAINING}, 0.25)]
    ),
    RiemannianClassifier(),
    ReweightedClassifier("MLP", **TRAINING),
    ReweightedClassifier("MLP", learner="tangent_space"),
]


@pytest.fixture(autouse=True)
def _checks_warn_on_purpose():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_scikit_learn_check(estimator, check):
    check(estimator)
