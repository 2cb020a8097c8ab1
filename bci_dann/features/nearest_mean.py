"""Minimum distance to mean (MDM): covariances classified by the nearest class mean.

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
    """Return an unfitted minimum-distance-to-mean classifier.

    Unlike pyriemann's own, it can predict without a call of ``fit``, with class means that were
    loaded from a file.

    Returns
    -------
    pyriemann.classification.MDM
        With affine-invariant Riemannian means and distances.
    """
    model = pyriemann_module("classification").MDM(metric="riemann")
    # pyriemann 0.12 sets these in `fit`, and `predict` needs them
    model._metric_mean = model._metric_dist = "riemann"
    return model
