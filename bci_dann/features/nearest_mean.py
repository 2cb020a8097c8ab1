"""The classifier of covariances by their distance to the mean of each class.

Barachant et al. (2012), "Multiclass brain-computer interface classification by Riemannian
geometry", IEEE Trans. Biomed. Eng. 59(4), 920-928.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._compat import pyriemann_module

if TYPE_CHECKING:
    from pyriemann.classification import MDM

__all__ = ["nearest_mean"]


def nearest_mean() -> MDM:
    """Return an unfitted classifier that also predicts with class means read from a file.

    Returns
    -------
    pyriemann.classification.MDM
        Riemannian means and distances.
    """
    model = pyriemann_module("classification").MDM(metric="riemann")
    # `fit` sets these beside what it learns, and predicting needs them
    model._metric_mean = model._metric_dist = "riemann"
    return model
