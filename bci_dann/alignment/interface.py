"""The interface of alignments: references of domains, and trials transformed by them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bci_dann.alignment.result_cache import ResultCache
from bci_dann.exceptions import ConfigError

__all__ = ["Alignment", "check_finite", "checked_transform"]


class Alignment(ABC):
    """Removes what is known to differ between domains, before anything is learned.

    A subclass is one of the open parts of every method: ``alignment="module:Class"``, or an
    instance. It is fitted to the source domains, extended by the domains of the target, and then
    transforms trials of either. An estimator works on a fresh copy, so the instance that a user
    gives stays unfitted.

    Trials are float32 ``(n_trials, n_chans, n_times)`` in microvolt; domains are strings,
    ``"subject/session"``.

    Attributes
    ----------
    cache : ResultCache or None
        Where an estimator lets an alignment keep what it computes of the trials of a domain; see
        :func:`~bci_dann.alignment.result_cache.cached`. Not a parameter, and not saved.
    takes_rest : bool
        Whether an estimator is to hand rest windows to :meth:`fit` and :meth:`extend`, too, as the
        arguments ``rest``, shape ``(n_windows, n_chans, n_rest_times)`` (µV), and
        ``rest_domains``, shape ``(n_windows,)``. False unless a subclass says more.

    See Also
    --------
    EuclideanAlignment : Re-centring by the arithmetic mean of covariances.
    Recentring : A base for alignments with one reference for each domain.
    bci_dann.resolve : How methods find an alignment.

    Examples
    --------
    Channels of variance 1, by the standard deviations of all source domains:

    >>> import numpy as np
    >>> from bci_dann.alignment import Alignment
    >>> class UnitVariance(Alignment):
    ...     def fit(self, X, domains=None):
    ...         self.scale_ = X.std(axis=(0, 2))[:, None]
    ...         return self
    ...
    ...     def extend(self, X, domains=None):
    ...         return self
    ...
    ...     def transform(self, X, domains=None):
    ...         return (X / self.scale_).astype(np.float32)
    ...
    ...     def to_arrays(self):
    ...         return {"scale": self.scale_}
    ...
    ...     def from_arrays(self, domains, arrays):
    ...         self.scale_ = arrays["scale"]
    ...         return self
    >>> X = np.random.default_rng(0).normal(0, 10, (20, 3, 128))
    >>> float(UnitVariance().fit(X).transform(X).std().round(3))
    1.0
    """

    cache: ResultCache | None = None
    takes_rest: bool = False

    @property
    def follows(self) -> bool:
        """Whether :meth:`follow` learns from trials one after another; no by default.

        An estimator then keeps the last hundred trials of a new subject, and calls :meth:`extend`
        with them for each trial that passes.
        """
        return False

    @abstractmethod
    def fit(self, X: NDArray[Any], domains: ArrayLike | None = None) -> Self:
        """Learn the references of the source domains.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Source trials (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial; one domain for all where it is not given.

        Returns
        -------
        Alignment
            ``self``.
        """

    @abstractmethod
    def extend(self, X: NDArray[Any], domains: ArrayLike | None = None) -> Self:
        """Learn the references of further domains, such as the target's, and keep the others.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials of the new domains (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial.

        Returns
        -------
        Alignment
            ``self``.
        """

    def follow(self, X: NDArray[Any], domain: str) -> Self:
        """Move the reference of a domain by one trial, in constant time and memory.

        A subclass that implements it says so in :attr:`follows`. It leaves the references that it
        has in place, and sets attributes anew: copies of an alignment share them.

        Parameters
        ----------
        X : ndarray, shape (1, n_chans, n_times)
            The next trial (µV).
        domain : str
            Its domain, ``"subject/session"``. A new one leans on that before it, and the first on
            the sources.

        Returns
        -------
        Alignment
            ``self``.
        """
        raise NotImplementedError

    @abstractmethod
    def transform(self, X: NDArray[Any], domains: ArrayLike | None = None) -> NDArray[Any]:
        """Align trials by the references that were learned.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial. A domain that was never seen, and trials without domain,
            need a reference too: that of the last domains learned, say.

        Returns
        -------
        ndarray, shape (n_trials, ...)
            Finite; each trial has the shape that :meth:`shape_of` promises.
        """

    @abstractmethod
    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learned as arrays, to be saved.

        Returns
        -------
        dict of str to ndarray
            Without the names of the domains, which the estimator keeps.
        """

    @abstractmethod
    def from_arrays(self, domains: list[str], arrays: dict[str, NDArray[Any]]) -> Self:
        """Restore what :meth:`to_arrays` returned.

        Parameters
        ----------
        domains : list of str
            The domains in the order in which they were learned: those of one call of
            :meth:`fit` or :meth:`extend` sorted by name, call after call, each once.
        arrays : dict of str to ndarray
            As :meth:`to_arrays` returned them.

        Returns
        -------
        Alignment
            ``self``.
        """

    def shape_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of one aligned trial; the trial's own unless a subclass says more.

        Parameters
        ----------
        shape : tuple of int
            Shape of a trial, ``(n_chans, n_times)``.

        Returns
        -------
        tuple of int
            Shape of a trial after :meth:`transform`.
        """
        return shape

    def transform_into(
        self, X: NDArray[Any], domains: ArrayLike | None, out: NDArray[np.float32]
    ) -> None:
        """Write aligned trials into an array; a subclass may save memory here.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials (µV).
        domains : array-like of str, shape (n_trials,), or None
            The domain of each trial.
        out : ndarray, shape (n_trials, ...)
            Where to write.
        """
        out[...] = checked_transform(self, X, domains)


def checked_transform(
    alignment: Alignment, X: NDArray[Any], domains: ArrayLike | None
) -> NDArray[Any]:
    """Align trials, and check that the result is what the interface promises.

    Parameters
    ----------
    alignment : Alignment
        Fitted.
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).
    domains : array-like of str, shape (n_trials,), or None
        The domain of each trial.

    Returns
    -------
    ndarray, shape (n_trials, ...)
        Finite, of the shape that is promised.

    Raises
    ------
    ConfigError
        Naming the class, what it must return, and what came.
    """
    aligned = np.asarray(alignment.transform(X, domains))
    expected = (len(X), *alignment.shape_of(X.shape[1:]))
    if aligned.shape != expected:
        raise _broken(alignment, f"trials of shape {expected}", f"shape {aligned.shape}")
    check_finite(alignment, aligned)
    return aligned


def check_finite(alignment: Alignment, aligned: NDArray[Any]) -> None:
    """Raise unless aligned trials are finite.

    Parameters
    ----------
    alignment : Alignment
        What has aligned them.
    aligned : ndarray, shape (n_trials, ...)
        Aligned trials.

    Raises
    ------
    ConfigError
        Saying how many are not.
    """
    if not np.isfinite(aligned.sum(dtype=np.float64)) and not np.isfinite(aligned).all():
        n_bad = int((~np.isfinite(aligned)).reshape(len(aligned), -1).any(axis=1).sum())
        raise _broken(alignment, "finite values", f"{n_bad} trials with NaN or infinity")


def _broken(alignment: Alignment, expected: str, got: str) -> ConfigError:
    name = type(alignment).__name__
    return ConfigError(f"alignment {name}: transform must return {expected}; got {got}.")
