"""Fitted scikit-learn steps as arrays, so that they can be saved without pickle.

In scikit-learn, fitted attributes end in an underscore; the numeric ones are sufficient for
prediction.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

__all__ = ["read_steps", "write_steps"]


def write_steps(pipeline: Pipeline) -> dict[str, NDArray[Any]]:
    """Return the fitted numeric attributes of all steps.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        A fitted pipeline.

    Returns
    -------
    dict of str to ndarray
        Arrays with keys ``steps.<step>.<attribute>``.
    """
    return {
        f"steps.{name}.{attribute}": np.asarray(value)
        for name, step in pipeline.steps
        for attribute, value in vars(step).items()
        if _is_learned(attribute, value)
    }


def read_steps(pipeline: Pipeline, arrays: dict[str, NDArray[Any]]) -> Pipeline:
    """Set the fitted attributes of an unfitted pipeline.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        A pipeline with the same parameters as the fitted one; changed in place.
    arrays : dict of str to ndarray
        The result of `write_steps`; other entries are ignored.

    Returns
    -------
    sklearn.pipeline.Pipeline
        ``pipeline``.
    """
    for key, array in arrays.items():
        kind, *rest = key.split(".")
        if kind == "steps":
            step, attribute = rest
            value = array.item() if array.ndim == 0 else array
            setattr(pipeline.named_steps[step], attribute, value)
    return pipeline


def _is_learned(attribute: str, value: Any) -> bool:
    numeric = isinstance(value, (int, float, np.number)) or (
        isinstance(value, np.ndarray) and value.dtype.kind in "biuf"
    )
    return attribute.endswith("_") and not attribute.startswith("_") and numeric
