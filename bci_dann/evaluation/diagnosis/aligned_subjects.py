"""All people under one alignment, each in turn taken as the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._random import stream
from bci_dann.evaluation.diagnosis.interpretation import overlap_level, reweighting_advice

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.data import EEGTrials

__all__ = ["AlignedSubjects"]

Floats = NDArray[np.float64]

UNKNOWN = float("nan")
MEASURES = (
    *("domain_auc", "a_distance", "mmd2", "mmd_p", "source_error"),
    *("ess", "ess_share", "top_share"),
)


class AlignedSubjects:
    """All trials under one alignment, from which each subject in turn is taken as the target.

    Parameters
    ----------
    trials : EEGTrials
        Of all subjects (µV).
    alignment : str or None
        A name in ``bci_dann.components.KINDS["alignment"]``; every session is aligned as if its
        subject were the target.
    n_components : int
        Features that domains are compared by.
    random_state : None, int or numpy random generator
        Seeds folds and permutations.

    Attributes
    ----------
    subjects, sessions : list of str
        In the order of the trials.
    """

    def __init__(
        self, trials: EEGTrials, alignment: str | None, n_components: int, random_state: Any
    ) -> None:
        self.alignment = alignment or "none"
        self.random_state = random_state
        self.owner, self.domain = trials.subjects, trials.domains
        self.subjects, self.sessions = (
            list(dict.fromkeys(names.tolist())) for names in (self.owner, self.domain)
        )
        self.covariances = _covariances(trials, alignment)
        self.features = _features(self.covariances, n_components)
        self.means = _means(self.covariances, self.owner, self.subjects)

    def row(self, subject: str) -> dict[str, Any]:
        """Return the row of a diagnosis' table with this subject as the target.

        Parameters
        ----------
        subject : str
            One of ``subjects``.

        Returns
        -------
        dict
            By column.
        """
        from bci_dann.reweighting import N_FOLDS

        is_target = self.owner == subject
        row: dict[str, Any] = {
            "subject": subject,
            "alignment": self.alignment,
            "n_source": int((~is_target).sum()),
            "n_target": int(is_target.sum()),
        }
        if min(row["n_source"], row["n_target"]) < N_FOLDS:
            row |= dict.fromkeys(MEASURES, UNKNOWN)
        else:
            # principal components are nested: the first few are what fewer would have been
            features = self.features[:, : row["n_target"]]
            state = stream(self.random_state, "diagnosis", self.alignment, subject)
            row |= _measures(features[~is_target], features[is_target], state)
        row |= self._distances(subject)
        row["overlap"] = overlap_level(row)
        row["advice"] = reweighting_advice(row, N_FOLDS)
        return row

    def apart(self) -> pd.DataFrame:
        """Return the distances between subjects, log-Euclidean."""
        return self._square(self.means, self.subjects, "subject")

    def sessions_apart(self) -> pd.DataFrame:
        """Return the distances between sessions, log-Euclidean."""
        means = _means(self.covariances, self.domain, self.sessions)
        return self._square(means, self.sessions, "session")

    def _square(self, means: Floats, names: list[str], what: str) -> pd.DataFrame:
        import pandas as pd
        from pyriemann.geometry.distance import pairwise_distance

        table = pd.DataFrame(pairwise_distance(means, metric="logeuclid"), columns=names)
        table.insert(0, what, names)
        table.insert(0, "alignment", self.alignment)
        return table

    def _distances(self, subject: str) -> dict[str, float]:
        from pyriemann.geometry.distance import distance_logeuclid
        from pyriemann.geometry.mean import mean_logeuclid

        index = self.subjects.index(subject)
        others = mean_logeuclid(np.delete(self.means, index, axis=0))
        own = self.covariances[self.owner == subject]
        halves = [mean_logeuclid(half) for half in np.array_split(own, 2) if len(half)]
        return {
            "distance": float(distance_logeuclid(self.means[index], others)),
            "within_distance": float(distance_logeuclid(*halves)) if len(halves) == 2 else UNKNOWN,
        }


def _covariances(trials: EEGTrials, alignment: str | None) -> Floats:
    """Return each trial's shrunk covariance, aligned as if its subject were the target."""
    from bci_dann.components import resolve
    from bci_dann.features.shrunk_covariance import shrunk_covariances

    n_chans = trials.X.shape[1]
    found = np.empty((len(trials), n_chans, n_chans))
    # a subject at a time: an aligned copy of all trials need not fit in memory
    for subject in np.unique(trials.subjects):
        own = np.flatnonzero(trials.subjects == subject)
        X, domains = np.asarray(trials.X[own]), trials.domains[own]
        centring = resolve("alignment", alignment)
        if centring is not None:
            # `extend` is what a target goes through: sessions of few trials lean on the others
            X = centring.fit(X, domains=domains).extend(X, domains).transform(X, domains)
        found[own] = shrunk_covariances(X)
    return found


def _features(covariances: Floats, n_components: int) -> Floats:
    """Return what the domain classifier sees; sources and target together are always all trials."""
    from bci_dann.features.tangent_space import reduced, tangent_space

    return reduced(tangent_space()[1:].fit_transform(covariances), n_components)


def _measures(source: Floats, target: Floats, random_state: Any) -> dict[str, float]:
    from bci_dann.reweighting import (
        domain_errors,
        maximum_mean_discrepancy,
        proxy_a_distance,
        top_share,
        weigh_sources,
    )

    weighed = weigh_sources(source, target, "logistic", random_state)
    errors = domain_errors(source, target, random_state)
    mmd2, p_value = maximum_mean_discrepancy(source, target, random_state=random_state)
    return {
        "domain_auc": weighed.domain_auc,
        "a_distance": proxy_a_distance(sum(errors) / 2),
        "mmd2": mmd2,
        "mmd_p": p_value,
        "source_error": errors[0],
        "ess": weighed.effective_sample_size,
        "ess_share": weighed.effective_sample_size / len(source),
        "top_share": top_share(weighed.weights),
    }


def _means(covariances: Floats, groups: NDArray[np.str_], names: Sequence[str]) -> Floats:
    from pyriemann.geometry.mean import mean_logeuclid

    return np.stack([mean_logeuclid(covariances[groups == name]) for name in names])
