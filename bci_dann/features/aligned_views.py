"""Tangent vectors of signals that a user-defined alignment has aligned."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bci_dann.alignment.interface import Alignment, checked_transform
from bci_dann.features.tangent_views import TangentViews

__all__ = ["AlignedViews"]


class AlignedViews(Alignment):
    """A user-defined alignment of the signals, followed by tangent vectors of several views.

    The alignment treats each domain separately; the tangent vectors have one reference for all.

    Parameters
    ----------
    first : Alignment
        Unfitted alignment of the signals; it must keep the shape ``(n_trials, n_chans, n_times)``.
    views : TangentViews
        Unfitted, with ``mean=None``.

    See Also
    --------
    TangentViews : Tangent vectors with re-centring of their own.
    bci_dann.RiemannianClassifier : Uses it with a user-defined alignment.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.alignment import EuclideanAlignment
    >>> from bci_dann.features import AlignedViews, TangentViews
    >>> X = np.random.default_rng(0).normal(0, 10, (20, 3, 128)).astype(np.float32)
    >>> views = TangentViews(None, n_windows=1, n_delays=1)
    >>> AlignedViews(EuclideanAlignment(), views).fit(X).transform(X).shape
    (20, 6)
    """

    def __init__(self, first: Alignment, views: TangentViews) -> None:
        self.first = first
        self.views = views
        self.takes_rest = first.takes_rest

    def fit(self, X: NDArray[Any], domains: ArrayLike | None = None, **rest: Any) -> Self:
        """Fit the alignment, and the views to the aligned signals.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Source trials (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial.
        **rest : object
            Rest windows, for an alignment that takes them; see :class:`Alignment`.

        Returns
        -------
        AlignedViews
            ``self``.
        """
        self.first.cache = self.views.cache = self.cache
        self.first.fit(X, domains, **rest)
        self.views.fit(self._aligned(X, domains), domains)
        return self

    def extend(self, X: NDArray[Any], domains: ArrayLike | None = None, **rest: Any) -> Self:
        """Extend the alignment; the views have no references for single domains.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials of the new domains (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial.
        **rest : object
            Rest windows, for an alignment that takes them; see :class:`Alignment`.

        Returns
        -------
        AlignedViews
            ``self``.
        """
        self.first.extend(X, domains, **rest)
        return self

    @property
    def is_incremental(self) -> bool:
        """Whether the alignment can be updated; see :meth:`Alignment.update`."""
        return self.first.is_incremental

    def update(self, X: NDArray[Any], domain: str) -> Self:
        """Move the reference of the alignment by one trial.

        Parameters
        ----------
        X : ndarray, shape (1, n_chans, n_times)
            The next trial (µV).
        domain : str
            Its domain.

        Returns
        -------
        AlignedViews
            ``self``.
        """
        self.first = copy.copy(self.first).update(X, domain)
        return self

    def transform(self, X: NDArray[Any], domains: ArrayLike | None = None) -> NDArray[Any]:
        """Return the tangent vectors of aligned trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial.

        Returns
        -------
        ndarray, shape (n_trials, n_features)
            Float32, without unit.
        """
        return self.views.transform(self._aligned(X, domains), domains)

    def shape_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the features of one trial.

        Parameters
        ----------
        shape : tuple of int
            ``(n_chans, n_times)``.

        Returns
        -------
        tuple of int
            ``(n_features,)``.
        """
        return self.views.shape_of(self.first.shape_of(shape))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state of the alignment and of the views, for saving.

        Returns
        -------
        dict of str to ndarray
            With the prefixes ``first.`` and ``views.``.
        """
        arrays = {f"first.{name}": array for name, array in self.first.to_arrays().items()}
        return {**arrays, **{f"views.{k}": v for k, v in self.views.to_arrays().items()}}

    def from_arrays(self, domains: list[str], arrays: dict[str, NDArray[Any]]) -> Self:
        """Restore what :meth:`to_arrays` returned.

        Parameters
        ----------
        domains : list of str
            The domains in the order in which they were learned.
        arrays : dict of str to ndarray
            As :meth:`to_arrays` returned them.

        Returns
        -------
        AlignedViews
            ``self``.
        """
        for part, prefix, names in ((self.first, "first.", domains), (self.views, "views.", [""])):
            saved = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
            part.from_arrays(names, saved)
        return self

    def _aligned(self, X: NDArray[Any], domains: ArrayLike | None) -> NDArray[np.float32]:
        return np.asarray(checked_transform(self.first, X, domains), dtype=np.float32)
