"""Base class of every method: a classifier that can use unlabelled trials of the target."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from bci_dann._threads import method_threads
from bci_dann._validation import check_between
from bci_dann.alignment import Alignment, ResultCache
from bci_dann.components import resolve
from bci_dann.data.signal_checks import silent_trials
from bci_dann.estimators.inputs.array_checks import checked_probabilities
from bci_dann.estimators.inputs.domain_alignment import (
    align,
    align_and_concatenate,
    check_covariances,
    extend_alignment,
    fit_alignment,
    with_own_domains,
)
from bci_dann.estimators.inputs.input_validation import read_for_learning, read_for_prediction
from bci_dann.estimators.inputs.labels import encode_source_labels, encode_target_labels
from bci_dann.estimators.inputs.training_trials import TrainingTrials, UnalignedTrials
from bci_dann.estimators.new_subject.adapting import SubjectAdaptation
from bci_dann.estimators.new_subject.scoring import Scoring
from bci_dann.estimators.saving import Saving
from bci_dann.exceptions import DataError

__all__ = ["TransferClassifier"]


class TransferClassifier(SubjectAdaptation, Saving, Scoring, ClassifierMixin, BaseEstimator):
    """Base class of all methods: reads input, aligns domains, encodes labels, saves and loads.

    A subclass has the parameter ``alignment`` and implements :meth:`fit_aligned` and
    :meth:`predict_proba_aligned`. It may override :meth:`adapt_aligned`,
    :meth:`partial_adapt_aligned`, :meth:`make_alignment`, :meth:`check_parameters`, and, for fitted
    values other than arrays and numbers, :meth:`to_state` and :meth:`from_state`.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        The class names.
    n_features_in_ : int
        Number of channels, or of features for plain vectors.
    n_times_ : int or None
        Number of samples in a trial; ``None`` for plain vectors.
    alignment_ : Alignment or None
        The fitted alignment.
    domains_ : list of str
        The domains of the alignment, in the order in which they were learned.
    has_seen_target_ : bool
        Whether trials of a target were seen, in ``fit`` or ``adapt``.
    ch_names_ : list of str or None
        Channel names, where the training data have them.
    sfreq_ : float or None
        Sampling frequency (Hz), where it is known.

    See Also
    --------
    NetworkClassifier : A method with a network.
    ShallowClassifier : A short implementation, to read first.
    bci_dann.alignment.Alignment : The interface of alignments.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from bci_dann import TransferClassifier, load_dataset
    >>> class PowerClassifier(TransferClassifier):
    ...     def __init__(self, alignment="euclidean"):
    ...         self.alignment = alignment
    ...
    ...     def fit_aligned(self, trials):
    ...         known = trials.labelled()
    ...         self.model_ = LogisticRegression().fit(known.X.var(axis=2), known.labels)
    ...
    ...     def predict_proba_aligned(self, X):
    ...         return self.model_.predict_proba(X.var(axis=2))
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> new = trials.subjects == "3"
    >>> model = PowerClassifier().fit(trials[~new], trials[~new].y)
    >>> model.adapt(trials[new].unlabelled()).predict(trials[new]).shape
    (20,)
    """

    # Arguments of `fit` for MOABB's transfer protocols and scikit-learn's metadata routing.
    __metadata_request__fit: ClassVar[dict[str, bool]] = {
        "subjects": True,
        "X_target_unlabeled": True,
        "X_target_labeled": True,
        "y_target_labeled": True,
    }

    alignment: Any
    classes_: NDArray[Any]
    n_features_in_: int
    n_times_: int | None
    alignment_: Alignment | None
    domains_: list[str]
    has_seen_target_: bool
    ch_names_: list[str] | None
    sfreq_: float | None
    # Set by `use_cache`; neither a parameter nor saved.
    _cache: ResultCache | None = None

    def fit(
        self,
        X: Any,
        y: ArrayLike,
        subjects: ArrayLike | None = None,
        X_target_unlabeled: Any = None,
        X_target_labeled: Any = None,
        y_target_labeled: ArrayLike | None = None,
    ) -> Self:
        """Train on labelled source trials, and on trials of the target where they are given.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Source trials (µV); or plain vectors ``(n_samples, n_features)``.
        y : array-like, shape (n_trials,)
            Source labels.
        subjects : array-like, shape (n_trials,), optional
            The subject of each source trial, for arrays. Epochs and EEGTrials contain subjects and
            sessions.
        X_target_unlabeled : like ``X``, optional
            Trials of the new subject, without labels.
        X_target_labeled, y_target_labeled : like ``X`` and ``y``, optional
            A few trials of the new subject with labels; they are part of the label loss.

        Returns
        -------
        Self
            The fitted estimator.

        Raises
        ------
        DataError
            When the inputs do not match each other, or the signals cannot be EEG in microvolt.
        ConfigError
            When a parameter is invalid.
        """
        target = (X_target_unlabeled, X_target_labeled, y_target_labeled)
        try:
            with method_threads(self.trains_network):
                self.fit_aligned(self.training_trials(X, y, subjects, *target))
        except BaseException:
            self.forget()
            raise
        return self

    def training_trials(
        self,
        X: Any,
        y: ArrayLike,
        subjects: ArrayLike | None = None,
        X_target_unlabeled: Any = None,
        X_target_labeled: Any = None,
        y_target_labeled: ArrayLike | None = None,
    ) -> TrainingTrials:
        """Check the arguments of :meth:`fit`, fit the alignment, and align all trials.

        Parameters
        ----------
        X, y, subjects, X_target_unlabeled, X_target_labeled, y_target_labeled : array-like
            As for :meth:`fit`.

        Returns
        -------
        TrainingTrials
            All trials, as input of :meth:`fit_aligned`.

        Raises
        ------
        DataError, ConfigError
            As :meth:`fit`.
        """
        self.check_parameters()
        self._reset_online_state()
        source = read_for_learning(self, X, y, subjects, reset=True)
        self.classes_, labels = encode_source_labels(y)
        parts = [UnalignedTrials(source, labels, is_target=False)]
        if X_target_labeled is None and y_target_labeled is not None:
            raise DataError("y_target_labeled came without X_target_labeled: give both.")
        if X_target_labeled is not None:
            target = read_for_learning(self, X_target_labeled)
            labels = encode_target_labels(y_target_labeled, self.classes_, len(target.X))
            parts.append(UnalignedTrials(target, labels, is_target=True))
        if X_target_unlabeled is not None:
            target = read_for_learning(self, X_target_unlabeled)
            parts.append(UnalignedTrials.unlabelled_target(target))
        parts, self.has_seen_target_ = with_own_domains(parts), len(parts) > 1
        self.domains_, self.alignment_ = [], self.make_alignment()
        if self.alignment_ is not None:
            n_bytes = sum(part.signals.X.nbytes for part in parts)
            self.alignment_.cache = self._cache or ResultCache.for_trials(n_bytes)
            self.domains_ = fit_alignment(self.alignment_, parts[0])
            self.domains_ = extend_alignment(self.alignment_, self.domains_, parts[1:])
        trials = align_and_concatenate(parts, self.alignment_)
        self.release_cache()  # it may be as large as the trials
        return trials

    def check_parameters(self) -> None:
        """Raise on invalid parameters.

        A run calls it for every pipeline before training; a subclass adds its own checks.

        Raises
        ------
        ConfigError
            With the accepted values.
        """
        check_covariances(resolve("alignment", self.alignment), self.reads_covariances)
        if getattr(self, "sfreq", None) is not None:
            check_between("sfreq", self.sfreq, 0.0, math.inf)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return class probabilities.

        A warning is given where the model was not adapted to the subject.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV). A known domain is aligned by its own reference, any other by the pooled
            reference of the target, or of the sources where no target was seen. Prediction does
            not change references.

        Returns
        -------
        ndarray, shape (n_trials, n_classes)
            In the order of ``classes_``. A trial without signal has equal probabilities.
        """
        check_is_fitted(self)
        signals = read_for_prediction(self, X)
        self.warn_if_unadapted(signals)
        with method_threads(self.trains_network):
            silent = silent_trials(signals.X)
            if not silent.any():
                return self.predict_proba_checked(signals.X, signals.domains)
            probabilities = np.full((len(silent), len(self.classes_)), 1.0 / len(self.classes_))
            domains = None if signals.domains is None else signals.domains[~silent]
            if not silent.all():
                probabilities[~silent] = self.predict_proba_checked(signals.X[~silent], domains)
            return probabilities

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each trial.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV); see :meth:`predict_proba`.

        Returns
        -------
        ndarray, shape (n_trials,)
            Class names.
        """
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def fit_aligned(self, trials: TrainingTrials) -> None:
        """Learn from aligned trials; every subclass implements it.

        Parameters
        ----------
        trials : TrainingTrials
            All trials; their array may be overwritten.
        """
        raise NotImplementedError

    def predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the class probabilities of aligned trials; every subclass implements it.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features)
            Aligned trials.

        Returns
        -------
        ndarray, shape (n_trials, n_classes)
            Rows of sum 1, in the order of ``classes_``.
        """
        raise NotImplementedError

    def predict_proba_checked(
        self, X: NDArray[np.float32], domains: NDArray[np.str_] | None
    ) -> NDArray[np.float64]:
        """Return the class probabilities of trials that were read and checked, but not yet aligned.

        A subclass may override it where it also needs the trials before alignment.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features)
            Trials (µV), each of which holds a signal.
        domains : ndarray of str, shape (n_trials,), or None
            The domain of each trial.

        Returns
        -------
        ndarray, shape (n_trials, n_classes)
            Rows of sum 1, in the order of ``classes_``.
        """
        values = self.predict_proba_aligned(align(self.alignment_, X, domains))
        return checked_probabilities(values, (len(X), len(self.classes_)), type(self).__name__)

    def make_alignment(self) -> Alignment | None:
        """Return an unfitted alignment for the kind of trials that :meth:`fit` has read.

        Returns
        -------
        Alignment or None
            ``None`` leaves trials as they are, as for plain vectors, which have no covariance.
        """
        if self.n_times_ is None:
            return None
        alignment: Alignment | None = resolve("alignment", self.alignment)
        return alignment

    def use_cache(self, cache: ResultCache | None) -> Self:
        """Share results that are computed from the trials of a domain with other estimators.

        Parameters
        ----------
        cache : ResultCache or None
            The cache of one run in one process; ``None`` stops sharing.

        Returns
        -------
        Self
            This estimator.
        """
        self._cache = cache
        return self

    def forget(self) -> None:
        """Make the estimator unfitted again."""
        self.__dict__.pop("classes_", None)
        self.release_cache()

    def read_aligned(self, X: Any) -> NDArray[np.float32]:
        """Read trials for prediction, and align them.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV).

        Returns
        -------
        ndarray, shape (n_trials, ...)
            Aligned trials, as input of the fitted method.
        """
        signals = read_for_prediction(self, X)
        return align(self.alignment_, signals.X, signals.domains)

    def release_cache(self) -> None:
        """Drop a cache that was made for one call of ``fit``."""
        alignment = getattr(self, "alignment_", None)
        if alignment is not None and self._cache is None:
            alignment.cache = None

    @property
    def abstains_below(self) -> float | None:
        """The probability below which :meth:`predict` abstains; ``None`` where it never does."""
        return None

    @property
    def sampling_rate(self) -> float | None:
        """The sampling frequency (Hz): ``sfreq``, or that of the trials; see :meth:`fit`."""
        given: float | None = getattr(self, "sfreq", None)
        return self.sfreq_ if given is None else given

    @property
    def aligned_shape(self) -> dict[str, int]:
        """``n_chans`` and ``n_times`` of an aligned trial, 1 for vectors; see :meth:`fit`."""
        shape: tuple[int, ...] = (self.n_features_in_, self.n_times_ or 1)
        if self.alignment_ is not None:
            shape = self.alignment_.shape_of(shape)
        shape = (*shape, 1) if len(shape) == 1 else shape
        return dict(zip(("n_chans", "n_times"), shape, strict=True))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classes_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
