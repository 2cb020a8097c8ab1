"""Importance-weighted validation: source trials are weighted by their similarity to the target.

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
# Features that trials are compared by, as in ReweightedClassifier (empirical: with many more, a
# domain classifier separates any two subjects, and nothing overlaps).
N_COMPONENTS = 10
DENSITY_RATIO = "ulsif"
# Trials whose covariances are computed at a time, to bound memory.
TRIALS_PER_CHUNK = 256


class ImportanceWeighting:
    """Importance weights of source trials for each target of leave-one-subject-out evaluation.

    The features are principal components of tangent vectors, with each domain
    re-centred by its own Riemannian mean. The weights are estimated by uLSIF (Kanamori, Hido and
    Sugiyama, 2009, "A least-squares approach to direct importance estimation", JMLR 10, 1391-1445),
    which is sensitive to more than the means, since these are equal after re-centring. The features
    are the same for all pipelines, so that their weighted scores can be compared.

    Parameters
    ----------
    trials : EEGTrials
        Trials of all subjects (µV).
    random_state : None, int or numpy random generator
        Seed of the folds for the density ratio.
    """

    def __init__(self, trials: EEGTrials, random_state: int = 0) -> None:
        from bci_dann.alignment.shrunk_covariance import shrunk_covariances

        self._trials, self._random_state = trials, random_state
        self._covariances = np.concatenate(
            [
                shrunk_covariances(trials.X[i : i + TRIALS_PER_CHUNK])
                for i in range(0, len(trials), TRIALS_PER_CHUNK)
            ]
        )

    def weights(self, target_subject: str, protocol: str) -> Floats:
        """Return importance weights of all trials, from the target trials that a protocol provides.

        Parameters
        ----------
        target_subject : str
            The target.
        protocol : str
            One of :data:`bci_dann.evaluation.PROTOCOLS`.

        Returns
        -------
        ndarray, shape (n_trials,)
            Weights with mean 1 over the source trials, and 0 for target trials. All source trials
            have weight 1 if fewer than five target trials are available.
        """
        from bci_dann.reweighting import N_FOLDS, weigh_sources

        fold = split(self._trials.metadata, target_subject, protocol, self._trials.y)
        seen = np.sort(np.concatenate([fold.unlabelled, fold.labelled]))
        weights = np.zeros(len(self._trials))
        weights[fold.train] = 1.0
        if len(seen) >= N_FOLDS:
            source, target = self._features(fold.train, seen)
            weights[fold.train] = weigh_sources(
                source, target, DENSITY_RATIO, self._random_state
            ).weights
        return weights

    def _features(self, train: NDArray[np.intp], seen: NDArray[np.intp]) -> tuple[Floats, Floats]:
        from bci_dann.alignment.riemannian import CovarianceRecentring
        from bci_dann.features.tangent_space import reduce_features, tangent_space

        domains, covariances = self._trials.domains, self._covariances
        centring = CovarianceRecentring().fit(covariances[train], domains=domains[train])
        centring.extend(covariances[seen], domains[seen])
        both = np.concatenate([train, seen])
        centred = centring.transform(covariances[both], domains[both])
        vectors = tangent_space()[1:].fit_transform(centred)
        features = reduce_features(vectors, min(N_COMPONENTS, len(seen)))
        return features[: len(train)], features[len(train) :]


def controlled_mean(values: Floats, weights: Floats) -> float:
    """Return the weighted mean with the control variate of You et al. (2019).

    ``mean(w v) + eta (mean(w) - 1)`` with ``eta = -cov(w v, w) / var(w)`` (eqs. 8 to 10): the
    expectation of the weights is 1, and their deviation from it corrects the mean of ``w v`` in
    proportion. If the mean of the weights is exactly 1, it has no effect.

    Parameters
    ----------
    values : ndarray, shape (n_trials,)
        For example 1 for a correct prediction, and 0 for an incorrect one.
    weights : ndarray, shape (n_trials,)
        Importance weights.

    Returns
    -------
    float
        The estimate of the mean of ``values`` under the target's distribution.
    """
    weighted = weights * values
    variance = weights.var()
    if variance == 0:
        return float(weighted.mean())
    eta = -np.mean((weighted - weighted.mean()) * (weights - weights.mean())) / variance
    return float(weighted.mean() + eta * (weights.mean() - 1.0))
