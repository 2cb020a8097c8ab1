"""Our weights beside skada's, which estimates the same ratios independently."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from scipy.stats import norm, spearmanr

from bci_dann.reweighting import weigh_sources

MEAN = 1.5


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    source, target = rng.normal(0, 1, (400, 1)), rng.normal(MEAN, 1, (400, 1))
    truth = norm.pdf(source[:, 0], MEAN) / norm.pdf(source[:, 0])
    return source, target, truth


def weights_of_skada(name, source, target):
    # importing it switches scikit-learn's metadata routing on, for everyone
    with sklearn.config_context():
        import skada

        parameters = {"gamma": [0.1, 1.0, 10.0], "random_state": 0} if "KLIEP" in name else {}
        adapter = getattr(skada, name)(**parameters)
        X = np.concatenate([source, target])
        domains = np.repeat([1, -2], [len(source), len(target)])
        adapter.fit(X, sample_domain=domains)
        return adapter.compute_weights(X, sample_domain=domains)[: len(source)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("ours", "theirs", "least"),
    [
        ("gaussian", "GaussianReweightAdapter", 0.9),
        ("kliep", "KLIEPReweightAdapter", 0.9),
        ("logistic", "GaussianReweightAdapter", 0.9),
        ("boosting", "KLIEPReweightAdapter", 0.9),
        # without a ridge, skada's KMM gives neighbours very different weights; and it counts the
        # target trials of one nearest source only
        ("kmm", "KMMReweightAdapter", 0.4),
        ("neighbours", "NearestNeighborReweightAdapter", 0.4),
    ],
)
def test_agrees_with_skada_on_the_ratio(pair, ours, theirs, least):
    source, target, truth = pair
    own = weigh_sources(source, target, ours, 0).weights
    other = weights_of_skada(theirs, source, target)
    assert spearmanr(own, other)[0] > least
    assert spearmanr(own, truth)[0] > 0.9
    for weights in (own, other):
        assert np.average(source[:, 0], weights=weights) == pytest.approx(MEAN, abs=0.35)


@pytest.mark.filterwarnings("ignore")
def test_the_inverted_formula_moves_away_from_the_target(pair):
    """(1 - p) / p, which one package has, favours the sources that are least like the target."""
    source, target, truth = pair
    inverted = weights_of_skada("DiscriminatorReweightAdapter", source, target)
    assert np.average(source[:, 0], weights=inverted) < 0
    for classifier in ("logistic", "forest", "boosting"):
        right = weigh_sources(source, target, classifier, 0).weights
        assert spearmanr(right, inverted)[0] < 0 < spearmanr(right, truth)[0]
        assert np.average(source[:, 0], weights=right) > 0.9
