"""The interface of alignments: learn a reference for each domain, then transform its trials."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bci_dann.alignment.result_cache import ResultCache
from bci_dann.exceptions import ConfigError

__all__ = ["Alignment", "check_finite", "checked_transform", "read_only_trials"]


class Alignment(ABC):
    """Removes known differences between domains before anything is learned.

    Every method accepts a subclass as its ``alignment``, given as ``"module:Class"`` or as an
    instance. It is fitted to the source domains, extended by the domains of the target, and then
    transforms trials of both. An estimator works on a copy, so the instance that a user gives
    stays unfitted.

    Trials are float32 ``(n_trials, n_chans, n_times)`` in microvolt, and read-only, since they are
    those of the user; domains are strings, ``"subject/session"``.

    Attributes
    ----------
    cache : ResultCache or None
        Set by an estimator, for results that are computed from the trials of a domain and may be
        needed again; see :func:`~bci_dann.alignment.result_cache.cached`. Neither a parameter
        nor saved.
    takes_rest : bool
        Whether an estimator also passes rest windows to :meth:`fit` and :meth:`extend`, as the
        arguments ``rest``, shape ``(n_windows, n_chans, n_rest_times)`` (µV), and
        ``rest_domains``, shape ``(n_windows,)``. False by default.
    returns_covariances : bool
        Whether aligned trials are covariances instead of signals. Only networks on covariances
        accept these, and do not standardise them, since they must remain positive definite. False
        by default.

    See Also
    --------
    EuclideanAlignment : Re-centring by the arithmetic mean of covariances.
    Recentring : Base class of alignments with one reference matrix for each domain.
    bci_dann.resolve : How methods find an alignment.

    Examples
    --------
    Divide each channel by its standard deviation over all source domains:

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
    returns_covariances: bool = False

    @property
    def is_incremental(self) -> bool:
        """Whether :meth:`update` is implemented; False by default.

        Without it, an estimator keeps the last hundred trials of a new subject, and calls
        :meth:`extend` with them after each new trial.
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

    def update(self, X: NDArray[Any], domain: str) -> Self:
        """Move the reference of a domain by one trial, in constant time and memory.

        A subclass that implements it returns True in :attr:`is_incremental`. It must assign new
        attributes instead of changing arrays in place, since copies of an alignment share them.

        Parameters
        ----------
        X : ndarray, shape (1, n_chans, n_times)
            The next trial (µV).
        domain : str
            Its domain, ``"subject/session"``. The reference of a new domain starts from that of the
            previous domain, the first one from the sources.

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
            The domain of each trial. Trials of an unseen domain, and trials without
            a domain, need a reference, too, for example that of the domains learned last.

        Returns
        -------
        ndarray, shape (n_trials, ...)
            Finite; each trial has the shape that :meth:`shape_of` returns. Converted to float32.
        """

    @abstractmethod
    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the learned state as arrays, for saving.

        Returns
        -------
        dict of str to ndarray
            Without the names of the domains, which the estimator saves.
        """

    @abstractmethod
    def from_arrays(self, domains: list[str], arrays: dict[str, NDArray[Any]]) -> Self:
        """Restore what :meth:`to_arrays` returned.

        Parameters
        ----------
        domains : list of str
            The domains in the order in which they were learned, each once. Domains of the same
            call of :meth:`fit` or :meth:`extend` are sorted by name.
        arrays : dict of str to ndarray
            As :meth:`to_arrays` returned them.

        Returns
        -------
        Alignment
            ``self``.
        """

    def shape_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of one aligned trial; by default that of the trial itself.

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
        """Write aligned trials into an array; a subclass may override it to save memory.

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
    """Align trials, and check that the result has the shape and values that the interface demands.

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
        Finite, float32, of the shape that ``alignment.shape_of`` returns.

    Raises
    ------
    ConfigError
        With the class, what it must return, and what it returned.
    """
    with read_only_trials(alignment, X) as trials:
        aligned = np.asarray(alignment.transform(trials, domains))
    expected = (len(X), *alignment.shape_of(X.shape[1:]))
    if aligned.shape != expected:
        raise _broken(alignment, f"trials of shape {expected}", f"shape {aligned.shape}")
    if not np.can_cast(aligned.dtype, np.float32, "same_kind"):
        raise _broken(alignment, "real numbers", f"values of type {aligned.dtype}")
    with np.errstate(over="ignore"):  # what is too large becomes infinite
        aligned = aligned.astype(np.float32, copy=False)
    check_finite(alignment, aligned)
    return aligned


@contextmanager
def read_only_trials(alignment: Alignment, X: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Provide trials that an alignment cannot change in place.

    Parameters
    ----------
    alignment : Alignment
        The alignment that gets them, for the message.
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV), which may be an array of the user.

    Yields
    ------
    ndarray, shape (n_trials, n_chans, n_times)
        A read-only view.

    Raises
    ------
    ConfigError
        When the alignment tries to change them.
    """
    trials = X.view()
    trials.flags.writeable = False
    try:
        yield trials
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise ConfigError(
            f"alignment {type(alignment).__name__}: expected methods that leave X unchanged; got a "
            "change in place, such as `X *= 2`. Assign the result to a new array: `Z = 2 * X`."
        ) from error


def check_finite(alignment: Alignment, aligned: NDArray[Any]) -> None:
    """Raise unless aligned trials are finite.

    Parameters
    ----------
    alignment : Alignment
        The alignment that produced them, for the message.
    aligned : ndarray, shape (n_trials, ...)
        Aligned trials.

    Raises
    ------
    ConfigError
        With the number of trials that are not.
    """
    if not np.isfinite(aligned.sum(dtype=np.float64)) and not np.isfinite(aligned).all():
        n_bad = int((~np.isfinite(aligned)).reshape(len(aligned), -1).any(axis=1).sum())
        raise _broken(alignment, "finite values", f"{n_bad} trials with NaN or infinity")


def _broken(alignment: Alignment, expected: str, got: str) -> ConfigError:
    name = type(alignment).__name__
    return ConfigError(f"alignment {name}: transform must return {expected}; got {got}.")
