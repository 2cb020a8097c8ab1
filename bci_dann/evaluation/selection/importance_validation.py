"""Validation on source subjects whose trials count as much as they resemble the target's.

Sugiyama, Krauledat and Müller (2007), "Covariate shift adaptation by importance weighted cross
validation", JMLR 8, 985-1005, eq. 13; with a control variate against the variance of the weights,
You, Wang, Long and Jordan (2019), "Towards accurate model selection in deep unsupervised domain
adaptation", ICML, PMLR 97, 7124-7133, eqs. 8 to 10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.protocols import split

if TYPE_CHECKING:
    from bci_dann.data import EEGTrials

__all__ = ["ImportanceWeighting", "controlled_mean"]

Floats = NDArray[np.float64]
# Features that trials are compared by: with many, any two people can be told apart.
N_COMPONENTS = 10
RATIO = "ulsif"


class ImportanceWeighting:
    """How much every trial of the sources resembles what training sees of a target.

    Trials are compared by the principal components of their tangent vectors, each domain
    re-centred by its own Riemannian mean, and weighed by uLSIF, which sees more than the means
    that re-centring has made equal. The features are the same for all pipelines, so that their
    risks can be compared.

    Parameters
    ----------
    trials : EEGTrials
        Of all subjects (µV).
    random_state : None, int or numpy random generator
        Seeds the folds of the domain classifier.
    """

    def __init__(self, trials: EEGTrials, random_state: int = 0) -> None:
        from bci_dann.features.shrunk_covariance import shrunk_covariances

        self._trials, self._random_state = trials, random_state
        self._covariances = np.concatenate(
            [shrunk_covariances(trials.X[i : i + 256]) for i in range(0, len(trials), 256)]
        )

    def weights(self, target_subject: str, protocol: str) -> Floats:
        """Return importance weights of all trials, given what a protocol shows of a target.

        Parameters
        ----------
        target_subject : str
            The target.
        protocol : str
            One of :data:`bci_dann.evaluation.PROTOCOLS`.

        Returns
        -------
        ndarray, shape (n_trials,)
            Of mean 1 over the sources, and 0 for the target's own; all alike where training sees
            fewer than five trials of the target.
        """
        from bci_dann.reweighting import N_FOLDS, weigh_sources

        fold = split(self._trials.metadata, target_subject, protocol, self._trials.y)
        seen = np.sort(np.concatenate([fold.unlabelled, fold.labelled]))
        weights = np.zeros(len(self._trials))
        weights[fold.train] = 1.0
        if len(seen) >= N_FOLDS:
            source, target = self._features(fold.train, seen)
            weights[fold.train] = weigh_sources(source, target, RATIO, self._random_state).weights
        return weights

    def _features(self, train: NDArray[np.intp], seen: NDArray[np.intp]) -> tuple[Floats, Floats]:
        from bci_dann.alignment.riemannian import CovarianceRecentring
        from bci_dann.features.tangent_space import reduced, tangent_space

        domains, found = self._trials.domains, self._covariances
        centring = CovarianceRecentring().fit(found[train], domains=domains[train])
        centring.extend(found[seen], domains[seen])
        both = np.concatenate([train, seen])
        centred = centring.transform(found[both], domains[both])
        vectors = tangent_space()[1:].fit_transform(centred)
        features = reduced(vectors, min(N_COMPONENTS, len(seen)))
        return features[: len(train)], features[len(train) :]


def controlled_mean(values: Floats, weights: Floats) -> float:
    """Return the weighted mean with the control variate of You et al. (2019).

    ``mean(w v) + eta (mean(w) - 1)`` with ``eta = -cov(w v, w) / var(w)``: the mean of the
    weights is known to be 1, and what theirs is away from it is taken off in proportion. Over
    trials on which the weights were brought to mean 1 it takes nothing off.

    Parameters
    ----------
    values, weights : ndarray, shape (n_trials,)
        For instance whether a prediction was right, and importance weights.

    Returns
    -------
    float
    """
    weighted = weights * values
    variance = weights.var()
    if variance == 0:
        return float(weighted.mean())
    eta = -np.mean((weighted - weighted.mean()) * (weights - weights.mean())) / variance
    return float(weighted.mean() + eta * (weights.mean() - 1.0))
