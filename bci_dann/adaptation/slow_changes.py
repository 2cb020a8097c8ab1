"""Removal of slow changes of features within a session, without labels.

Two methods are combined: the local mean over the trials around each trial is subtracted, which
tracks one subject, and directions of drift are projected out, which all subjects may share. Strong
drift is looked for before local means are subtracted, since they hide it from the test without
removing all of it. Where cues come in blocks, the classes change slowly, too; then neither is
applied to trials of unknown class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bci_dann._arrays import as_slice
from bci_dann.adaptation.drift_guard import MIN_TRIALS, cues_in_blocks, unlabelled_cues_in_blocks
from bci_dann.features import Subspace, drift_directions, local_deviations, without_directions
from bci_dann.features.drift import without_domain_means
from bci_dann.training import LinearHead

__all__ = ["SlowChanges"]

# Smallest autocovariance of strong drift along a direction, relative to the variance of all
# features. Empirical: in the sessions of MI-OpenBCI, also with 3 or 5 of its channels, all drift is
# weaker.
STRONG_DRIFT = 0.3
# Largest share of the variance along a direction of strong drift, after local means are subtracted,
# that the classes may explain; otherwise the direction is kept. Empirical, on simulated datasets:
# with 3 channels the classes explain up to 20 % along such a direction, and are lost with it.
LARGEST_CLASS_SHARE = 0.025

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SlowChanges:
    """Settings of the removal of slow changes, and what has been learned from trials.

    Parameters
    ----------
    span : float or None
        Standard deviation of the weights of local means (trials); ``None`` subtracts no local
        means.
    remove_drift : bool
        Whether directions of drift are projected out.
    class_means : ndarray, shape (n_classes, n_features)
        Mean features of each class over the labelled trials.
    in_blocks : bool
        Whether the labelled cues come in blocks.
    source_drift : ndarray, shape (n_features, n_directions)
        Directions of drift of the sources, before local means are subtracted; used to test whether
        the cues of a new subject come in blocks.
    directions : ndarray, shape (n_features, n_directions)
        Directions of drift that are projected out.
    n_fitted : int
        Number of them, the first ones, that were learned together with the sources. The others are
        those of the last new subject.
    """

    span: float | None
    remove_drift: bool
    class_means: Floats
    in_blocks: bool
    source_drift: Floats
    directions: Floats
    n_fitted: int = 0

    @classmethod
    def from_sources(
        cls,
        X: NDArray[Any],
        labels: NDArray[np.int64],
        domains: NDArray[np.str_],
        n_classes: int,
        span: float | None,
        remove_drift: bool,
    ) -> SlowChanges:
        """Learn class means and directions of drift from labelled trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_features)
            Features; the trials of each domain in the order of recording.
        labels : ndarray of int, shape (n_trials,)
            Class indices.
        domains : ndarray of str, shape (n_trials,)
            The domain of each trial.
        n_classes : int
            Number of classes, each of which has a trial.
        span : float or None
            Standard deviation of the weights of local means (trials).
        remove_drift : bool
            Whether directions of drift are projected out.

        Returns
        -------
        SlowChanges
            No direction is projected out yet; see :meth:`remove`.
        """
        in_blocks = cues_in_blocks(labels, domains)
        # also with local means alone: the test for blocks in a new subject's cues uses them
        needs_drift = not in_blocks and (remove_drift or span is not None)
        drift = drift_directions(X, domains) if needs_drift else np.empty((X.shape[1], 0))
        class_means = np.stack([X[labels == k].mean(axis=0) for k in range(n_classes)])
        return cls(span, remove_drift, class_means, in_blocks, drift, np.empty((X.shape[1], 0)))

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, NDArray[Any]],
        span: float | None,
        remove_drift: bool,
    ) -> SlowChanges:
        """Restore what :meth:`to_arrays` returned, in this version or in version 0.1.0.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            Those of :meth:`to_arrays`; others are ignored.
        span : float or None
            Standard deviation of the weights of local means (trials).
        remove_drift : bool
            Whether directions of drift are projected out.

        Returns
        -------
        SlowChanges
            Without local means where the model was trained without them. Arrays of earlier
            versions do not tell which directions are those of a new subject; all of them then
            count as learned together with the sources.
        """
        means, drift = arrays["class_means"], arrays["drift"]
        if "source_drift" not in arrays:
            return cls(None, remove_drift, means, not drift.size, drift, drift, drift.shape[1])
        in_blocks = bool(arrays["cues_in_blocks"])
        n_fitted = int(arrays.get("n_fitted_drift", drift.shape[1]))
        return cls(span, remove_drift, means, in_blocks, arrays["source_drift"], drift, n_fitted)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the learned state, for saving.

        Returns
        -------
        dict of str to ndarray
            ``class_means``, ``cues_in_blocks``, ``source_drift``, ``drift`` and
            ``n_fitted_drift``.
        """
        return {
            "class_means": self.class_means,
            "cues_in_blocks": np.array(self.in_blocks),
            "source_drift": self.source_drift,
            "drift": self.directions,
            "n_fitted_drift": np.array(self.n_fitted),
        }

    @property
    def new_directions(self) -> Floats:
        """The directions of drift of the last new subject.

        Returns
        -------
        ndarray, shape (n_features, n_directions)
            Orthonormal columns; none before an adaptation.
        """
        return self.directions[:, self.n_fitted :]

    def in_feature_space(self, subspace: Subspace) -> SlowChanges:
        """Map the state from coordinates in a subspace to the feature space.

        Parameters
        ----------
        subspace : bci_dann.features.Subspace
            The subspace.

        Returns
        -------
        SlowChanges
            With one entry for each feature in its arrays.
        """
        source_drift, directions = (
            np.ascontiguousarray(subspace.vectors(one.T).T)
            for one in (self.source_drift, self.directions)
        )
        return replace(
            self,
            class_means=subspace.vectors(self.class_means),
            source_drift=source_drift,
            directions=directions,
        )

    def remove(
        self,
        X: NDArray[Any],
        labels: NDArray[np.int64],
        domains: NDArray[np.str_],
        is_new: NDArray[np.bool_],
        includes_sources: bool = True,
    ) -> tuple[SlowChanges, Floats]:
        """Remove slow changes from trials of the sources, of a new subject, or of both.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_features)
            Features, not modified; the trials of each domain in the order of recording.
        labels : ndarray of int, shape (n_trials,)
            Class indices, -1 where unknown.
        domains : ndarray of str, shape (n_trials,)
            The domain of each trial.
        is_new : ndarray of bool, shape (n_trials,)
            Which trials are unlabelled trials of a new subject.
        includes_sources : bool
            Whether source trials are among them. Only then strong drift is looked for: in a single
            session of one subject, too much appears strong by chance.

        Returns
        -------
        changes : SlowChanges
            With the directions of drift of these trials added; without source trials, those of an
            earlier new subject are replaced.
        cleaned : ndarray, shape (n_trials, n_features)
            The features without these directions and without local means, in double precision; see
            :func:`~bci_dann.features.local_deviations`. Where cues come in blocks, local means are
            kept.
        """
        # where cues come in blocks, slow changes of trials of unknown class may be the classes
        in_blocks = self.in_blocks or self._seems_in_blocks(X[is_new], domains[is_new])
        removable = ~is_new if in_blocks else np.ones(len(X), dtype=bool)
        cleaned = self._without_local_means(X, labels, domains, removable)
        directions = self.directions if includes_sources else self.directions[:, : self.n_fitted]
        if self.remove_drift and not self.in_blocks and removable.sum() >= MIN_TRIALS:
            rows = as_slice(removable)
            if includes_sources and self.span is not None:
                # subtracted local means hide strong drift, without removing all of it
                strong = self._strong_drift(X[rows], cleaned[rows], domains[rows])
                directions = np.hstack([directions, strong])
            cleaned = without_directions(cleaned, directions)
            other = drift_directions(cleaned[rows], domains[rows])
            directions = np.hstack([directions, other])
        n_fitted = directions.shape[1] if includes_sources else self.n_fitted
        changes = replace(self, directions=directions, n_fitted=n_fitted)
        return changes, without_directions(cleaned, directions)

    def _without_local_means(
        self,
        X: NDArray[Any],
        labels: NDArray[np.int64],
        domains: NDArray[np.str_],
        removable: NDArray[np.bool_],
    ) -> Floats:
        """Return the features, minus local means in the trials that these are removable from."""
        cleaned = np.array(X, dtype=np.float64)
        if self.span is not None:
            for name in np.unique(domains[removable]):
                rows = as_slice(removable & (domains == name))
                cleaned[rows] -= local_deviations(X[rows], domains[rows], self.span, labels[rows])
        return cleaned

    def project_head(self, head: LinearHead) -> LinearHead:
        """Return a head that ignores the directions of drift.

        Parameters
        ----------
        head : LinearHead
            Weights and biases.

        Returns
        -------
        LinearHead
            With weights orthogonal to these directions.
        """
        weights = without_directions(head.weights.numpy().T, self.directions).T
        return head._replace(weights=torch.from_numpy(np.ascontiguousarray(weights)))

    def _strong_drift(
        self, X: NDArray[Any], deviations: Floats, domains: NDArray[np.str_]
    ) -> Floats:
        """Return the directions of strong drift along which the classes hardly differ.

        ``deviations`` are the features ``X`` minus their local means.
        """
        remaining = without_directions(X, self.directions)
        directions = drift_directions(remaining, domains, STRONG_DRIFT)
        variances = (without_domain_means(deviations, domains) @ directions).var(axis=0)
        between_classes = (self.class_means @ directions).var(axis=0)
        return directions[:, between_classes < LARGEST_CLASS_SHARE * variances]

    def _seems_in_blocks(self, X: NDArray[Any], domains: NDArray[np.str_]) -> bool:
        """Test whether a new subject's cues seem to come in blocks; see the drift guard."""
        if len(X) < MIN_TRIALS or not unlabelled_cues_in_blocks(X, domains, self.class_means):
            return False
        # drift due to alertness looks the same: repeat the test without the sources' drift
        reduced = without_directions(X, self.source_drift)
        return unlabelled_cues_in_blocks(reduced, domains, self.class_means)
