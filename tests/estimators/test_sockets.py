"""The open parts of every method: what is refused, when, and in which words."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from torch import nn

from bci_dann.alignment import Alignment
from bci_dann.estimators import (
    DANNClassifier,
    EnsembleClassifier,
    NetworkClassifier,
    ProcrustesClassifier,
    ReweightedClassifier,
    RiemannianClassifier,
    ShallowClassifier,
    SourceOnlyClassifier,
)
from bci_dann.exceptions import ConfigError, DataError, TrainingError
from bci_dann.objectives import Term

QUICK = {"max_epochs": 1, "random_state": 0}
SMALL = {"n_windows": 1, "n_delays": 1}

ALIGNED = {
    "network": lambda part: NetworkClassifier("MLP", alignment=part, **QUICK),
    "source_only": lambda part: SourceOnlyClassifier("MLP", alignment=part, **QUICK),
    "dann": lambda part: DANNClassifier("MLP", alignment=part, **QUICK),
    "reweighted": lambda part: ReweightedClassifier(learner="tangent_space", alignment=part),
    "csp": lambda part: ShallowClassifier(alignment=part),
    "filter_bank": lambda part: ShallowClassifier("filter_bank_csp", sfreq=128.0, alignment=part),
    "riemannian": lambda part: RiemannianClassifier(alignment=part, **SMALL),
    "procrustes": lambda part: ProcrustesClassifier(alignment=part),
    "ensemble": lambda part: EnsembleClassifier([(ShallowClassifier(alignment=part), 1.0)]),
}
NETWORKS = {
    "network": lambda part: NetworkClassifier(part, **QUICK),
    "source_only": lambda part: SourceOnlyClassifier(part, **QUICK),
    "dann": lambda part: DANNClassifier(part, **QUICK),
    "reweighted": lambda part: ReweightedClassifier(part, alignment="euclidean", **QUICK),
    "ensemble": lambda part: EnsembleClassifier([(NetworkClassifier(part, **QUICK), 1.0)]),
}
TERMED = {
    "network": lambda part: NetworkClassifier("MLP", terms=part, **QUICK),
    "dann": lambda part: DANNClassifier("MLP", terms=part, **QUICK),
    "reweighted": lambda part: ReweightedClassifier(
        "MLP", terms=part, alignment="euclidean", **QUICK
    ),
    "riemannian": lambda part: RiemannianClassifier(terms=part, **SMALL),
    "ensemble": lambda part: EnsembleClassifier([(RiemannianClassifier(terms=part), 1.0)]),
}
WEIGHTED = {
    "network": lambda part: NetworkClassifier("MLP", weighting=part, **QUICK),
    "dann": lambda part: DANNClassifier("MLP", weighting=part, **QUICK),
    "reweighted": lambda part: ReweightedClassifier(
        learner="tangent_space", alignment="euclidean", weighting=part
    ),
    "csp": lambda part: ShallowClassifier(classifier="logistic", weighting=part),
    "nearest_mean": lambda part: ShallowClassifier("covariances", "mdm", weighting=part),
    "riemannian": lambda part: RiemannianClassifier(weighting=part, **SMALL),
    "procrustes": lambda part: ProcrustesClassifier(weighting=part),
    "ensemble": lambda part: EnsembleClassifier([(RiemannianClassifier(weighting=part), 1.0)]),
}


class Unchanged(Alignment):
    """Leaves trials as they are."""

    def fit(self, X, domains=None):
        return self

    def extend(self, X, domains=None):
        return self

    def transform(self, X, domains=None):
        return X

    def to_arrays(self):
        return {}

    def from_arrays(self, domains, arrays):
        return self


class Unfinished(Alignment):
    def fit(self, X, domains=None):
        return self


class NeedsRank(Unchanged):
    def __init__(self, rank):
        self.rank = rank


class OneChannel(Unchanged):
    def transform(self, X, domains=None):
        return X[:, 0]


class FirstTrial(Unchanged):
    def transform(self, X, domains=None):
        return X[:1]


class Nothing(Unchanged):
    def transform(self, X, domains=None):
        return None


class NotFinite(Unchanged):
    def transform(self, X, domains=None):
        X = X.astype(np.float64)
        X[[1, 3], 0, 0] = np.nan, np.inf
        return X


class Power(nn.Module):
    def __init__(self, n_chans, n_times, sfreq):
        super().__init__()

    def forward(self, X):
        return X.square().mean(2)


class Scalar(Power):
    def forward(self, X):
        return X.mean()


class Transposed(Power):
    def forward(self, X):
        return super().forward(X).T


class NotFinitePower(Power):
    def forward(self, X):
        return super().forward(X) / 0.0


class OfChannelsAlone(nn.Module):
    def __init__(self, n_chans):
        super().__init__()


def no_module(n_chans, n_times, sfreq):
    return "a network"


class NoForward(Term):
    pass


class NoSuperInit(Term):
    def __init__(self):
        self.margin = 1.0

    def forward(self, batch):
        return batch.logits.mean()


class NeedsMargin(Term):
    def __init__(self, margin):
        super().__init__()


class EachTrial(Term):
    def forward(self, batch):
        return batch.logits.square().sum(1)


class PlainNumber(Term):
    def forward(self, batch):
        return 3.0


class NotFiniteTerm(Term):
    def forward(self, batch):
        return batch.logits.mean() * torch.nan


def too_few(X_source, X_target):
    return np.ones(3)


def negative(X_source, X_target):
    return np.r_[-1.0, 1.0 + 2.0 / (len(X_source) - 1) * np.ones(len(X_source) - 1)]


def not_finite(X_source, X_target):
    return np.r_[np.nan, np.ones(len(X_source) - 1)]


def of_mean_two(X_source, X_target):
    return np.full(len(X_source), 2.0)


def of_sources_alone(X_source):
    return np.ones(len(X_source))


def path(part):
    """Return "module:Class" of a part of this file."""
    return f"{__name__}:{part.__name__}"


@pytest.fixture(scope="module")
def given(draw_toy_eeg):
    eeg = draw_toy_eeg(n_subjects=3, n_trials=20, n_chans=4)
    X, y, subjects = eeg.without(1)
    return {"X": X, "y": y, "subjects": subjects, "X_target_unlabeled": eeg.of(1)[0]}


def cases(methods, specs):
    """Pair every method with every wrong part and the words that it is refused with."""
    return pytest.mark.parametrize(
        ("make", "part", "words"),
        [
            pytest.param(make, part, words, id=f"{method}-{words[:20]}")
            for method, make in methods.items()
            for part, words in specs
        ],
    )


def refused(model, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        model.check_parameters()


# --- before anything is trained ---------------------------------------------------------------


@cases(
    ALIGNED,
    [
        ("euclidian", "there is no alignment 'euclidian'. Did you mean 'euclidean'?"),
        ("nowhere:Mine", "alignment: 'nowhere:Mine' cannot be imported: No module named 'nowhere'"),
        (f"{__name__}:Unchangd", "no 'Unchangd'. Did you mean 'Unchanged'?"),
        (path(Power), "must be a subclass of bci_dann.alignment.Alignment, with fit, extend"),
        (path(too_few), "must be a subclass of bci_dann.alignment.Alignment, with fit, extend"),
        (path(Unfinished), "does not implement extend, from_arrays, to_arrays, transform."),
        (path(NeedsRank), "cannot be built with {}: NeedsRank.__init__() missing 1 required"),
        ({"name": path(NeedsRank), "rnk": 3}, "cannot be built with {'rnk': 3}"),
        ({"name": "riemannian", "rank": 3}, "'riemannian' cannot be built with {'rank': 3}"),
        ({"rank": 3}, "alignment: a mapping needs the key 'name', as in {name: ..., parameter"),
        (3.0, "alignment: 'float' must be a subclass of bci_dann.alignment.Alignment"),
        (Unfinished, "alignment 'Unfinished' does not implement extend"),
    ],
)
def test_no_alignment(make, part, words):
    refused(make(part), words)


@cases(
    NETWORKS,
    [
        ("EEGNett", "Did you mean 'EEGNet'?"),
        ("nowhere:Mine", "backbone: 'nowhere:Mine' cannot be imported"),
        (f"{__name__}:Powr", "no 'Powr'. Did you mean 'Power'?"),
        (path(OfChannelsAlone), "backbone OfChannelsAlone: expected a class or function that is"),
        ({"name": path(Power), "depth": 3}, "each parameter of Power must be one of"),
        ({"name": "EEGNet", "kernel_lenght": 3}, "Did you mean 'kernel_length'?"),
        ({"depth": 3}, "backbone: a mapping needs the key 'name'"),
        (3, "backbone: expected a built-in name, a class or function that builds"),
        (OfChannelsAlone, "it does not take n_times, sfreq"),
    ],
)
def test_no_backbone(make, part, words):
    refused(make(part), words)


@cases(
    TERMED,
    [
        ({"mc": 1.0}, "there is no term 'mc'. Did you mean 'mcc'?"),
        ({"nowhere:Mine": 1.0}, "term: 'nowhere:Mine' cannot be imported"),
        ({f"{__name__}:EachTrail": 1.0}, "Did you mean 'EachTrial'?"),
        ({path(Power): 1.0}, "must be a subclass of bci_dann.objectives.Term, whose forward"),
        ({path(NoForward): 1.0}, "term 'NoForward' does not implement forward."),
        ({path(NoSuperInit): 1.0}, "term 'NoSuperInit': its __init__ must call super()"),
        ({path(NeedsMargin): 1.0}, "cannot be built with {}: NeedsMargin.__init__() missing"),
        ({"mcc": {"temprature": 2.0}}, "term 'mcc' cannot be built with {'temprature': 2.0}"),
        ({"mcc": {"temperature": 0.0}}, "temperature must be a number above 0"),
        ({"mcc": {"weight": "1"}}, "the weight of mcc must be a number at least 0; got '1'"),
        ({"mcc": {"weight": True}}, "the weight of mcc must be a number at least 0; got True"),
        ({"mcc": True}, "terms: 'mcc' needs a weight, settings or a term; got True."),
        ({"mcc": {"schedule": "lin"}}, "there is no schedule 'lin'. Did you mean 'linear'?"),
        ({"mcc": {"schedule": 3}}, "schedule: 'int' must be called with the progress of"),
        ({"mcc": {"schedule": {"name": "linear", "until": 2}}}, "until must be a number above 0"),
        (["mcc", "mcc"], "terms: 'mcc' is given more than once."),
        ([{"weight": 1.0}], "a mapping needs the key 'name'"),
        ([3], "term: 'int' must be a subclass of bci_dann.objectives.Term"),
        ([None], "terms: each entry of the list needs a weight, settings or a term; got None."),
        ({"mcc": None}, "terms: 'mcc' needs a weight, settings or a term; got None."),
        ("mcc", "terms must map names to weights, as {'mcc': 1.0}, or list terms; got 'mcc'."),
        (3, "terms must map names to weights"),
    ],
)
def test_no_terms(make, part, words):
    refused(make(part), words)


@cases(
    WEIGHTED,
    [
        ("logistics", "there is no weighting 'logistics'. Did you mean 'logistic'?"),
        ("nowhere:mine", "weighting: 'nowhere:mine' cannot be imported"),
        (f"{__name__}:to_few", "Did you mean 'too_few'?"),
        (f"{__name__}:QUICK", "must be called with (X_source, X_target), feature arrays"),
        (path(of_sources_alone), "got of_sources_alone(X_source): too many positional arguments."),
        ({"name": path(too_few), "few": 3}, "each parameter of the weighting"),
        ({"name": "logistic", "clp": 0.1}, "weighting 'logistic' cannot be built with {'clp'"),
        ({"name": "logistic", "features": "spectra"}, "features of the weighting must be one of"),
        ({"name": "logistic", "unit": "session"}, "unit must be one of 'trial', 'subject'"),
        ({"name": "logistic", "temper": -1}, "temper must be a number at least 0"),
        ({"name": "logistic", "n_components": 0}, "n_components must be a whole number above 0"),
        ({"clip": 0.1}, "weighting: a mapping needs the key 'name'"),
        (3, "weighting: 'int' must be called with (X_source, X_target), feature arrays"),
    ],
)
def test_no_weighting(make, part, words):
    refused(make(part), words)


@pytest.mark.parametrize("method", ["csp", "nearest_mean", "riemannian", "procrustes"])
def test_features_of_a_network_are_for_methods_that_have_one(method):
    part = {"name": "logistic", "features": "network"}
    refused(WEIGHTED[method](part), "features of the weighting must be one of 'tangent_space'")
    WEIGHTED["network"](part).check_parameters()


def test_discriminant_analysis_takes_no_weights():
    refused(ShallowClassifier(weighting="logistic"), "takes no weights; take classifier='logistic'")


def test_plain_training_takes_neither_terms_nor_weights():
    refused(SourceOnlyClassifier("MLP", terms={"mcc": 1.0}), "for terms take DANNClassifier")
    refused(SourceOnlyClassifier("MLP", weighting="kmm"), "for a weighting ReweightedClassifier")


# --- parts that break their contract where they are used --------------------------------------


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
