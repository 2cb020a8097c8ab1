"""Functions of symmetric positive definite matrices, computed with matrix products only.

ONNX has no eigendecomposition. Inverses and square roots are computed by Newton-Schulz iterations,
logarithms by inverse scaling and squaring (Higham 2008, "Functions of matrices", SIAM, chapters 6,
7 and 11). Every step is scaled to minimise the number of iterations for a given range of
eigenvalues (Chen and Chow 2014, "A stable scaling of Newton-Schulz for improving the sign function
computation of a Hermitian matrix", Argonne preprint ANL/MCS-P5059-0114).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

__all__ = ["inverse", "logarithm", "roots", "sign"]

# The smallest ratio of an eigenvalue to the Frobenius norm for which results are exact. Empirical:
# shrunk and re-centred covariances of EEG trials stay above 1e-5.
SMALLEST = 1e-8

# Number of square roots before the logarithm, and the degree of its polynomial, for errors below
# 1e-10.
N_ROOTS = 4
DEGREE = 14

# Eigenvalues closer to one than this have converged in double precision.
CONVERGED = 1e-13


def inverse(matrices: Tensor) -> Tensor:
    """Return the inverses of a batch of matrices.

    Parameters
    ----------
    matrices : Tensor, shape (batch, n, n)
        Symmetric and positive definite, in double precision.

    Returns
    -------
    Tensor, shape (batch, n, n)
        Exact for condition numbers up to ``1 / SMALLEST``.
    """
    _, root = roots(matrices)
    return root @ root


def roots(matrices: Tensor, smallest: float = SMALLEST) -> tuple[Tensor, Tensor]:
    """Return square roots and inverse square roots of a batch of matrices.

    Parameters
    ----------
    matrices : Tensor, shape (batch, n, n)
        Symmetric and positive definite, in double precision.
    smallest : float
        The smallest ratio of an eigenvalue to the Frobenius norm for which results are exact.

    Returns
    -------
    tuple of Tensor, shape (batch, n, n)
        By the coupled Newton-Schulz iteration.
    """
    norm = _norm(matrices)
    eye = torch.eye(matrices.shape[-1], dtype=matrices.dtype)
    root, inverse_root = matrices / norm, eye
    for scale in _scales(math.sqrt(smallest)):
        step = (1.5 * scale) * eye - (0.5 * scale**3) * (inverse_root @ root)
        root, inverse_root = root @ step, step @ inverse_root
    return root * norm.sqrt(), inverse_root / norm.sqrt()


def sign(matrices: Tensor) -> Tensor:
    """Return the matrix signs of a batch of matrices: eigenvalues are replaced by their signs.

    Parameters
    ----------
    matrices : Tensor, shape (batch, n, n)
        Symmetric and not zero, in double precision.

    Returns
    -------
    Tensor, shape (batch, n, n)
        Exact where no eigenvalue is smaller than ``SMALLEST`` times the Frobenius norm.
    """
    signs = matrices / _norm(matrices)
    for scale in _scales(SMALLEST):
        signs = (1.5 * scale) * signs - (0.5 * scale**3) * (signs @ signs @ signs)
    return signs


def logarithm(matrices: Tensor) -> Tensor:
    """Return the matrix logarithms of a batch of matrices.

    Parameters
    ----------
    matrices : Tensor, shape (batch, n, n)
        Symmetric and positive definite, or zero, in double precision.

    Returns
    -------
    Tensor, shape (batch, n, n)
        Exact for condition numbers up to ``1 / SMALLEST``. Eigenvalues of a zero matrix count as
        the smallest normal number, as in the features.
    """
    norm = _norm(matrices)
    is_zero = norm == 0
    norm = torch.where(is_zero, 1.0, norm)
    root, smallest = matrices / norm, SMALLEST
    for _ in range(N_ROOTS):
        root, other = roots(root, smallest)
        smallest = math.sqrt(smallest)
    centre = math.sqrt(smallest)  # eigenvalues of the root are between its square and one
    sinh = 0.5 * (root / centre - other * centre)
    squared = sinh @ sinh
    eye = torch.eye(matrices.shape[-1], dtype=matrices.dtype)
    series = torch.zeros_like(squared)
    for coefficient in reversed(_asinh_coefficients(smallest)):
        series = squared @ series + coefficient * eye
    of_root = series @ sinh + math.log(centre) * eye
    logarithms = 2.0**N_ROOTS * of_root + torch.log(norm) * eye
    return torch.where(is_zero, math.log(float(np.finfo(np.float64).tiny)) * eye, logarithms)


def _norm(matrices: Tensor) -> Tensor:
    """Return Frobenius norms, shape ``(batch, 1, 1)``; no eigenvalue is larger."""
    return matrices.square().sum(dim=(1, 2), keepdim=True).sqrt()


@cache
def _scales(smallest: float) -> tuple[float, ...]:
    """Return the scale of each step that moves eigenvalues from ``[smallest, 1]`` to one."""
    scales, low = [], smallest
    while 1.0 - low > CONVERGED:
        scale = math.sqrt(3.0 / (1.0 + low + low**2))
        scales.append(scale)
        low = 0.5 * scale * low * (3.0 - (scale * low) ** 2)
    return (*scales, 1.0)


@cache
def _asinh_coefficients(smallest: float) -> tuple[float, ...]:
    """Return the coefficients of a polynomial in ``s`` close to ``asinh(sqrt(s)) / sqrt(s)``.

    It is accurate for ``s = ((x - 1 / x) / 2) ** 2`` with ``x`` between ``sqrt(smallest)`` and its
    inverse.
    """
    longest = (0.5 * (smallest**-0.5 - smallest**0.5)) ** 2
    nodes = 0.5 * longest * (1.0 + np.cos(np.pi * (np.arange(400) + 0.5) / 400))
    values = np.arcsinh(np.sqrt(nodes)) / np.sqrt(nodes)
    fitted = np.polynomial.Chebyshev.fit(nodes, values, DEGREE, domain=[0.0, longest])
    polynomial = fitted.convert(kind=np.polynomial.Polynomial)
    return tuple(float(one) for one in polynomial.coef)
