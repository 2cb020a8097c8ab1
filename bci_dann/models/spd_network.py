"""SPDNet: a network on covariances, with bilinear layers and the matrix logarithm.

Huang and Van Gool (2017), "A Riemannian network for SPD matrix learning", AAAI 31(1), 2036-2042.
Ionescu, Vantzos and Sminchisescu (2015), "Matrix backpropagation for deep networks with structured
layers", ICCV, 2965-2973: the gradient of the matrix logarithm.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bci_dann.exceptions import ConfigError

__all__ = ["SPDNet", "matrix_logarithm"]

# Eigenvalues below this count as equal to it, like the rectification of Huang and Van Gool (2017):
# re-centred covariances have eigenvalues around 1.
LEAST_EIGENVALUE = 1e-4
# Eigenvalues closer than this share of the larger one count as equal in the gradient.
EQUAL = 1e-4


class SPDNet(nn.Module):
    """A bilinear layer that reduces covariances, the matrix logarithm, and its upper triangle.

    The layers BiMap, ReEig and LogEig of [1]_: ``log(W' C W)``, where eigenvalues below ``1e-4``
    are replaced by it. ``W`` starts orthonormal, and is not constrained to remain so. A linear head
    on these features is a linear classifier in the tangent space at the identity, of matrices that
    spatial and, with delayed copies of the channels, temporal filters have reduced.

    Parameters
    ----------
    width : int
        Rows and columns of the covariances.
    n_filters : int
        Columns of ``W``, which are spatial filters; not more than ``width``.

    See Also
    --------
    bci_dann.features.CovarianceAlignment : Turns trials into re-centred covariances.

    References
    ----------
    .. [1] Huang, Z. and Van Gool, L. (2017). A Riemannian network for SPD matrix learning. AAAI
       31(1), 2036-2042. doi:10.1609/aaai.v31i1.10866.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.models import SPDNet
    >>> covariances = torch.eye(6).expand(4, 6, 6)
    >>> SPDNet(6, n_filters=3)(covariances).shape
    torch.Size([4, 6])
    """

    replayable = False  # torch.linalg.eigh waits for the GPU, which a CUDA graph cannot contain
    _places: Tensor
    _scale: Tensor

    def __init__(self, width: int, n_filters: int = 24) -> None:
        super().__init__()
        n_filters = min(n_filters, width)
        self.weight = nn.Parameter(nn.init.orthogonal_(torch.empty(width, n_filters)))
        rows, columns = torch.triu_indices(n_filters, n_filters)
        # not saved with the weights: they follow from the number of filters
        self.register_buffer("_places", rows * n_filters + columns, persistent=False)
        scale = torch.where(rows == columns, 1.0, 2.0**0.5)  # keeps the norm of the matrix
        self.register_buffer("_scale", scale, persistent=False)

    def forward(self, X: Tensor) -> Tensor:
        """Map covariances to features.

        Parameters
        ----------
        X : Tensor, shape (batch, width, width)
            Symmetric and positive semi-definite.

        Returns
        -------
        Tensor, shape (batch, n_filters * (n_filters + 1) / 2)
            Upper triangles of the logarithms; off-diagonal entries times the square root of 2.
        """
        logarithms = matrix_logarithm(self.weight.T @ X @ self.weight)
        return logarithms.flatten(-2).index_select(-1, self._places) * self._scale


def spd_network(n_chans: int, n_times: int, n_filters: int = 24) -> SPDNet:
    """Return an SPDNet for aligned trials, which must be covariances.

    Parameters
    ----------
    n_chans, n_times : int
        Shape of an aligned trial; equal for covariances.
    n_filters : int
        See :class:`SPDNet`.

    Returns
    -------
    SPDNet
        With random weights, from torch's global generator.

    Raises
    ------
    ConfigError
        When trials are not square matrices.
    """
    if n_chans != n_times:
        raise ConfigError(
            f"backbone 'SPDNet' needs covariances; got trials of shape ({n_chans}, {n_times}). Set "
            "alignment='covariance', which replaces each trial by its re-centred covariance."
        )
    return SPDNet(n_chans, n_filters)


class _MatrixLogarithm(torch.autograd.Function):
    """The logarithm of symmetric matrices, with a gradient that exists at equal eigenvalues."""

    generate_vmap_rule = True

    @staticmethod
    def forward(matrices: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        # the decomposition fails for NaN, which a diverging training must show in its loss instead
        is_finite = matrices.isfinite().all(-1).all(-1)[..., None, None]
        identity = torch.eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)
        values, vectors = torch.linalg.eigh(torch.where(is_finite, matrices, identity))
        logarithms = values.clamp_min(LEAST_EIGENVALUE).log()
        result = (vectors * logarithms[..., None, :]) @ vectors.mT
        return torch.where(is_finite, result, torch.nan), values, vectors

    @staticmethod
    def setup_context(
        ctx: Any,
        inputs: tuple[Tensor],  # noqa: ARG004
        output: tuple[Tensor, Tensor, Tensor],
    ) -> None:
        _, values, vectors = output
        ctx.mark_non_differentiable(values, vectors)
        ctx.save_for_backward(values, vectors)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        values, vectors = ctx.saved_tensors
        rotated = vectors.mT @ grads[0] @ vectors
        gradient: Tensor = vectors @ (_divided_differences(values) * rotated) @ vectors.mT
        return (gradient + gradient.mT) / 2


def _divided_differences(values: Tensor) -> Tensor:
    """Return ``(log a - log b) / (a - b)`` for pairs of eigenvalues; the derivative at a = b."""
    floored = values.clamp_min(LEAST_EIGENVALUE)
    logarithms = floored.log()
    difference = values[..., :, None] - values[..., None, :]
    larger = torch.maximum(floored[..., :, None], floored[..., None, :])
    are_equal = difference.abs() <= EQUAL * larger
    slopes = (values > LEAST_EIGENVALUE) / floored
    mean_slope = (slopes[..., :, None] + slopes[..., None, :]) / 2
    quotient = (logarithms[..., :, None] - logarithms[..., None, :]) / torch.where(
        are_equal, torch.ones_like(difference), difference
    )
    return torch.where(are_equal, mean_slope, quotient)


def matrix_logarithm(matrices: Tensor) -> Tensor:
    """Return the logarithms of symmetric matrices.

    Parameters
    ----------
    matrices : Tensor, shape (..., width, width)
        Symmetric; eigenvalues below ``1e-4`` count as ``1e-4``.

    Returns
    -------
    Tensor, shape (..., width, width)
        Symmetric. The gradient is that of Daleckii and Krein, also where eigenvalues are equal.

    See Also
    --------
    SPDNet : The network that uses it.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.models.spd_network import matrix_logarithm
    >>> matrix_logarithm(torch.tensor([[1.0, 0.0], [0.0, 1.0]])).abs().max()
    tensor(0.)
    """
    logarithms: Tensor = _MatrixLogarithm.apply(matrices)[0]  # type: ignore[no-untyped-call]
    return logarithms
