from __future__ import annotations

import numpy as np
import pytest

from bci_dann.alignment import Alignment, EuclideanAlignment, RiemannianAlignment
from bci_dann.alignment.riemannian import CovarianceRecentring


class Scaling(Alignment):
    """An alignment of one's own with one gain a domain, and nothing that need not be there."""

    def fit(self, X, domains=None):
        self.gains = {}
        return self.extend(X, domains)

    def extend(self, X, domains=None):
        domains = np.repeat("", len(X)) if domains is None else np.asarray(domains)
        self.gains |= {str(name): X[domains == name].std() for name in np.unique(domains)}
        self.last = X.std()
        return self

    def transform(self, X, domains=None):
        domains = np.repeat("", len(X)) if domains is None else np.asarray(domains)
        gains = [self.gains.get(str(name), self.last) for name in domains]
        return (X / np.reshape(gains, (-1, 1, 1))).astype(np.float32)

    def to_arrays(self):
        return {"gains": np.array(list(self.gains.values())), "last": np.array(self.last)}

    def from_arrays(self, domains, arrays):
        self.gains = dict(zip(domains, arrays["gains"].tolist(), strict=True))
        self.last = arrays["last"].item()
        return self


ALIGNMENTS = {
    "euclidean": EuclideanAlignment,
    "riemannian": RiemannianAlignment,
    "own": Scaling,
}


@pytest.fixture(params=list(ALIGNMENTS))
def alignment(request):
    """An unfitted alignment of signals of each kind."""
    return ALIGNMENTS[request.param]()


@pytest.fixture(params=["riemannian", "euclidean"])
def recentring(request):
    """Re-centring of covariances by each mean."""
    return CovarianceRecentring(request.param)


@pytest.fixture
def scaling():
    """The alignment of one's own."""
    return Scaling()


def draw(seed=0, n_trials=60, n_chans=4, n_times=100):
    """Draw mixed noise (µV) of three domains, each louder than the one before."""
    rng = np.random.default_rng(seed)
    domains = np.repeat(["a/0", "b/0", "b/1"], n_trials // 3)
    gains = np.repeat([1.0, 2.0, 4.0], n_trials // 3)[:, None, None]
    mixing = np.eye(n_chans) + 0.3 * rng.standard_normal((n_chans, n_chans))
    X = 10 * gains * (mixing @ rng.standard_normal((n_trials, n_chans, n_times)))
    return X.astype(np.float32), domains


@pytest.fixture
def draw_domains():
    """Return the function that draws trials of three domains."""
    return draw
