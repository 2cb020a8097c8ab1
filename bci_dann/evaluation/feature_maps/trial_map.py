"""Map of trials in two dimensions before and after re-centring, a file of a results folder."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.array_file import read_array_file, write_array_file
from bci_dann.evaluation.feature_maps.projection import principal_components, spread_rows

if TYPE_CHECKING:
    from bci_dann.data import EEGTrials

__all__ = ["MAP_FILE", "FeatureMap", "map_trials", "read_feature_map", "write_feature_map"]

MAP_FILE = "feature_map.npz"
# Maximum number of trials of each subject on the map, evenly spaced over its recordings. It is
# reduced if there are many subjects, to a total of at most MAX_TRIALS, but not below the minimum.
MAX_TRIALS_OF_A_SUBJECT, MIN_TRIALS_OF_A_SUBJECT, MAX_TRIALS = 40, 8, 1200


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """Trials as points in two dimensions, before and after re-centring of each session.

    Attributes
    ----------
    before, after : ndarray, shape (n_points, 2)
        The first two principal components of the logarithms of the trials' covariances.
    explained : ndarray, shape (2, 2)
        Share of the variance that each component explains; the first row before, the second after.
    subjects, labels : ndarray of str, shape (n_points,)
        Subject and true class of each point. The map is computed without labels.
    data_key : str
        Key of the prepared trials.
    """

    before: NDArray[np.float32]
    after: NDArray[np.float32]
    explained: NDArray[np.float32]
    subjects: NDArray[np.str_]
    labels: NDArray[np.str_]
    data_key: str


def map_trials(trials: EEGTrials, data_key: str) -> FeatureMap:
    """Map trials to two dimensions, before and after re-centring, without their labels.

    Covariances are whitened by their mean over all trials (before), or by that of their subject
    and session (after, Euclidean alignment), and their logarithms reduced to two dimensions by
    principal component analysis.

    Parameters
    ----------
    trials : EEGTrials
        Prepared trials of all subjects (µV).
    data_key : str
        Key of the prepared trials.

    Returns
    -------
    FeatureMap
        Points for at most 40 trials of each subject.
    """
    from bci_dann.alignment.shrunk_covariance import shrunk_covariances

    n_subjects = len(np.unique(trials.subjects))
    equal_share = max(MIN_TRIALS_OF_A_SUBJECT, MAX_TRIALS // n_subjects)
    rows = spread_rows(trials.subjects, min(MAX_TRIALS_OF_A_SUBJECT, equal_share))
    covariances = np.concatenate(
        [shrunk_covariances(np.asarray(trials.X[own])) for own in rows.values()]
    )
    chosen = np.concatenate(list(rows.values()))
    domains = trials.domains[chosen]
    vectors = _recentred_vectors(covariances)
    before, explained_before = principal_components(vectors)
    for domain in np.unique(domains):
        own = domains == domain
        vectors[own] = _recentred_vectors(covariances[own])
    after, explained_after = principal_components(vectors)
    return FeatureMap(
        before,
        after,
        np.stack([explained_before, explained_after]),
        trials.subjects[chosen],
        np.asarray(trials.y, dtype=str)[chosen],
        data_key,
    )


def write_feature_map(folder: Path, trials: EEGTrials, data_key: str) -> None:
    """Write ``feature_map.npz``, unless the folder already has the map of these trials.

    Parameters
    ----------
    folder : pathlib.Path
        A results folder.
    trials : EEGTrials
        All prepared trials (µV).
    data_key : str
        Key of the prepared trials.

    Raises
    ------
    ResultsError
        When the file cannot be written.
    """
    known = read_feature_map(folder)
    if trials.y is None or (known is not None and known.data_key == data_key):
        return
    write_array_file(folder / MAP_FILE, vars(map_trials(trials, data_key)))


def read_feature_map(folder: Path) -> FeatureMap | None:
    """Read ``feature_map.npz``.

    Parameters
    ----------
    folder : pathlib.Path
        A results folder.

    Returns
    -------
    FeatureMap or None
        ``None`` if there is no file, as in folders of earlier versions, or if it is damaged.
    """
    arrays = read_array_file(folder / MAP_FILE)
    if arrays is None or set(arrays) != {field.name for field in fields(FeatureMap)}:
        return None
    data_key = str(arrays.pop("data_key"))
    return FeatureMap(**arrays, data_key=data_key)


def _recentred_vectors(covariances: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the logarithms of covariances that were whitened by their mean, as vectors."""
    from bci_dann.alignment.whitening import inverse_square_root
    from bci_dann.features.tangent_vectors import tangent_vectors

    mean = covariances.mean(axis=0)
    return tangent_vectors([covariances], [mean], [inverse_square_root(mean)])
