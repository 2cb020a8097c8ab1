"""Methods with one part to fill in, and parts that break their contract, for the socket tests."""

from __future__ import annotations

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
    """Return "module:Class" of a part of this file, or of a name that it does not have."""
    return f"{__name__}:{part if isinstance(part, str) else part.__name__}"


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
