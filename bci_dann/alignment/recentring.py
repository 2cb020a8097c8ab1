"""Re-centring: a reference covariance for every domain, and a pooled one for unseen domains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from bci_dann._arrays import chunks
from bci_dann.alignment.artefacts import suppress_artefacts
from bci_dann.alignment.interface import Alignment
from bci_dann.alignment.outlying_directions import with_usual_amplitudes
from bci_dann.alignment.result_cache import ResultCache
from bci_dann.alignment.running_reference import PRIOR_TRIALS, RunningReference
from bci_dann.alignment.whitening import inverse_square_root
from bci_dann.exceptions import DataError

__all__ = ["Recentring", "SignalWhitening", "domain_names"]

# A reference from fewer trials than this is shrunk towards that of the same subject's other
# domains. Empirical, on sessions of MI-OpenBCI and of simulated data cut to 2 to 14 trials: a
# remaining difference between sessions does more harm than errors of a mean over 6 trials, since
# a decoder that looks for clusters takes two sessions for two classes. If sessions are similar, as
# in MI-OpenBCI, and the predicted trials are not those of the mean, 20 is slightly better.
ENOUGH_TRIALS = 6


class Recentring(Alignment, BaseEstimator):
    """Re-centre every domain by its own reference, and unseen domains by a pooled one.

    A subclass defines the reference (``_reference``, ``_pooled``) and how trials are whitened by
    it (``_whiten``). Use it inside an estimator, not before one: as a separate pipeline step it
    never sees the target trials that an evaluation passes to ``fit``.

    Attributes
    ----------
    references_ : dict of str to ndarray, shape (n_chans, n_chans)
        The reference of each domain given to :meth:`fit` or :meth:`extend`.
    fallback_ : ndarray, shape (n_chans, n_chans)
        The reference for trials of an unseen domain: the mean over the trials of the last call of
        :meth:`fit` or :meth:`extend`, so over the sources until a target has been seen, and over
        the target afterwards.

    See Also
    --------
    EuclideanAlignment : References are arithmetic means of covariances.
    RiemannianAlignment : References are Riemannian means of covariances.
    Alignment : The interface, also for alignments without reference matrices.

    Examples
    --------
    A learned domain has its own reference, an unseen one the pooled reference:

    >>> import numpy as np
    >>> from bci_dann.alignment import EuclideanAlignment
    >>> X = np.random.default_rng(0).normal(0, 10, (40, 3, 128))
    >>> domains = np.repeat(["1/0", "2/0"], 20)
    >>> alignment = EuclideanAlignment().fit(X, domains)
    >>> alignment.domains_
    ['1/0', '2/0']
    >>> unseen = alignment.transform(X[:1], ["3/0"])  # by the pooled reference
    >>> np.allclose(unseen, alignment.transform(X[:1], ["1/0"]))
    False
    """

    references_: dict[str, NDArray[np.float64]]
    fallback_: NDArray[np.float64]
    # The session whose reference `update` moves, and how far it has been moved.
    _running: RunningReference | None = None

    def fit(self, X: NDArray[Any], domains: ArrayLike | None = None) -> Self:
        """Compute the references of the source domains.

        Parameters
        ----------
        X : ndarray, shape (n_trials, ...)
            Trials.
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial; one domain for all where it is not given.

        Returns
        -------
        Recentring
            ``self``.
        """
        return self.set_references(*self._references(X, domains))

    def set_references(
        self, names: Sequence[str], references: Sequence[NDArray[Any]], counts: NDArray[np.int_]
    ) -> Self:
        """Set references of the source domains that were computed elsewhere; see :meth:`fit`.

        Parameters
        ----------
        names : sequence of str
            The domains.
        references : sequence of ndarray, shape (n_chans, n_chans)
            The reference of each domain.
        counts : ndarray of int, shape (n_domains,)
            Number of trials of each domain.

        Returns
        -------
        Recentring
            ``self``.
        """
        self.references_ = dict(zip(names, references, strict=True))
        self.fallback_ = self._pooled(references, counts)
        self._running = None
        return self

    def extend(self, X: NDArray[Any], domains: ArrayLike | None = None) -> Self:
        """Add the references of further domains, and make their mean the fallback.

        The reference of a domain with fewer than 6 trials, such as a session that has just begun,
        is averaged with the mean over all domains of the call; that mean has the weight of the
        trials that are missing to 6.

        Parameters
        ----------
        X : ndarray, shape (n_trials, ...)
            Trials of the new domains, such as the target's.
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial.

        Returns
        -------
        Recentring
            ``self``.
        """
        return self.add_references(*self._references(X, domains))

    def add_references(
        self, names: Sequence[str], references: Sequence[NDArray[Any]], counts: NDArray[np.int_]
    ) -> Self:
        """Add references that were computed elsewhere; see :meth:`extend`.

        Parameters
        ----------
        names : sequence of str
            The domains.
        references : sequence of ndarray, shape (n_chans, n_chans)
            The reference of each domain.
        counts : ndarray of int, shape (n_domains,)
            Number of trials of each domain.

        Returns
        -------
        Recentring
            ``self``.
        """
        self._running = None
        self.fallback_ = self._pooled(references, counts)
        shares = np.stack([counts, np.maximum(ENOUGH_TRIALS - counts, 0)], axis=1)
        self.references_.update(
            (name, self._pooled([reference, self.fallback_], share) if share[1] else reference)
            for name, reference, share in zip(names, references, shares, strict=True)
        )
        return self

    @property
    def is_incremental(self) -> bool:
        """Whether references can be updated trial by trial; see :meth:`Alignment.update`."""
        return self._metric() is not None

    def update(self, X: NDArray[Any], domain: str) -> Self:
        """Move the reference of a domain towards one trial, and make it the fallback.

        The step size is ``max(1 / n, 0.05)``, where ``n`` counts the trials of the domain so far,
        plus two for the initial reference. That is the domain's own reference where it was learned
        before, else that of the previous domain, or, for a new subject, the fallback, scaled to the
        median power of its first five trials. See :mod:`bci_dann.alignment.running_reference`.

        Parameters
        ----------
        X : ndarray, shape (1, ...)
            The next trial.
        domain : str
            Its domain.

        Returns
        -------
        Recentring
            ``self``.
        """
        return self.update_with_covariance(self._covariance(X), domain)

    def update_with_covariance(  # numpydoc ignore=PR01,RT01
        self, covariance: NDArray[np.float64], domain: str, cache: ResultCache | None = None
    ) -> Self:
        """Update by the covariance of a trial (µV²); see :meth:`update`."""
        reference = self.references_.get(domain, self.fallback_)
        running = self._running_of(domain)
        self._running, moved = running.step(reference, covariance, self._metric() or "", cache)
        self.references_ = {**self.references_, domain: moved}
        self.fallback_ = moved
        return self

    def _running_of(self, domain: str) -> RunningReference:
        """Return how far the reference of a domain has been updated."""
        running = self._running
        if running is not None and running.domain == domain:
            return running
        if running is None and domain not in self.references_:
            return RunningReference.of_new_subject(domain, self.fallback_)
        return RunningReference(domain, PRIOR_TRIALS)  # learned before, or a further session

    def transform(self, X: NDArray[Any], domains: ArrayLike | None = None) -> NDArray[Any]:
        """Re-centre trials by the frozen references.

        Parameters
        ----------
        X : ndarray, shape (n_trials, ...)
            Trials.
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial. Trials of an unseen domain, and trials without a
            domain, get the fallback.

        Returns
        -------
        ndarray, shape (n_trials, ...)
            Re-centred trials, without unit.
        """
        centred = self._empty(X)
        self.transform_into(X, domains, centred)
        return centred

    def transform_into(self, X: NDArray[Any], domains: ArrayLike | None, out: NDArray[Any]) -> None:
        """Write re-centred trials into ``out``, shape (n_trials, ...); see :meth:`transform`."""
        check_is_fitted(self)
        if domains is None:
            self._whiten(X, self.fallback_, out, np.arange(len(X)))
            return
        names = domain_names(domains, len(X))
        for name in np.unique(names):
            reference = self.references_.get(str(name), self.fallback_)
            self._whiten(X, reference, out, np.flatnonzero(names == name))

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return the references as arrays; see :meth:`Alignment.to_arrays`."""
        nothing = np.empty((0, *self.fallback_.shape))
        references = np.stack(list(self.references_.values())) if self.references_ else nothing
        arrays = {"references": references, "fallback": self.fallback_}
        if self._running is not None:
            place = self.domains_.index(self._running.domain)
            arrays["running"] = np.array([place, *self._running.to_array()])
            arrays["outlying_share"] = np.array(self._running.outlying_share)
        return arrays

    def from_arrays(self, domains: list[str], arrays: dict[str, NDArray[np.float64]]) -> Self:
        """Restore the references; see :meth:`Alignment.from_arrays`."""
        self.references_ = dict(zip(domains, arrays["references"], strict=True))
        self.fallback_ = arrays["fallback"]
        self._running = None
        if "running" in arrays:
            place, *progress = arrays["running"].tolist()
            share = arrays.get("outlying_share", np.zeros(1)).item()  # older models have none
            self._running = RunningReference.from_array(
                domains[int(place)], np.array(progress), share
            )
        return self

    @property
    def domains_(self) -> list[str]:
        """The learned domains, in the order of learning; see :meth:`from_arrays`."""
        return list(self.references_)

    def shape_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the trial's own shape; see :meth:`Alignment.shape_of`."""
        return shape

    def _references(
        self, X: NDArray[Any], domains: ArrayLike | None
    ) -> tuple[list[str], list[NDArray[np.float64]], NDArray[np.int_]]:
        """Return the domains, their references, and their numbers of trials."""
        names = domain_names(domains, len(X))
        unique, counts = np.unique(names, return_counts=True)
        references = [self._reference(X[names == name]) for name in unique]
        return unique.tolist(), references, counts

    def _empty(self, X: NDArray[Any]) -> NDArray[Any]:
        return np.empty(X.shape)

    def _reference(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return the reference of a domain's trials."""
        raise NotImplementedError

    def _covariance(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return the covariance of one trial."""
        raise NotImplementedError

    def _metric(self) -> str | None:
        """Return the metric of :meth:`update`: ``riemannian``, ``euclidean``, or None."""
        return None

    def _pooled(
        self, references: Sequence[NDArray[np.float64]], counts: NDArray[np.int_]
    ) -> NDArray[np.float64]:
        """Return the mean of references, weighted by the numbers of trials behind them."""
        raise NotImplementedError

    def _whiten(
        self,
        X: NDArray[Any],
        reference: NDArray[np.float64],
        out: NDArray[Any],
        where: NDArray[np.intp],
    ) -> None:
        """Write the trials at ``where``, whitened by a reference, into ``out``."""
        raise NotImplementedError


class SignalWhitening(Recentring):
    """Re-centring of the signals themselves: ``R^(-1/2) X_i``, as float32.

    Parameters
    ----------
    robust : bool
        Whether artefacts of each trial are first suppressed, in the reference and in the whitened
        signals, see :mod:`bci_dann.alignment.artefacts`, and outlying directions have no influence
        on the reference; see :mod:`bci_dann.alignment.outlying_directions`.
    """

    robust: bool = False  # also where a subclass has a constructor of its own

    def __init__(self, robust: bool = False) -> None:
        self.robust = robust

    def _without_artefacts(self, X: NDArray[Any]) -> NDArray[Any]:
        return suppress_artefacts(X) if self.robust else X

    def _covariances(self, X: NDArray[Any]) -> NDArray[np.float64]:
        covariances = np.empty((len(X), X.shape[1], X.shape[1]))
        for part in chunks(len(X)):  # copies of all trials may not fit into memory
            wide = np.asarray(self._without_artefacts(X[part]), dtype=np.float64)
            covariances[part] = wide @ wide.swapaxes(1, 2) / X.shape[2]
        return covariances

    def _covariance(self, X: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(self._covariances(X)[0])

    def _empty(self, X: NDArray[Any]) -> NDArray[Any]:
        return np.empty(X.shape, dtype=np.float32)

    def _whiten(
        self,
        X: NDArray[Any],
        reference: NDArray[np.float64],
        out: NDArray[Any],
        where: NDArray[np.intp],
    ) -> None:
        whitening = inverse_square_root(reference)
        for index in where:  # one by one: copies of all trials may not fit into memory
            (trial,) = self._without_artefacts(X[index : index + 1])
            trial = np.asarray(trial, dtype=np.float64)
            whitened = whitening @ trial
            if self.robust:
                whitened = with_usual_amplitudes(whitened, trial, np.diagonal(reference))
            out[index] = whitened


def domain_names(domains: ArrayLike | None, n_trials: int) -> NDArray[np.str_]:
    """Return the domain of each trial as text.

    Parameters
    ----------
    domains : array-like, shape (n_trials,), or None
        The domain of each trial; ``None`` puts all trials into one unnamed domain.
    n_trials : int
        Number of trials.

    Returns
    -------
    ndarray of str, shape (n_trials,)
        Empty strings where ``domains`` is ``None``.

    Raises
    ------
    DataError
        When the numbers differ.
    """
    if domains is None:
        return np.repeat("", n_trials)
    names = np.asarray(domains).astype(str)
    if names.shape != (n_trials,):
        raise DataError(f"domains must have shape ({n_trials},); got {names.shape}.")
    return names
