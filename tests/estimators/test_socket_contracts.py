"""Open parts of methods: parts that break their contract during training or prediction."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from wrong_parts import (
    ALIGNED,
    NETWORKS,
    QUICK,
    TERMED,
    WEIGHTED,
    EachTrial,
    FirstTrial,
    NotFinite,
    NotFinitePower,
    NotFiniteTerm,
    Nothing,
    OneChannel,
    PlainNumber,
    Scalar,
    Transposed,
    Unchanged,
    cases,
    negative,
    no_module,
    not_finite,
    of_mean_two,
    too_few,
)

from bci_dann.estimators import NetworkClassifier
from bci_dann.exceptions import ConfigError, DataError, TrainingError


@pytest.fixture(scope="module")
def given(draw_toy_eeg):
    eeg = draw_toy_eeg(n_subjects=3, n_trials=20, n_chans=4)
    X, y, subjects = eeg.without(1)
    return {"X": X, "y": y, "subjects": subjects, "X_target_unlabeled": eeg.of(1)[0]}


@cases(
    ALIGNED,
    [
        (OneChannel(), "shape (40, 4, 128); got shape (40, 128)."),
        (FirstTrial(), "shape (40, 4, 128); got shape (1, 4, 128)."),
        (Nothing(), "shape (40, 4, 128); got shape ()."),
        (NotFinite(), "finite values; got 2 trials with NaN or infinity."),
    ],
)
def test_an_alignment_that_breaks_its_contract(make, part, words, given):
    if make is ALIGNED["network"]:
        make = ALIGNED["dann"]  # the perceptron of the other is for vectors
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        make(part).fit(**given)
    assert f"alignment {type(part).__name__}: transform must return" in str(caught.value)


class NotFiniteLater(Unchanged):
    """Keeps its contract for the sources only."""

    def transform(self, X, domains=None):
        return NotFinite().transform(X) if len(X) == 20 else X


@pytest.mark.parametrize("name", ["csp", "filter_bank", "riemannian", "procrustes", "reweighted"])
def test_an_alignment_that_breaks_its_contract_at_predict(name, given):
    model = ALIGNED[name](NotFiniteLater()).fit(given["X"], given["y"], subjects=given["subjects"])
    with pytest.raises(ConfigError, match="NotFiniteLater: transform must return finite values"):
        model.predict(given["X_target_unlabeled"])


class ChangesTrials(Unchanged):
    """Changes trials in place, in one of its methods."""

    def __init__(self, method="transform"):
        self.method = method

    def fit(self, X, domains=None):
        return self._changed(X, "fit", self)

    def transform(self, X, domains=None):
        return self._changed(X, "transform", X)

    @property
    def is_incremental(self):
        return self.method == "update"

    def update(self, X, domain):
        return self._changed(X, "update", self)

    def _changed(self, X, method, result):
        if self.method == method:
            X += 1
        return result


@pytest.mark.parametrize("method", ["fit", "transform", "update"])
def test_an_alignment_does_not_change_the_trials_of_a_user(method, given):
    X = given["X"].copy()
    with pytest.raises(ConfigError, match="ChangesTrials: expected methods that leave X unchanged"):
        ALIGNED["csp"](ChangesTrials(method)).fit(X, given["y"]).partial_adapt(X)
    np.testing.assert_array_equal(X, given["X"])


class InDoublePrecision(Unchanged):
    def transform(self, X, domains=None):
        return X.astype(np.float64)


@pytest.mark.parametrize("backbone", ["EEGNet", "ShallowFBCSPNet"])
def test_a_network_predicts_trials_that_an_alignment_returns_in_double_precision(backbone, given):
    expected, proba = (
        NetworkClassifier(backbone, alignment=part, sfreq=128.0, **QUICK)
        .fit(**given)
        .predict_proba(given["X"])
        for part in (Unchanged(), InDoublePrecision())
    )
    np.testing.assert_array_equal(proba, expected)


@cases(
    NETWORKS,
    [
        (Scalar, "got an output of shape ()"),
        (Transposed, "got an output of shape (4, 3)"),
        (NotFinitePower, "got values that are not finite"),
        (no_module, "expected a torch.nn.Module from the call with n_chans=, n_times= and sfreq="),
    ],
)
def test_a_backbone_that_breaks_its_contract(make, part, words, given):
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        make(part).fit(**given)
    assert f"backbone {part.__name__}: expected" in str(caught.value)


@cases(
    TERMED,
    [
        (EachTrial(), "forward must give a scalar tensor; got shape (60,)"),
        (PlainNumber(), "forward must give a scalar tensor; got 3.0"),
    ],
)
def test_a_term_that_breaks_its_contract(make, part, words, given):
    words = words.replace("(60,)", "(")  # batches of networks have sizes of their own
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        make([part]).fit(**given)
    assert f"term {type(part).__name__!r}: forward must give" in str(caught.value)


def test_a_term_that_is_not_finite_stops_training_by_its_name(given):
    with pytest.raises(TrainingError, match=r"not finite in epoch 1: .*'NotFiniteTerm': nan"):
        TERMED["network"]([NotFiniteTerm()]).fit(**given)
    with pytest.raises(TrainingError, match=r"linear head is not finite: .*'NotFiniteTerm': nan"):
        TERMED["riemannian"]([NotFiniteTerm()]).fit(**given)


@pytest.mark.parametrize("method", ["network", "riemannian"])
@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (lambda progress: "full", "must give a number or a scalar tensor; got 'full'."),
        (lambda progress: torch.ones(2), "must give a number or a scalar tensor; got shape (2,)."),
    ],
)
def test_a_schedule_that_breaks_its_contract(method, schedule, words, given):
    model = TERMED[method]({"mcc": {"schedule": schedule}})
    with pytest.raises(ConfigError, match=re.escape(f"the schedule of the term 'mcc' {words}")):
        model.fit(**given)


@cases(
    WEIGHTED,
    [
        (too_few, "shape (40,); got shape (3,)."),
        (negative, "none below 0; got 1 below 0."),
        (not_finite, "got 1 that are not finite."),
        (of_mean_two, "got mean 2. Divide them by their mean."),
    ],
)
def test_a_weighting_that_breaks_its_contract(make, part, words, given):
    with pytest.raises(DataError, match=re.escape(words)) as caught:
        make(part).fit(**given)
    expected = f"weighting {part.__name__!r}: expected one weight of mean 1 for each source trial"
    assert expected in str(caught.value)
