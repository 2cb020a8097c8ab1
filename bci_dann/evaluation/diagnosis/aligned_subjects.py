"""Distances and domain shift between each subject and the others, for one alignment."""

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

NAN = float("nan")
# Columns that a cross-validated domain classifier is needed for; NaN with too few trials of source
# or target.
MEASURES = (
    *("domain_auc", "a_distance", "mmd2", "mmd_p", "source_error"),
    *("ess", "ess_share", "top_share"),
)


class AlignedSubjects:
    """Covariances and features of all trials after one alignment, to compare subjects.

    Parameters
    ----------
    trials : EEGTrials
        Trials of all subjects (µV).
    alignment : str or None
        A name in ``bci_dann.components.KINDS["alignment"]``. Every session is aligned in the way
        in which a session of the target is.
    n_components : int
        Number of features by which domains are compared.
    random_state : None, int or numpy random generator
        Seeds folds and permutations.

    Attributes
    ----------
    subjects, sessions : list of str
        Names in the order of the trials.
    """

    def __init__(
        self, trials: EEGTrials, alignment: str | None, n_components: int, random_state: Any
    ) -> None:
        self.alignment = alignment or "none"
        self.random_state = random_state
        self._subject_of, self._session_of = trials.subjects, trials.domains
        self.subjects, self.sessions = (
            list(dict.fromkeys(names.tolist())) for names in (self._subject_of, self._session_of)
        )
        self._covariances = _covariances(trials, alignment)
        self._features = _features(self._covariances, n_components)
        self._means = _means(self._covariances, self._subject_of, self.subjects)

    def row(self, subject: str) -> dict[str, Any]:
        """Return the row of a diagnosis's table with this subject as the target.

        Parameters
        ----------
        subject : str
            One of ``subjects``.

        Returns
        -------
        dict
            Values by column; see :class:`bci_dann.evaluation.Diagnosis`.
        """
        from bci_dann.reweighting import N_FOLDS

        is_target = self._subject_of == subject
        row: dict[str, Any] = {
            "subject": subject,
            "alignment": self.alignment,
            "n_source": int((~is_target).sum()),
            "n_target": int(is_target.sum()),
        }
        if min(row["n_source"], row["n_target"]) < N_FOLDS:
            row |= dict.fromkeys(MEASURES, NAN)
        else:
            # at most as many principal components as target trials; the first components do not
            # depend on the number of computed ones
            features = self._features[:, : row["n_target"]]
            state = stream(self.random_state, "diagnosis", self.alignment, subject)
            row |= _measures(features[~is_target], features[is_target], state)
        row |= self._distances(subject)
        row["overlap"] = overlap_level(row)
        row["advice"] = reweighting_advice(row, N_FOLDS)
        return row

    def subject_distances(self) -> pd.DataFrame:
        """Return the log-Euclidean distances between the subjects' mean covariances.

        Returns
        -------
        pandas.DataFrame
            ``alignment``, ``subject`` and one column for each subject (log units).
        """
        return self._distance_table(self._means, self.subjects, "subject")

    def session_distances(self) -> pd.DataFrame:
        """Return the log-Euclidean distances between the sessions' mean covariances.

        Returns
        -------
        pandas.DataFrame
            ``alignment``, ``session`` and one column for each session (log units).
        """
        means = _means(self._covariances, self._session_of, self.sessions)
        return self._distance_table(means, self.sessions, "session")

    def _distance_table(self, means: Floats, names: list[str], label: str) -> pd.DataFrame:
        import pandas as pd
        from pyriemann.geometry.distance import pairwise_distance

        table = pd.DataFrame(pairwise_distance(means, metric="logeuclid"), columns=names)
        table.insert(0, label, names)
        table.insert(0, "alignment", self.alignment)
        return table

    def _distances(self, subject: str) -> dict[str, float]:
        from pyriemann.geometry.distance import distance_logeuclid
        from pyriemann.geometry.mean import mean_logeuclid

        index = self.subjects.index(subject)
        others = mean_logeuclid(np.delete(self._means, index, axis=0))
        covariances = self._covariances[self._subject_of == subject]
        halves = [mean_logeuclid(half) for half in np.array_split(covariances, 2) if len(half)]
        return {
            "distance": float(distance_logeuclid(self._means[index], others)),
            "within_distance": float(distance_logeuclid(*halves)) if len(halves) == 2 else NAN,
        }


def _covariances(trials: EEGTrials, alignment: str | None) -> Floats:
    """Return each trial's shrunk covariance, aligned in the way in which the target is."""
    from bci_dann.alignment.shrunk_covariance import shrunk_covariances
    from bci_dann.components import resolve

    n_chans = trials.X.shape[1]
    covariances = np.empty((len(trials), n_chans, n_chans))
    # one subject at a time, because an aligned copy of all trials may not fit in memory
    for subject in np.unique(trials.subjects):
        rows = np.flatnonzero(trials.subjects == subject)
        X, domains = np.asarray(trials.X[rows]), trials.domains[rows]
        aligner = resolve("alignment", alignment)
        if aligner is not None:
            # `extend` aligns a target: references of short sessions are shrunk towards the others
            X = aligner.fit(X, domains=domains).extend(X, domains).transform(X, domains)
        covariances[rows] = shrunk_covariances(X)
    return covariances


def _features(covariances: Floats, n_components: int) -> Floats:
    """Return the features of the domain classifier, computed from all trials together."""
    from bci_dann.features.tangent_space import reduce_features, tangent_space

    return reduce_features(tangent_space()[1:].fit_transform(covariances), n_components)


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
