"""Map of the features of a trained model in two dimensions, for trials of target and sources."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.feature_maps.projection import principal_components, spread_rows
from bci_dann.exceptions import BCIDannWarning

if TYPE_CHECKING:
    from bci_dann.data import EEGTrials

__all__ = ["MAP_ARRAYS", "map_features"]

# Names of the arrays of a map; see `map_features`.
MAP_ARRAYS = ("points", "explained", "subjects", "labels")
# Maximum numbers of trials on a map: of the target, of each source subject, and of all sources.
# More points would overlap too much in a figure.
MAX_TARGET_TRIALS, MAX_TRIALS_OF_A_SOURCE, MAX_SOURCE_TRIALS = 100, 40, 300


def map_features(
    model: Any, trials: EEGTrials, target: str, sources: Sequence[str], name: str
) -> dict[str, NDArray[Any]]:
    """Map the features of a model to two dimensions, for trials of the target and the sources.

    Features are the result of ``model.transform``, the input of its last layer or classifier.

    Parameters
    ----------
    model : TransferClassifier
        Trained with ``target`` as the target subject.
    trials : EEGTrials
        Trials of all subjects (µV). Labels are only passed on to the result.
    target : str
        The target subject.
    sources : sequence of str
        The subjects that the model was trained on.
    name : str
        Name of the model, for a warning.

    Returns
    -------
    dict of str to ndarray
        ``points``, shape (n_points, 2), the first two principal components; ``explained``, shape
        (2,), their shares of the variance; ``subjects`` and ``labels``, shape (n_points,), the
        subject and the true class of each point. Empty if the model has no method ``transform``.

    Warns
    -----
    BCIDannWarning
        When the features cannot be computed or are not finite. The result is then empty.
    """
    if not hasattr(model, "transform") or trials.y is None:
        return {}
    subjects = np.asarray(trials.subjects, dtype=str)
    equal_share = MAX_SOURCE_TRIALS // max(1, len(sources))
    rows = spread_rows(subjects, max(1, min(MAX_TRIALS_OF_A_SOURCE, equal_share)))
    rows[target] = spread_rows(subjects, MAX_TARGET_TRIALS)[target]
    chosen = np.concatenate([rows[name] for name in rows if name in {target, *sources}])
    try:
        features = np.asarray(model.transform(trials[chosen].unlabelled()), dtype=np.float32)
        points, explained = principal_components(features.reshape(len(chosen), -1))
    except Exception as error:  # without a map, the results of the training are still complete
        warnings.warn(
            f"{name}: no map of its features can be drawn in the report: "
            f"{type(error).__name__}: {str(error).partition(chr(10))[0]} Predictions are not "
            "affected.",
            BCIDannWarning,
            stacklevel=2,
        )
        return {}
    labels = np.asarray(trials.y, dtype=str)[chosen]
    return dict(zip(MAP_ARRAYS, (points, explained, subjects[chosen], labels), strict=True))
